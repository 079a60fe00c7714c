"""Subjects of a plan from the features of a few videos."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leo_bench.benchmarks.planning.subjects import (
    Subject,
    difference_of,
    distance_pilot,
    unsure_of,
)
from leo_bench.evaluation.distances.influence import ClipFeatures, Form
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.feature_files.files import origin_of, read_features
from leo_bench.evaluation.feature_files.origin import Origin
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.files.given_files import shortened
from leo_bench.evaluation.metrics import DISTANCES
from leo_bench.evaluation.protocols.of_clips import EvalProtocol, form_of, load_protocol
from leo_bench.evaluation.records.influences import VideoInfluences, less
from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS
from leo_bench.evaluation.uncertainty.numbers import numbers_of
from leo_bench.evaluation.uncertainty.pilots import skew_of, with_bias

# What two files of features must have in common.
MADE_ALIKE = (
    "protocol_version",
    "frames",
    "resolution",
    "extractor",
    "weights_sha256",
    "precision",
)


@dataclass(frozen=True)
class FeaturePilots:
    """Features of a few videos, in files that `leo-bench features` wrote.

    Args:
        real: the real side.
        fakes: the fake side, of one model or of two.
        metric: a distance of clips.
        protocol: how it is computed.
        seed: decides, with the names, which videos form the halves.
    """

    real: Path
    fakes: Sequence[Path]
    metric: str
    protocol: str
    seed: int


def subject_of_features(given: FeaturePilots) -> Subject:
    """The distance of the fakes, or of the first fakes less that of the second.

    Raises:
        InputError: a file, the metric or the protocol cannot be used; fewer than MIN_VIDEOS videos
            on a side; neither one nor two fakes.
    """
    chosen = load_protocol(given.protocol)
    form = form_of(given.metric, chosen)
    if DISTANCES[given.metric].samples != "clips":
        raise InputError(
            f"{given.metric} is a distance of frames, and files of features are of clips: plan it "
            "from a record"
        )
    label = given.metric.upper() + _check_made_alike(given, chosen)
    real = read_features(given.real)
    found = [_of_features(given, label, (real, path), form, chosen) for path in given.fakes]
    if len(found) == 1:
        return found[0][0]
    if len(found) != 2:
        raise InputError(f"{len(found)} pilots of fakes: one is planned for, or two are compared")
    (mine, moves), (theirs, others) = found
    return difference_of(
        f"{mine.name} less that of {given.fakes[1]}", mine, theirs, less(moves, others)
    )


def _check_made_alike(given: FeaturePilots, protocol: EvalProtocol) -> str:
    """See that files which say how they were made agree -> frames of a clip, "" where none says.

    Raises:
        InputError: they do not agree with each other, or with the protocol.
    """
    frames = ""
    first: tuple[Path, Origin] | None = None
    for path in (given.real, *given.fakes):
        origin = origin_of(path)
        if origin is None:
            continue
        if origin.protocol != protocol.id:
            raise InputError(
                f"{path}: clips were chosen by protocol {origin.protocol}, not {protocol.id}"
            )
        first = first or (path, origin)
        frames = str(origin.frames)
        for field in MADE_ALIKE:
            mine, other = getattr(first[1], field), getattr(origin, field)
            if mine != other:
                raise InputError(
                    f"{path}: {field} is {shortened(other)}, and {shortened(mine)} in {first[0]}"
                )
    return frames


def _of_features(
    given: FeaturePilots,
    label: str,
    pair: tuple[ClipFeatures, Path],
    form: Form,
    chosen: EvalProtocol,
) -> tuple[Subject, VideoInfluences]:
    """The distance of one model, and the influences of the videos on it."""
    real, path = pair
    sides = (real, read_features(path))
    numbers = on_one_thread(lambda: numbers_of(form, [sides], given.seed, None))
    interval, influences = numbers.interval, numbers.influences
    if interval is None or influences is None:
        raise InputError(
            f"{given.real} and {path}: {min(len(set(side.videos)) for side in sides)} videos on "
            f"the smaller side; a pilot needs {MIN_VIDEOS}"
        )
    found, value = numbers.extrapolation, numbers.value_float64
    skew = skew_of(value, interval.low, interval.high, interval.standard_error)
    pilot = distance_pilot(value, influences, given.metric, skew)
    subject = Subject(
        name=f"{label} of {path}",
        label=label,
        metric=given.metric,
        pilot=pilot if found is None else with_bias(pilot, value - found.value),
        clips=(
            len(sides[0].videos) / len(set(sides[0].videos)),
            len(sides[1].videos) / len(set(sides[1].videos)),
        ),
        protocol=chosen,
        unsure=unsure_of(given.metric, None if found is None else found.reason),
    )
    return subject, influences
