"""Features to numbers: the value of every repeat, its interval, FVD∞ and influences, cached.

A distance has two forms: as the protocol publishes it, and in float64, on which everything else
rests. Where the protocol is in float64 they are one.
"""

import hashlib
import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from leo_bench.evaluation.distances.frechet_influence import FrechetStatistic
from leo_bench.evaluation.distances.gaussian import RealStatistics
from leo_bench.evaluation.distances.influence import (
    ClipFeatures,
    Form,
    RealSide,
    WeightedStatistic,
    mean_of,
)
from leo_bench.evaluation.extractors.numerics import hardware
from leo_bench.evaluation.features.single_thread_pool import on_one_thread, side_by_side
from leo_bench.evaluation.features.stores import Store
from leo_bench.evaluation.metrics import DISTANCES
from leo_bench.evaluation.records.influences import VideoInfluences
from leo_bench.evaluation.uncertainty.extrapolation import Extrapolation, extrapolate
from leo_bench.evaluation.uncertainty.intervals import (
    MIN_VIDEOS,
    Interval,
    VarianceEstimate,
    cautious_interval,
    interval_around,
    jackknife_interval,
    spread_of_mean,
)
from leo_bench.evaluation.uncertainty.variance import LEVEL

Repeat = tuple[RealSide, ClipFeatures]  # real, fake

# Raise when any statistic could give another number from the same features.
STATISTICS_VERSION = 3


@dataclass(frozen=True)
class Numbers:
    """What a set of features says.

    Args:
        values: as the protocol computes it, one a repeat.
        values_float64: the same in float64.
        interval: around the mean of `values_float64`, for the mean over repeats with other videos
            (other fakes alone, where of the real side only statistics are known); None with fewer
            than MIN_VIDEOS videos on a side.
        extrapolation: the mean without its small-sample bias; of Fréchet distances alone, and None
            where there is no interval or only statistics of the real side are known.
        influences: of the videos on the mean; None where there is no interval, or the distance has
            no influences.
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


def numbers_of(form: Form, repeats: Sequence[Repeat], seed: int, store: Store | None) -> Numbers:
    """Every number of these features, from the cache where they were computed before.

    Raises:
        InputError: features that a distance cannot be computed from; statistics of the real side
            where it needs features.
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
    values = side_by_side([partial(form.values, real, fake) for real, fake in repeats])
    published, exact = zip(*values, strict=True)
    drawn = [side for repeat in repeats for side in repeat if isinstance(side, ClipFeatures)]
    if min(len(set(side.videos)) for side in drawn) < MIN_VIDEOS:
        return Numbers(published, exact, None, None, None)
    if form.weighted is None:
        pairs = [(real, fake) for real, fake in repeats if isinstance(real, ClipFeatures)]
        interval = jackknife_interval(form.exact, pairs, seed=seed)
        return Numbers(published, exact, interval, None, None)
    distances = side_by_side([partial(form.statistic, real, fake) for real, fake in repeats])
    spread = spread_of_mean(distances, seed)
    mean = statistics.fmean(exact)
    # The bias by the number of real videos is known from features alone.
    frechet = [
        distance
        for distance in distances
        if isinstance(distance, FrechetStatistic) and distance.real_videos
    ]
    return Numbers(
        published,
        exact,
        metric_interval(form.metric, mean, spread),
        extrapolate(frechet, spread, seed=seed, level=LEVEL) if frechet else None,
        influences_of(mean_of(distances), spread),
    )


def metric_interval(
    metric: str, value: float, spread: VarianceEstimate, level: float = LEVEL
) -> Interval:
    """Interval around a metric's value, or a difference of two, with this spread."""
    if DISTANCES[metric].heavy:
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
    facts = [*made_by, form.metric, seed, form.settings]
    digest.update(json.dumps(facts, sort_keys=True).encode())
    for repeat in repeats:
        for side in repeat:
            for part in _bytes(side):
                digest.update(part)
    return digest.hexdigest()


def _bytes(side: RealSide) -> Iterator[bytes | memoryview]:
    if isinstance(side, RealStatistics):
        for gaussian in (side.exact, side.published):
            yield f"statistics of {gaussian.count}".encode()
            yield gaussian.mean.numpy().tobytes()
            yield gaussian.cov.numpy().tobytes()
    else:
        yield side.values.contiguous().numpy().data.cast("B")
        yield "\0".join(side.videos).encode()
