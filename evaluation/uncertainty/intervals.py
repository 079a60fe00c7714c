"""Confidence intervals of distances, in which videos, not clips, are the independent samples.

What an interval covers: the expected value of the distance at these numbers of videos and clips,
over new draws of videos from the same populations on both sides; where the real side is known by
its statistics alone, over new draws of fakes against these statistics. The bias of the distance at
that N is part of that value (see `extrapolation` for the value at infinite N).

The standard error. To second order, a distance is a mean of one term a video and one term a pair
of videos, with variances A and B. The sum of squared influences (the infinitesimal jackknife)
estimates A + 2B: right where the two sides differ much, too wide by a factor sqrt(2) where they
hardly do. The same sum taken within the two halves of the videos estimates A + 4B. So A + B, which
is wanted, is (3 * whole - halves) / 2.

The shape. A large distance has a large standard error, so the interval must reach further up than
down. `skew` is how fast the standard error grows with the value, measured by re-weighting the
videos a little along their influences; the interval is symmetric on the scale where that growth
vanishes (a shifted logarithm).

No bootstrap: a resample repeats videos, and repeats lower the rank of a covariance, so that its
distances are biased upward once more. benchmarks/evidence/coverage.py
measures the coverage of all of these, and of what was rejected.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean
from typing import Literal

import torch
from torch import Tensor

from leo_bench.evaluation.distances.feature_matrix import check_pair
from leo_bench.evaluation.distances.influence import (
    ClipFeatures,
    Combination,
    Evaluation,
    Linearised,
    WeightedStatistic,
    Weights,
    combine,
    mean_of,
)
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.single_thread_pool import side_by_side
from leo_bench.evaluation.uncertainty.block_split import (
    BlockSplit,
    block_weights,
    deal,
    mean_of_blocks,
    mean_over_blocks,
)
from leo_bench.evaluation.uncertainty.variance import (
    LEVEL,
    MIN_FREEDOM,
    bounded_skew,
    freedom_of_squares,
    of_squares,
    satterthwaite,
    skewed_ends,
    split_by_halves,
    student_reach,
)

# Halves of two videos each are the least that has a variance.
MIN_VIDEOS = 4

# Largest change of a video's weight when `skew` is measured: small enough for a derivative.
TILT = 0.1

# Groups of the jackknife: 20 fix the standard error to one part in six, at 40 evaluations.
MAX_GROUPS = 20


@dataclass(frozen=True)
class Interval:
    """An interval around a value, and how it was made."""

    low: float
    high: float
    level: float
    standard_error: float
    method: Literal["influence", "squared influences", "jackknife"]


def ends(interval: Interval | None) -> tuple[float, float] | None:
    """(low, high), as records have it; None where there is no interval."""
    return None if interval is None else (interval.low, interval.high)


@dataclass(frozen=True)
class VarianceEstimate:
    """How a statistic varies with the videos drawn.

    Args:
        value: the statistic; of several repeats, their mean.
        single: variance of its part that is a sum over videos (A above).
        paired: variance of its part that is a sum over pairs of videos (B above).
        skew: growth of the standard error by growth of the value.
        freedom: degrees of freedom of the variance, from the influences' fourth moments.
        whole, halves: the influences that the variances come from.
    """

    value: float
    single: float
    paired: float
    skew: float
    freedom: float
    whole: Linearised
    halves: Linearised


def interval_of(statistic: WeightedStatistic, *, seed: int, level: float = LEVEL) -> Interval:
    """Interval for any weighted statistic: a distance, a mean over repeats, a difference.

    `seed` decides, with the names, which videos form the halves; nothing else is drawn.

    Raises:
        InputError: fewer than MIN_VIDEOS videos on a side; a level outside (0, 1).
    """
    spread = spread_of_mean([statistic], seed)
    return interval_around(spread.value, spread.single + spread.paired, spread, level)


def paired_difference_interval(
    first: WeightedStatistic, second: WeightedStatistic, *, seed: int, level: float = LEVEL
) -> Interval:
    """Interval of first - second, two distances to the same real videos.

    Real videos are shared by name, and so are fakes of one name (`influence.combine`): the part of
    the variance that is common to both leaves the difference.

    Raises:
        InputError: as `interval_of`.
    """
    return interval_of(combine([(1.0, first), (-1.0, second)]), seed=seed, level=level)


def shared_difference_interval(
    first: WeightedStatistic, second: WeightedStatistic, *, seed: int, level: float = LEVEL
) -> Interval:
    """Interval of first - second where the fakes are made from the real videos, as by damage.

    A real and a fake video of one name are then one draw, and counting it more on both sides
    hardly moves a distance: its two influences nearly cancel, and are added before they are
    squared. `seed` decides, with the names, which videos form the halves; nothing else is drawn.

    Raises:
        InputError: the sides do not have the same names; fewer than MIN_VIDEOS of them.
    """
    difference = combine([(1.0, first), (-1.0, second)])
    if list(difference.real_videos) != list(difference.fake_videos):
        raise InputError("both sides must show the same videos, under the same names")
    count = len(difference.real_videos)
    check_videos("both sides", count)
    whole = difference.at(difference.ones)
    # Videos of one name fall into one half, whichever side they are on.
    halves = mean_over_blocks(difference, BlockSplit(2, 2, 1, f"halves/{seed}"))
    single_and_two, single_and_four = (
        of_squares((at.real + at.fake).square().sum().item(), count, lost=lost)
        for at, lost in ((whole, 1), (halves, 2))
    )
    error = math.sqrt(sum(split_by_halves(single_and_two, single_and_four)))
    reach = student_reach(level, count - 1) * error
    return Interval(whole.value - reach, whole.value + reach, level, error, "influence")


def spread_of_mean(repeats: Sequence[WeightedStatistic], seed: int) -> VarianceEstimate:
    """Value, variances, skew and freedom of the mean over repeats, from four decompositions each.

    Each repeat's own videos are dealt into halves.

    Raises:
        InputError: fewer than MIN_VIDEOS videos on a side of a repeat.
    """
    real = min(len(repeat.real_videos) for repeat in repeats)
    if real > 0:  # a side that is known by its statistics alone has none, and does not vary
        check_videos("real", real)
    check_videos("fake", min(len(repeat.fake_videos) for repeat in repeats))
    mean = mean_of(repeats)
    parts = side_by_side([partial(_whole_and_halves, repeat, seed) for repeat in repeats])
    found = iter(side_by_side([part.linearised for of_repeat in parts for part in of_repeat]))
    wholes, halved = [], []
    for _, *halves_of_repeat in parts:
        wholes.append(next(found))
        halved.append(mean_of_blocks([next(found) for _ in halves_of_repeat]))
    whole, halves = mean.total(wholes), mean.total(halved)
    single_and_two = _squared_influences(whole, mean.ones, lost=1)
    single_and_four = _squared_influences(halves, mean.ones, lost=2)
    single, paired = split_by_halves(single_and_two, single_and_four)
    return VarianceEstimate(
        value=whole.value,
        single=single,
        paired=paired,
        skew=_skew(mean, whole),
        freedom=_freedom(whole),
        whole=whole,
        halves=halves,
    )


def dealt_halves(statistic: WeightedStatistic, salt: str) -> list[Weights]:
    """The weights that leave one half and the other of each side's videos; `salt` deals them."""
    return block_weights(statistic, BlockSplit(2, 2, 1, salt))


