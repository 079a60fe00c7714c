"""Features to numbers: the value of every repeat, the interval, FVD∞; remembered by what went in.

Two forms of each metric: as the protocol publishes it, and in float64, which everything else rests
on. Where the protocol is in float64 the two are one.
"""

import hashlib
import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from leo_bench.evaluation.distances.frechet import FrechetOptions, frechet_of_features
from leo_bench.evaluation.distances.kernel import KernelOptions, kernel_distance
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.devices import hardware
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.protocols.of_clips import EvalProtocol, list_protocols
from leo_bench.evaluation.records.influences import VideoInfluences
from leo_bench.evaluation.uncertainty.extrapolation import Extrapolation, extrapolate
from leo_bench.evaluation.uncertainty.frame_influence import (
    frechet_of_frames,
    frechet_statistic_of_frames,
)
from leo_bench.evaluation.uncertainty.influence import (
    ClipFeatures,
    FrechetStatistic,
    WeightedStatistic,
    frechet_statistic,
    kernel_statistic,
    mean_of,
)
from leo_bench.evaluation.uncertainty.intervals import (
    MIN_VIDEOS,
    Interval,
    VarianceEstimate,
    cautious_interval,
    interval_around,
    spread_of_mean,
)

Metric = Literal["fvd", "kvd", "fid"]
Repeat = tuple[ClipFeatures, ClipFeatures]  # real, fake

LEVEL = 0.95

# Raise when any statistic could give another number from the same features.
STATISTICS_VERSION = 2


@dataclass(frozen=True)
class Form:
    """A metric as one protocol computes it.

    Args:
        published: (real [N,D], fake [M,D]) -> the protocol's number.
        exact: the same in float64.
        weighted: the same in float64 as a function of the videos' weights.
        options: what of the protocol it depends on, for the cache.
    """

    metric: Metric
    published: Callable[[Tensor, Tensor], float]
    exact: Callable[[Tensor, Tensor], float]
    weighted: Callable[[ClipFeatures, ClipFeatures], WeightedStatistic]
    options: FrechetOptions | KernelOptions

    @property
    def in_float64(self) -> bool:
        """Whether the published form is the exact one."""
        return self.options.dtype == "float64"


@dataclass(frozen=True)
class Numbers:
    """What a set of features says.

    Args:
        values: as the protocol computes it, one a repeat.
        values_float64: the same in float64.
        interval: around the mean of `values_float64`, for the mean over repeats with other videos;
            None with fewer than MIN_VIDEOS videos on a side.
        extrapolation: the mean with its small-sample bias removed; None for KVD, which has none,
            and where there is no interval.
        influences: of the videos on the mean; None where there is no interval.
    """

    values: tuple[float, ...]
    values_float64: tuple[float, ...]
    interval: Interval | None
    extrapolation: Extrapolation | None
    influences: VideoInfluences | None

    @property
    def value(self) -> float:
        """The mean over repeats of the published form."""
        return statistics.fmean(self.values)

    @property
    def value_float64(self) -> float:
        """The mean over repeats in float64."""
        return statistics.fmean(self.values_float64)

    @property
    def spread(self) -> float | None:
        """Standard deviation over repeats (ddof 0, as np.std); None with one repeat."""
        return statistics.pstdev(self.values) if len(self.values) > 1 else None


def check_metric(metric: Metric, protocol: EvalProtocol) -> None:
    """See that a protocol has a metric.

    Raises:
        InputError: it has not; the message names the protocols that have.
    """
    if metric not in protocol.metrics:
        having = [known.id for known in list_protocols() if metric in known.metrics]
        raise InputError(
            f"protocol {protocol.id} has no {metric}; it has {', '.join(protocol.metrics)}; "
            f"{metric} is in {', '.join(having)}"
        )


