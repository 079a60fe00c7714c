"""The main path: real videos + fake videos + protocol -> a measurement.

choose_clips   which clips, for every repeat           no pixel is read
extract        each clip once through the network      cached per video
STATISTICS     features -> a number, a repeat at a time
intervals      how far the number moves with other videos
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import Tensor

from evaluation.clips import Window, choose_clips
from evaluation.errors import BadVideoError, InputError
from evaluation.extractors import ClipExtractor
from evaluation.extrapolation import Extrapolation
from evaluation.features import Machinery, Recipe, extract
from evaluation.frechet import frechet_of_features
from evaluation.intervals import Interval
from evaluation.kernel import kernel_distance
from evaluation.protocol import EvalProtocol, SideChoice
from evaluation.videos.source import Skipped, VideoSource, without

Metric = Literal["fvd", "kvd"]
Statistic = Callable[[Tensor, Tensor], float]


@dataclass(frozen=True)
class Side:
    """One side of a comparison; `window.stride` may differ between the two."""

    source: VideoSource
    window: Window


@dataclass(frozen=True)
class Settings:
    """What a run fixes besides the protocol.

    Args:
        extractor: the frozen network.
        seed: repeat r draws its clips with seed + r, on both sides.
        resolution: side that frames are brought to first; None: as stored.
        on_error: "skip" leaves a video out that turns out to be broken, and lists it.
        machinery: cache, threads, progress.
    """

    extractor: ClipExtractor
    seed: int
    resolution: int | None
    on_error: Literal["fail", "skip"]
    machinery: Machinery


@dataclass(frozen=True)
class Draws:
    """Features of one side, a draw for each repeat.

    Args:
        side: as given, less the videos that were skipped.
        values: float32 [N,D] for each repeat.
        videos: name of each clip's video, for each repeat.
        used: indices of the videos that gave clips.
        computed: clips that went through the network.
    """

    side: Side
    values: Sequence[Tensor]
    videos: Sequence[Sequence[str]]
    used: Sequence[int]
    computed: int


@dataclass(frozen=True)
class Measurement:
    """A number, how sure it is, and the features' sides it came from.

    Args:
        values: as the protocol computes it, one a repeat.
        values_float64: the same with float64 statistics.
        interval: around the mean of `values_float64`.
        extrapolation: FVD with its small-sample bias removed; None for KVD, which has none.
    """

    metric: Metric
    values: tuple[float, ...]
    values_float64: tuple[float, ...]
    interval: Interval
    extrapolation: Extrapolation | None
    real: Draws
    fake: Draws


def measure(
    metric: Metric, real: Side, fake: Side, protocol: EvalProtocol, settings: Settings
) -> Measurement:
    """Measure `fake` against `real` as `protocol` says.

    Raises:
        InputError: the protocol has no such metric; too few or too short videos; a broken video
            where those are not skipped; mixed sizes.
    """
    published, exact = statistics(metric, protocol)
    real_draws = draw(real, protocol.real, protocol, settings)
    fake_draws = draw(fake, protocol.fake, protocol, settings)
    pairs = list(zip(real_draws.values, fake_draws.values, strict=True))
    exact_values = tuple(exact(*pair) for pair in pairs)
    return Measurement(
        metric=metric,
        values=exact_values if published is exact else tuple(published(*p) for p in pairs),
        values_float64=exact_values,
        interval=_interval(exact, exact_values, real_draws, fake_draws, settings.seed),
        extrapolation=_extrapolation(metric, exact, real_draws, fake_draws, settings.seed),
        real=real_draws,
        fake=fake_draws,
    )


def statistics(metric: Metric, protocol: EvalProtocol) -> tuple[Statistic, Statistic]:
    """The metric as the protocol publishes it, and in float64; one function where they are equal.

    Raises:
        InputError: the protocol does not have the metric.
    """
    if metric not in protocol.metrics:
        raise InputError(
            f"protocol {protocol.id} has no {metric}; it has {', '.join(protocol.metrics)}"
        )
    if metric == "fvd":
        options = protocol.frechet
        exact = options.model_copy(update={"square_root": "eigenvalues", "dtype": "float64"})
        as_published = partial(frechet_of_features, options=options)
        in_float64 = partial(frechet_of_features, options=exact)
        return (in_float64 if options.dtype == "float64" else as_published), in_float64
    if protocol.kernel is None:
        raise InputError(f"protocol {protocol.id} lists kvd and has no [kernel]")
    kernel = protocol.kernel
    as_published = partial(kernel_distance, options=kernel)
    in_float64 = partial(kernel_distance, options=kernel.model_copy(update={"dtype": "float64"}))
    return (in_float64 if kernel.dtype == "float64" else as_published), in_float64


def draw(side: Side, choice: SideChoice, protocol: EvalProtocol, settings: Settings) -> Draws:
    """Choose and extract the clips of one side, for every repeat; each clip is extracted once.

    Raises:
        InputError: as `measure`.
    """
    while True:
        try:
            return _draw(side, choice, protocol, settings)
        except BadVideoError as error:
            if settings.on_error == "fail":
                raise
            rest = without(side.source, Skipped(error.video, error.reason))
            side = Side(rest, side.window)


def _draw(side: Side, choice: SideChoice, protocol: EvalProtocol, settings: Settings) -> Draws:
    source = side.source
    choices = [
        choose_clips(source.names, source.frame_counts, side.window, choice, settings.seed + r)
        for r in range(protocol.repeats)
    ]
    if min(len(refs) for refs in choices) < 2:
        raise InputError(f"{source.name}: a distance needs 2 clips or more, there is 1")
    refs = sorted({ref for repeat in choices for ref in repeat})
    used = sorted({ref.video for ref in refs})
    if settings.resolution is None:
        _check_one_size(source, used)
    recipe = Recipe(
        extractor=settings.extractor,
        bn_eps=protocol.bn_eps,
        preprocess=protocol.preprocess,
        resize=protocol.resize,
        requantise=choice.requantise,
        resolution=settings.resolution,
    )
    features = extract(source, refs, side.window, recipe, settings.machinery)
    row = {ref: i for i, ref in enumerate(refs)}
    return Draws(
        side=side,
        values=[features.values[[row[ref] for ref in repeat]] for repeat in choices],
        videos=[[source.names[ref.video] for ref in repeat] for repeat in choices],
        used=used,
        computed=features.computed,
    )


def _check_one_size(source: VideoSource, used: Sequence[int]) -> None:
    by_size: dict[tuple[int, int], list[str]] = {}
    sizes = source.sizes()
    for video in used:
        by_size.setdefault(sizes[video], []).append(source.names[video])
    if len(by_size) > 1:
        found = "; ".join(
            f"{h}x{w}: {len(names)} (such as {names[0]})" for (h, w), names in by_size.items()
        )
        raise InputError(f"{source.name}: videos of mixed sizes: {found}; give --resolution")