def interval_around(
    value: float, variance: float, spread: VarianceEstimate, level: float
) -> Interval:
    """The interval of `spread`'s shape around `value`, which has this variance."""
    error = math.sqrt(variance)
    low, high = skewed_ends(value, error, student_reach(level, spread.freedom), spread.skew)
    return Interval(low, high, level, error, "influence")


def cautious_interval(value: float, spread: VarianceEstimate, level: float) -> Interval:
    """For statistics whose variance rests on high moments, as KVD's on sixth ones.

    The variance of `interval_around`'s part over pairs is itself known too badly there to be taken
    off, and so are its degrees of freedom: this one keeps the whole sum of squared influences, and
    half of the freedom. benchmarks/coverage.md has both.
    """
    wide = replace(spread, freedom=spread.freedom / 2)
    found = interval_around(value, spread.single + 2 * spread.paired, wide, level)
    return replace(found, method="squared influences")


def check_videos(side: str, videos: int) -> None:
    """Refuse fewer than MIN_VIDEOS videos.

    Raises:
        InputError: there are fewer.
    """
    if videos < MIN_VIDEOS:
        raise InputError(
            f"{side}: clips from {videos} videos; an interval needs at least {MIN_VIDEOS}"
        )


def jackknife_interval(
    statistic: Callable[[Tensor, Tensor], float],
    repeats: Sequence[tuple[ClipFeatures, ClipFeatures]],
    *,
    seed: int,
    level: float = LEVEL,
) -> Interval:
    """Interval for any function of (real [N,D], fake [M,D]): leave out a group of videos at a time.

    For statistics without closed-form influences. Up to MAX_GROUPS groups a side, by hash of (seed,
    name). Wide where the two sides hardly differ (it estimates A + 2B, see above).

    Args:
        statistic: of features.
        repeats: real and fake clips; of several the interval is of the mean.
        seed: decides, with the names, which videos form the groups.
        level: of the interval.

    Raises:
        InputError: features that cannot be used; fewer than MIN_VIDEOS videos on a side.
    """
    for real, fake in repeats:
        check_pair(real.values, fake.values)

    def mean_without(which: int, videos: Collection[str]) -> float:
        return fmean(
            statistic(
                *(_without(side, videos if i == which else ()) for i, side in enumerate(pair))
            )
            for pair in repeats
        )

    value = mean_without(0, ())
    parts = []
    for which, side in enumerate(("real", "fake")):
        names = sorted({video for pair in repeats for video in pair[which].videos})
        check_videos(side, len(names))
        groups = min(MAX_GROUPS, len(names))
        dealt: dict[int, list[str]] = {}
        for name, group in zip(names, deal(names, groups, f"groups/{seed}").tolist(), strict=True):
            dealt.setdefault(group, []).append(name)
        values = [mean_without(which, dealt[group]) for group in range(groups)]
        spread = torch.tensor(values, dtype=torch.float64).var().item()
        parts.append(((groups - 1) ** 2 / groups * spread, float(groups - 1)))
    variance = sum(variance for variance, _ in parts)
    freedom = satterthwaite(*parts, fallback=math.inf)
    reach = student_reach(level, freedom) * math.sqrt(variance)
    return Interval(value - reach, value + reach, level, math.sqrt(variance), "jackknife")