def form_of(metric: Metric, protocol: EvalProtocol) -> Form:
    """The metric as the protocol computes it.

    Raises:
        InputError: the protocol does not have the metric.
    """
    check_metric(metric, protocol)
    if metric == "fvd":
        frechet = protocol.frechet
        exact = frechet.model_copy(update={"square_root": "eigenvalues", "dtype": "float64"})
        return Form(
            metric,
            published=partial(frechet_of_features, options=frechet),
            exact=partial(frechet_of_features, options=exact),
            weighted=partial(frechet_statistic, correction=frechet.correction),
            options=frechet,
        )
    if metric == "fid":
        of_frames = partial(frechet_of_frames, correction=protocol.frechet.correction)
        return Form(
            metric,
            published=of_frames,
            exact=of_frames,
            weighted=partial(frechet_statistic_of_frames, correction=protocol.frechet.correction),
            options=protocol.frechet,
        )
    if protocol.kernel is None:
        raise InputError(f"protocol {protocol.id} lists kvd but has no [kernel]")
    kernel = protocol.kernel
    return Form(
        metric,
        published=partial(kernel_distance, options=kernel),
        exact=partial(kernel_distance, options=kernel.model_copy(update={"dtype": "float64"})),
        weighted=partial(kernel_statistic, options=kernel),
        options=kernel,
    )


def numbers_of(
    form: Form, repeats: Sequence[Repeat], seed: int, store: FeatureStore | None
) -> Numbers:
    """Every number of these features, from the cache where they were computed before.

    Raises:
        InputError: features that a distance cannot be computed from.
    """
    adapter = TypeAdapter(Numbers)
    key = _key(form, repeats, seed)
    kept = None if store is None else store.read_numbers(key)
    if kept is not None:
        try:
            return adapter.validate_json(kept)
        except ValidationError:
            pass
    # Sums of float64 round otherwise on two threads than on one, float32 visibly so.
    numbers = on_one_thread(lambda: _numbers(form, repeats, seed))
    if store is not None:
        store.write_numbers(key, adapter.dump_json(numbers))
    return numbers


def _numbers(form: Form, repeats: Sequence[Repeat], seed: int) -> Numbers:
    exact = tuple(form.exact(real.values, fake.values) for real, fake in repeats)
    published = (
        exact
        if form.in_float64
        else tuple(form.published(real.values, fake.values) for real, fake in repeats)
    )
    if min(len(set(side.videos)) for repeat in repeats for side in repeat) < MIN_VIDEOS:
        return Numbers(published, exact, None, None, None)
    distances = [form.weighted(real, fake) for real, fake in repeats]
    spread = spread_of_mean(distances, seed)
    mean = statistics.fmean(exact)
    frechet = [distance for distance in distances if isinstance(distance, FrechetStatistic)]
    return Numbers(
        published,
        exact,
        metric_interval(form.metric, mean, spread),
        extrapolate(frechet, spread, seed=seed, level=LEVEL) if frechet else None,
        influences_of(mean_of(distances), spread),
    )


def metric_interval(
    metric: Metric, value: float, spread: VarianceEstimate, level: float = LEVEL
) -> Interval:
    """Interval around a metric's value, or a difference of two, with this spread."""
    if metric == "kvd":
        return cautious_interval(value, spread, level)
    return interval_around(value, spread.single + spread.paired, spread, level)


def influences_of(statistic: WeightedStatistic, spread: VarianceEstimate) -> VideoInfluences:
    """Of each video on a statistic, from its spread."""
    whole, halves = spread.whole, spread.halves
    return VideoInfluences(
        real=_by_video(statistic.real_videos, whole.real, halves.real),
        fake=_by_video(statistic.fake_videos, whole.fake, halves.fake),
    )


def _by_video(
    videos: Sequence[str], whole: Tensor, halves: Tensor
) -> dict[str, tuple[float, float]]:
    pairs = zip(whole.tolist(), halves.tolist(), strict=True)
    return dict(zip(videos, pairs, strict=True))


def _key(form: Form, repeats: Sequence[Repeat], seed: int) -> str:
    digest = hashlib.sha256()
    made_by = [STATISTICS_VERSION, torch.__version__, hardware("cpu")]
    facts = [*made_by, form.metric, seed, form.options.model_dump(mode="json")]
    digest.update(json.dumps(facts, sort_keys=True).encode())
    for repeat in repeats:
        for side in repeat:
            digest.update(side.values.numpy().tobytes())
            digest.update("\0".join(side.videos).encode())
    return digest.hexdigest()
