"""`leo_bench.acd`, `drift` and `repetition`: scores of one set of videos beside the real ones."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, Unpack

from leo_bench.benchmarks.api.keywords import (
    NetworkKeywords,
    StrideKeywords,
    VideoKeywords,
    fields,
    resources,
    sides,
    takes,
)
from leo_bench.benchmarks.api.marks import SideInMemory, marked, marks
from leo_bench.benchmarks.api.results import ScoreResult
from leo_bench.benchmarks.api.sides import GivenSides, Videos
from leo_bench.benchmarks.scores.acd import acd_of
from leo_bench.benchmarks.scores.drift import drift_of, drift_request
from leo_bench.benchmarks.scores.plan import FramePlan, plan_frames
from leo_bench.benchmarks.scores.repetition import RepetitionRequest, measure_repetition
from leo_bench.benchmarks.scores.requests import FrameScoreRequest
from leo_bench.benchmarks.scores.score_record import MeasuredScore
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.identity.embedded_videos import SourceScore
from leo_bench.evaluation.records.score import files_beside


@takes(StrideKeywords)
def acd(
    real: Videos | None = None,
    fake: Videos | None = None,
    *,
    protocol: str | None = None,
    frames: int = 16,
    embedder: str | None = None,
    **keywords: Unpack[StrideKeywords],
) -> ScoreResult:
    """Average Content Distance: how much a person's appearance changes within a video.

    The mean distance between a video's frames in an embedding of identity. Lower is steadier, and a
    still video has 0, so read it beside that of the real videos.

    Args:
        real: as in `leo_bench.fvd`; None, without `dataset`: the fake videos are measured alone.
        fake: as in `leo_bench.fvd`; None: samples of the data set's LEO run, or none.
        protocol: id or .toml file of a frame protocol, such as "acd-face"; None: that of `dataset`.
        frames: of each video, from its first frame on.
        embedder: in the place of the protocol's.
        **keywords: see below.

    Returns:
        The score of the fake videos, its `difference` to that of the real ones, and theirs as
        `real`; of the real videos where no others are given.

    Raises:
        InputError: videos, options or weights cannot be used; one line says which and what to do.

    Example:
        >>> leo_bench.acd(real, fake, protocol="acd-toy", frames=20)
        ACD20 of fake = 0.98 [0.89, 1.06] (acd-toy v1, 8 videos; not comparable ...
    """
    given = sides(real, fake, keywords)
    asked = {"metric": "acd", "frames": frames, "protocol": protocol, "embedder": embedder}
    request = parse(FrameScoreRequest, asked | given.specs | fields(keywords), where="acd")
    chosen = _planned(request, given)
    return _result(acd_of(chosen, resources(keywords)), chosen, given)


@takes(NetworkKeywords)
def drift(
    real: Videos | None = None,
    fake: Videos | None = None,
    *,
    protocol: str | None = None,
    frames: int = 1024,
    every: int = 8,
    run: int = 32,
    share: float = 0.99,
    embedder: str | None = None,
    **keywords: Unpack[NetworkKeywords],
) -> ScoreResult:
    """Identity drift: the distance of each frame to the first one, as a curve over time.

    Real videos give the reference curve, and the threshold beyond which a video counts as broken.

    Args:
        real: as in `leo_bench.fvd`; None: `dataset` names them.
        fake: as in `leo_bench.fvd`; None: the real videos are measured alone.
        protocol: as in `acd`.
        frames: of each video, from its first frame on.
        every: embed every n-th frame.
        run: consecutive frames beyond the threshold that make a video broken.
        share: of the real videos' distances that lie below the threshold.
        embedder: in the place of the protocol's.
        **keywords: see below.

    Returns:
        As `acd`: the mean distance to the first frame; the curves are in `record.curves`, what is
        broken in `record.diagnostics`.

    Raises:
        InputError: as `acd`, or the numbers leave no curve.

    Example:
        >>> leo_bench.drift(real, fake, protocol="acd-toy", frames=20, every=4, run=8)
        DRIFT5 of fake = 0.98 [0.87, 1.10] (acd-toy v1, 8 videos; not comparable ...
    """
    given = sides(real, fake, keywords)
    asked = {"protocol": protocol, "embedder": embedder, "share": share}
    request = drift_request(frames, every, run, **(asked | given.specs | fields(keywords)))
    chosen = _planned(request, given)
    return _result(drift_of([chosen], resources(keywords)), chosen, given)


@takes(VideoKeywords)
def repetition(
    real: Videos,
    fake: Videos,
    *,
    frames: int = 512,
    signal: Literal["pixels", "codes"] = "pixels",
    animator: str | None = None,
    false_alarms: float = 0.05,
    null: Literal["real", "strangers"] = "real",
    segment: int = 24,
    gap: int = 0,
    calibration_videos: int = 64,
    count: int | None = None,
    **keywords: Unpack[VideoKeywords],
) -> ScoreResult:
    """Repeated motion: the share of videos in which motion comes back (Table 5 of the paper).

    Args:
        real: videos to calibrate on, as in `leo_bench.fvd`.
        fake: videos to measure, likewise.
        frames: of every video, from its first frame on; all must have as many.
        signal: what is compared: small grey pictures, or a LEO's motion codes.
        animator: the LEO that encodes, such as "leo:toy-bodies"; for signal="codes".
        false_alarms: share of videos that may be flagged under the null.
        null: what a repeat must exceed: repeats within real videos, or likeness between two.
        segment: length of a repeated segment in frames.
        gap: least number of frames between a segment and its repeat.
        calibration_videos: at most so many real videos are used, drawn by the seed.
        count: of samples of a `leo:` source that gives no count.
        **keywords: see below.

    Returns:
        The share of the fake videos; `write` lays all repeats beside the record (.repeats.csv).

    Raises:
        InputError: videos or options cannot be used; one line says which and what to do.

    Example:
        >>> leo_bench.repetition(waves(24, 0.2, 3), waves(8, 0.6, 4), frames=20, segment=6)
        REPETITION20 of fake = 1.00 [0.68, 1.00] (repetition-pixels v2, 8 videos; not comparable ...
    """
    given = sides(real, fake, keywords)
    if given.real is None or given.fake is None:
        raise InputError("give both sides: real videos to calibrate on, and fake ones to measure")
    settings = {"segment": segment, "gap": gap, "false_alarms": false_alarms, "null": null}
    asked = {
        "sources": [given.fake.spec],
        "calibrate": given.real.spec,
        "frames": frames,
        "signal": signal,
        "animator": animator,
        "settings": settings,
        "calibration_videos": calibration_videos,
        "count": count,
    }
    request = parse(RepetitionRequest, asked | fields(keywords), where="repetition")
    (found,) = measure_repetition(request, resources(keywords), given.openers)
    return ScoreResult(found.record, beside=_beside(found))


def _planned(request: FrameScoreRequest, given: GivenSides) -> FramePlan:
    chosen = plan_frames(request)
    return replace(
        chosen,
        real=None if chosen.real is None else given.opened_by(chosen.real),
        fake=None if chosen.fake is None else given.opened_by(chosen.fake),
    )


def _result(
    found: Sequence[MeasuredScore[Any]], chosen: FramePlan, given: GivenSides
) -> ScoreResult:
    """The last side's score, and that of the real side behind it."""
    result = None
    for one in found:
        record = marked(one.record, list(_marks(one, chosen, given)))
        result = ScoreResult(record, result, _beside(one))
    if result is None:
        raise InputError("give videos: real, fake or dataset")
    return result


def _marks(
    found: MeasuredScore[SourceScore[Any]],
    chosen: FramePlan,
    given: GivenSides,
) -> Iterator[str]:
    """The caveats of a side that was in memory."""
    name = found.record.side
    side = given.in_memory(name)
    planned = chosen.real if name == "real" else chosen.fake
    if side is None or planned is None:
        return
    protocol, measured = chosen.protocol, found.measured
    yield from marks(
        SideInMemory(
            name=name,
            source=measured.source,
            used=measured.seen,
            clips=len(measured.seen),
            window=planned.window,
            choice=protocol.videos,
            resize=protocol.resize,
            resolution=chosen.resolution,
            protocol=protocol.id,
            rule=protocol.quantise if side.has_floats else "",
        )
    )


def _beside(found: MeasuredScore[Any]) -> dict[str, bytes]:
    return files_beside(found.record, found.measured.by_video, found.beside)
