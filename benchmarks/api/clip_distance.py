"""A distance between clips in memory, or between such clips and a source, and its record.

Clips in memory are measured as they are given: the protocol cannot choose among their videos, nor
draw them again in repeats. The record says what it would have done, and is not comparable.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from leo_bench.benchmarks.api.marks import SideInMemory, marked, marks
from leo_bench.benchmarks.api.results import DistanceResult
from leo_bench.benchmarks.scores.distance_record import record_of
from leo_bench.benchmarks.scores.plan import Plan, open_side, source_options
from leo_bench.benchmarks.scores.stamp import seconds_since
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import ClipExtractor, ExtractorRequest, build_extractor
from leo_bench.evaluation.features.of_clips import Resources, clip_features
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.files.schema import settings_digest
from leo_bench.evaluation.measure import (
    Measurement,
    Settings,
    Side,
    SideFeatures,
    draw,
    repeats_of,
)
from leo_bench.evaluation.protocols.of_clips import EvalProtocol, Loading, SideName, form_of
from leo_bench.evaluation.records.influences import beside_record
from leo_bench.evaluation.uncertainty.numbers import numbers_of
from leo_bench.evaluation.videos.frame_sizes import check_one_size, check_same_size
from leo_bench.evaluation.videos.remembered import RememberedVideos
from leo_bench.evaluation.videos.source import VideoSource, check_unchanged

LAYOUT = "tensors"  # `Medium.layout` of clips in memory

# Networks that are in use, so that those of one request are one.
_networks: WeakValueDictionary[ExtractorRequest, ClipExtractor] = WeakValueDictionary()


def shared_extractor(request: ExtractorRequest) -> ClipExtractor:
    """The extractor of a request, which all that hold it share; torch's random state stays.

    Raises:
        InputError: as `build_extractor`.
    """
    found = _networks.get(request)
    if found is None:
        device = torch.device(request.device)
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            found = build_extractor(request)
        _networks[request] = found
    return found


def recipe_digest(chosen: Plan, frames: int | None, reset_real_features: bool) -> Tensor:
    """Int64 [8] that differs where two metrics make other features of clips, or keep others.

    Args:
        chosen: the plan.
        frames: of every clip; None: as many as the first has.
        reset_real_features: see `VideoDistance`.
    """
    protocol, request = chosen.protocol, chosen.request
    loadings = [protocol.loading(side, LAYOUT) for side in get_args(SideName)]
    facts = [
        [(loading.resize, loading.choice.requantise) for loading in loadings],
        [protocol.preprocess, protocol.bn_eps, protocol.quantise, chosen.resolution],
        [chosen.network.name, chosen.network.files, request.weights, request.allow_unverified],
        [frames, request.float_range, reset_real_features],
    ]
    digest = bytes.fromhex(settings_digest(facts))
    return torch.tensor([int.from_bytes(digest[i : i + 4]) for i in range(0, len(digest), 4)])


@dataclass(frozen=True)
class MeasuredSide:
    """Features of one side.

    Args:
        name: which side.
        spec: the source, as records name it.
        features: their source can no longer be read.
        device: that computed them.
        in_memory: whether the clips were given, and not chosen from a source.
        has_floats: whether clips in memory hold floats.
    """

    name: SideName
    spec: str
    features: SideFeatures
    device: str
    in_memory: bool = False
    has_floats: bool = False

    @property
    def source(self) -> VideoSource:
        """The videos."""
        return self.features.side.source

    def loading(self, protocol: EvalProtocol) -> Loading:
        """How a protocol takes clips from these videos."""
        return protocol.loading(self.name, self.source.medium.layout)


def drawn_from(chosen: Plan, extractor: ClipExtractor, resources: Resources) -> MeasuredSide:
    """The real side, chosen from its source as the protocol does in its first repeat.

    Raises:
        InputError: the source cannot be opened or read, or has too few videos.
    """
    options = source_options(chosen.request, chosen.resolution, chosen.protocol, resources)
    spec = chosen.real.spec
    side = Side(open_side("real", spec, options), chosen.real.window, "real")
    settings = Settings(
        features_of=clip_features(extractor, chosen.protocol, chosen.resolution, resources),
        seed=chosen.request.seed,
        resolution=chosen.resolution,
        on_error=chosen.request.on_error,
        store=None,
    )
    loading = chosen.protocol.loading("real", side.source.medium.layout)
    try:
        drawn = draw(side, loading, chosen.protocol, settings)
    except InputError as error:
        raise InputError(f"add_real: {error}") from None
    check_unchanged(drawn.side.source, drawn.used)
    gone = RememberedVideos.of(drawn.side.source, drawn.used)
    gone = replace(gone, notes=(*gone.notes, *resources.news()))
    features = replace(drawn, side=replace(drawn.side, source=gone))
    return MeasuredSide("real", spec, features, extractor.device)


def value_of(chosen: Plan, real: MeasuredSide, fake: MeasuredSide) -> float:
    """The distance as the protocol publishes it.

    Raises:
        InputError: the sides do not fit each other.
    """
    _check(chosen, real, fake)
    form = form_of(chosen.request.metric, chosen.protocol)
    sides = [side.features.values[0] for side in (real, fake)]
    return on_one_thread(lambda: form.published(*sides))


def result_of(
    chosen: Plan,
    real: MeasuredSide,
    fake: MeasuredSide,
    extractor: ClipExtractor,
    began: float,
) -> DistanceResult:
    """The distance with its interval and record.

    Args:
        chosen: the plan.
        real: one side.
        fake: the other.
        extractor: that computed the features.
        began: `time.monotonic()` less the seconds that the features took.

    Raises:
        InputError: the sides do not fit each other.
    """
    _check(chosen, real, fake)
    real = _with_device(real, fake.device)
    form = form_of(chosen.request.metric, chosen.protocol)
    repeats = repeats_of(real.features, fake.features)
    numbers = numbers_of(form, repeats, chosen.request.seed, store=None)
    measured = Measurement(chosen.request.metric, form, numbers, real.features, fake.features)
    record = record_of(chosen, measured, extractor, seconds_since(began))
    caveats = [*_caveats(chosen, real), *_caveats(chosen, fake)]
    return DistanceResult(marked(record, caveats), beside_record(numbers.influences))


def _check(chosen: Plan, real: MeasuredSide, fake: MeasuredSide) -> None:
    """Frames of one size on both sides, unless the protocol resizes them."""
    of_real, of_fake = (
        side.loading(chosen.protocol).resolution(chosen.resolution) for side in (real, fake)
    )
    for side, resolution in ((real, of_real), (fake, of_fake)):
        if resolution is None:
            check_one_size(side.source, side.features.used)
    check_same_size(real.source, fake.source, of_real, of_fake)


def _caveats(chosen: Plan, side: MeasuredSide) -> Iterator[str]:
    """What the protocol could not choose of one side."""
    protocol, loading = chosen.protocol, side.loading(chosen.protocol)
    if side.in_memory:
        yield from marks(
            SideInMemory(
                name=side.name,
                source=side.source,
                used=side.features.used,
                clips=side.features.clips,
                window=side.features.side.window,
                choice=loading.choice,
                resize=loading.resize,
                resolution=chosen.resolution,
                protocol=protocol.id,
                rule=protocol.quantise if side.has_floats else "",
            )
        )
    repeats = chosen.published.repeats
    if side.name == "fake" and repeats > 1:
        yield f"clips in memory are measured once; protocol {protocol.id} draws {repeats} times"


def _with_device(side: MeasuredSide, other: str) -> MeasuredSide:
    """The side with a note if another device computed its features, which moves their last bits."""
    if side.device == other:
        return side
    note = f"features were computed on {side.device}, those of the other side on {other}"
    notes = (*side.features.notes, note)
    return replace(side, features=replace(side.features, notes=notes))