def _without(features: ClipFeatures, videos: Collection[str]) -> Tensor:
    return features.values[torch.tensor([video not in videos for video in features.videos])]


def _squared_influences(at: Linearised, weights: Weights, lost: int) -> float:
    """Variance of the value by its influences; `lost`: means taken from the videos of a side."""
    sides = ((at.real, weights.real), (at.fake, weights.fake))
    return sum(
        of_squares((influence.square() / weight).sum().item(), len(influence), lost=lost)
        for influence, weight in sides
    )


def _whole_and_halves(repeat: WeightedStatistic, seed: int) -> Sequence[Evaluation]:
    return repeat.evaluations([repeat.ones, *dealt_halves(repeat, f"halves/{seed}")])


def _skew(mean: Combination, whole: Linearised) -> float:
    sides = [side for side in (whole.real, whole.fake) if len(side) > 0]
    largest = max((len(side) * side).abs().max().item() for side in sides)
    if largest == 0:
        return 0.0
    step = TILT / largest
    tilted = Weights(
        1 + step * len(whole.real) * whole.real, 1 + step * len(whole.fake) * whole.fake
    )
    terms = zip(mean.terms, mean.weights_of_terms(tilted), strict=True)
    moved = mean.total(side_by_side([partial(term.at, weights) for (_, term), weights in terms]))
    before = math.sqrt(_squared_influences(whole, mean.ones, lost=1))
    after = math.sqrt(_squared_influences(moved, tilted, lost=1))
    rise = moved.value - whole.value
    return bounded_skew((after - before) / rise) if rise != 0 else 0.0


def _freedom(whole: Linearised) -> float:
    squares = (side.square().tolist() for side in (whole.real, whole.fake))
    return max(freedom_of_squares(*squares), MIN_FREEDOM)
