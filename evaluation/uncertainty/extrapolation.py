"""FVD without its small-sample bias: the distance at infinite N, by the jackknife.

To first order the Fréchet distance F of n real and m fake videos is too large by b_r / n + b_f / m.
The jackknife [Quenouille 1956, Biometrika 43] takes both parts off by leaving out each video once,
exactly (`distances.left_out`); with c of N clips in a video [Busing, Meijer and van der Leeden
1999, Statistics and Computing 9],

    J = F - sum over all videos of (1 - c / N) (F without the video - F)

where N are the clips of the video's own side. No draws, no seed. Root mean square errors against
known truths stand in benchmarks/coverage.md: smaller than those of lines through several N.

The interval. J varies as F does, so its interval has F's variance and shape. What J leaves of the
bias falls as 1/N^2 for Gaussian features, and slower for heavy tails. A line in 1/N through F and
the mean H over halves of both sides, 2 F - H, leaves twice as much: the interval is made wider by
the difference of the two, both ways. benchmarks/coverage.md has its simulated coverage.

Heavy tails make covariances vary more, as fewer videos would. The fourth moment of a side, as a
multiple of that of a Gaussian with the same covariance, multiplies the videos that a side must
have. The larger of both sides' is taken, since a small sample of heavy tails may look light.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from torch import Tensor

from leo_bench.evaluation.distances.frechet_influence import FrechetEvaluation, FrechetStatistic
from leo_bench.evaluation.features.single_thread_pool import side_by_side
from leo_bench.evaluation.uncertainty.intervals import (
    Interval,
    VarianceEstimate,
    dealt_halves,
    interval_around,
)
from leo_bench.evaluation.uncertainty.variance import LEVEL

# Videos that the smaller side must have for each dimension; half as many again for each further
# clip that a video gives. Below it the bias is no series in 1/N (benchmarks/coverage.md).
VIDEOS_PER_DIMENSION = 1.5

# Fourth moments up to this multiple of a Gaussian's are what samples of Gaussians have.
GAUSSIAN_TAIL = 1.2

# Standard errors between the jackknife and the line beyond which tails are called heavy.
APART = 2.0

# Random splits into halves that the line averages over.
DEALS = 4


@dataclass(frozen=True)
class Point:
    """Mean distance over pairs of blocks of one size."""

    n_real: float  # clips in a block, on average
    n_fake: float
    value: float


@dataclass(frozen=True)
class Extrapolation:
    """Distance at infinite N.

    Args:
        value: the jackknife; may be negative where the two sides hardly differ. Where it is not
            `reliable` a diagnosis at most, and not to be shown as the distance at infinite N.
        interval: for the distance at infinite N; None where it is not reliable.
        bias: the distance at hand less `value`.
        line: the same distance by a line in 1/N through `points`.
        points: the distance of all videos, and of halves of both sides.
        tails: fourth moments of the real and the fake side, 1 for Gaussian features.
        reliable: whether there are enough videos, for such tails; `reason` says why not, and is ""
            if there are.
        needs: videos that each side must have for it.
    """

    value: float
    interval: Interval | None
    bias: float
    line: float
    points: tuple[Point, ...]
    tails: tuple[float, float]
    reliable: bool
    needs: int
    reason: str


def extrapolate(
    repeats: Sequence[FrechetStatistic],
    spread: VarianceEstimate,
    *,
    seed: int,
    level: float = LEVEL,
) -> Extrapolation:
    """Extrapolate the mean of Fréchet distances, one a repeat, to infinite N.

    Args:
        repeats: the distances; each draws other clips.
        spread: `intervals.spread_of_mean(repeats, seed)`.
        seed: decides, with the names, which videos form the halves.
        level: of the interval.

    Raises:
        InputError: a level outside (0, 1).
    """
    count = len(repeats)
    parts = side_by_side([partial(_whole_and_halves, repeat, seed) for repeat in repeats])
    left_out = side_by_side([whole.without_each for whole, *_ in parts])
    of_halves = side_by_side([half.value for _, *halves in parts for half in halves])
    # `spread` has the values of the first dealing.
    halves = (spread.halves.value + (DEALS - 1) * fmean(of_halves)) / DEALS
    bias = (
        sum(
            _bias(found.real, found.real_clips) + _bias(found.fake, found.fake_clips)
            for found in left_out
        )
        / count
    )
    value, line = spread.value - bias, 2 * spread.value - halves
    tails = (max(found.real_tail for found in left_out), max(found.fake_tail for found in left_out))
    variance = spread.single + spread.paired
    needs, reason = _judged(repeats, tails, abs(value - line), math.sqrt(variance))
    plain = interval_around(value, variance, spread, level)
    return Extrapolation(
        value=value,
        interval=None if reason else _wider(plain, abs(value - line)),
        bias=bias,
        line=line,
        points=(
            Point(repeats[0].n_real, repeats[0].n_fake, spread.value),
            Point(repeats[0].n_real / 2, repeats[0].n_fake / 2, halves),
        ),
        tails=tails,
        reliable=not reason,
        needs=needs,
        reason=reason,
    )


def _bias(changes: Tensor, clips: Tensor) -> float:
    """One side's part of the bias, from the changes as each video is left out."""
    return float(((1 - clips / clips.sum()) * changes).sum())


def _whole_and_halves(repeat: FrechetStatistic, seed: int) -> Sequence[FrechetEvaluation]:
    """With all videos, and with the halves of all dealings but the one that `spread` has."""
    salts = [f"halves/{seed}/{deal}" for deal in range(1, DEALS)]
    halves = [half for salt in salts for half in dealt_halves(repeat, salt)]
    return repeat.evaluations([repeat.ones, *halves])


def _judged(
    repeats: Sequence[FrechetStatistic], tails: tuple[float, float], apart: float, error: float
) -> tuple[int, str]:
    """Videos that each side needs, and why J is not reliable; "" if it is."""
    real = min(len(repeat.real_videos) for repeat in repeats)
    fake = min(len(repeat.fake_videos) for repeat in repeats)
    clips_per_video = max(repeats[0].n_real / real, repeats[0].n_fake / fake)
    dimension = repeats[0].dimension
    least = VIDEOS_PER_DIMENSION * dimension * (1 + clips_per_video) / 2
    tail = max(tails)
    heavy = tail > GAUSSIAN_TAIL
    needs = math.ceil(least * tail if heavy else least)
    if min(real, fake) < needs:
        words = f", and tails {tail:.1f} times a Gaussian's" if heavy else ""
        return needs, (
            f"{min(real, fake)} videos on the smaller side; it takes {needs} for {dimension} "
            f"dimensions and {clips_per_video:.1f} clips a video{words}"
        )
    if apart > APART * error:
        # What J leaves of the bias falls as 1/N^2 or slower.
        more = math.ceil(min(real, fake) * math.sqrt(apart / (APART * error)))
        return more, f"the jackknife and a line in 1/N are {apart:.3g} apart: the tails are heavy"
    return needs, ""


def _wider(interval: Interval, by: float) -> Interval:
    return Interval(
        interval.low - by,
        interval.high + by,
        interval.level,
        interval.standard_error,
        interval.method,
    )
