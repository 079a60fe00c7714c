"""FVD without its small-sample bias: the distance at infinite N, by a line through several N.

To second order the Fréchet distance of n real and m fake videos is too large by b_r / n + b_f / m.
Both sides are dealt into blocks of one size N / k, N the number of videos on the smaller side. The
mean over the blocks is then d + k (b_r + b_f) / N, and the line through k = 1, 3/2, 2, ... meets
k = 0 at d, the distance at infinite N.

Blocks of one size on both sides, because the terms that the series leaves out nearly cancel then.
Had 704 real and 2048 fake videos been halved as they are, 8 % to 17 % of the bias would be left,
with the wrong sign; so, it is 2 % or less for Gaussian features, down to blocks of 0.75 videos for
each dimension. Heavy tails keep more: a quarter at 5 degrees of freedom of Student's t.

Every dealing uses every video equally often, so that all points share the chance of the videos;
what the dealing adds grows as k - 1. Least squares under that noise puts the line through the point
k = 1 and gives slope = sum(point_k - point_1) / sum(k - 1).
"""

from dataclasses import dataclass
from fractions import Fraction

from evaluation.influence import Dealing, WeightedStatistic, mean_over_blocks
from evaluation.intervals import Interval, Spread, check_videos, interval_around, spread_of

# Videos that half of the smaller side must have for each dimension; half as many again for each
# further clip that a video gives. Below it the line stops short (benchmarks/coverage.csv).
VIDEOS_PER_DIMENSION = 0.75

# Sizes N / k of the blocks: always these, and thirds where a third has COMFORT times the videos
# that a half must have.
SIZES = (Fraction(1), Fraction(3, 2), Fraction(2))
COMFORT = 4 / 3

# Dealings for each size; they average out what one dealing adds.
DEALS = 2


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
        value: where the line meets 1/N = 0; may be negative where the two sides hardly differ.
        interval: for the distance at infinite N; holds only where `reliable`.
        bias: the distance at hand less `value`.
        slope: of the line: distance times clips, so that a block of N clips has value + slope / N.
        points: what the line goes through, largest blocks first.
        r_squared: share of the points' variance that the line explains.
        max_residual: largest distance of a point from the line.
        reliable: whether there are enough videos; `reason` says why not, and is "" if there are.
    """

    value: float
    interval: Interval
    bias: float
    slope: float
    points: tuple[Point, ...]
    r_squared: float
    max_residual: float
    reliable: bool
    reason: str


def extrapolate(
    statistic: WeightedStatistic, *, seed: int, level: float = 0.95, spread: Spread | None = None
) -> Extrapolation:
    """Extrapolate a Fréchet distance, or a mean or difference of such, to infinite N.

    `spread`: what `spread_of(statistic, seed)` gave, where it is at hand; else it is computed.

    Raises:
        InputError: fewer than MIN_VIDEOS videos on a side; a level outside (0, 1).
    """
    real, fake = len(statistic.real_videos), len(statistic.fake_videos)
    check_videos("real", real)
    check_videos("fake", fake)
    fewer = min(real, fake)
    clips_per_video = max(statistic.n_real / real, statistic.n_fake / fake)
    least = VIDEOS_PER_DIMENSION * statistic.dimension * (1 + clips_per_video) / 2
    sizes = (*SIZES, Fraction(3)) if fewer / 3 >= COMFORT * least else SIZES

    spread = spread_of(statistic, seed) if spread is None else spread
    in_real, in_fake = round(real / fewer), round(fake / fewer)
    values = {k: _mean_of_deals(statistic, k, (in_real, in_fake), seed) for k in sizes}
    steps = float(sum(k - 1 for k in sizes))
    slope = sum(value - values[sizes[0]] for value in values.values()) / steps
    infinite = values[sizes[0]] - slope
    fitted = {k: infinite + slope * float(k) for k in sizes}
    # The dealing adds sum_k c_k^2 (k - 1) / DEALS to `paired`; c_k = -1 / steps for k > 1.
    variance = spread.single + spread.paired * (1 + 1 / (steps * DEALS))
    enough = fewer >= 2 * least
    return Extrapolation(
        value=infinite,
        interval=interval_around(infinite, variance, spread, level),
        bias=spread.value - infinite,
        slope=slope * 2 / (in_real / statistic.n_real + in_fake / statistic.n_fake),
        points=tuple(
            Point(
                statistic.n_real / float(k * in_real), statistic.n_fake / float(k * in_fake), value
            )
            for k, value in values.items()
        ),
        r_squared=_r_squared(values, fitted),
        max_residual=max(abs(values[k] - fitted[k]) for k in sizes),
        reliable=enough,
        reason=""
        if enough
        else f"{fewer} videos on the smaller side; a line in 1/N needs {2 * least:.0f} for "
        f"{statistic.dimension} dimensions and {clips_per_video:.1f} clips a video",
    )


def _mean_of_deals(
    statistic: WeightedStatistic, k: Fraction, times: tuple[int, int], seed: int
) -> float:
    """Mean over DEALS dealings into blocks of N / k, where a side has `times` N videos."""
    if k == 1 and times == (1, 1):
        return statistic.at(statistic.ones).value
    dealings = [
        Dealing(k.numerator * times[0], k.numerator * times[1], k.denominator, f"{seed}/{k}/{d}")
        for d in range(DEALS)
    ]
    return sum(mean_over_blocks(statistic, dealing).value for dealing in dealings) / DEALS


def _r_squared(values: dict[Fraction, float], fitted: dict[Fraction, float]) -> float:
    mean = sum(values.values()) / len(values)
    total = sum((value - mean) ** 2 for value in values.values())
    left = sum((values[k] - fitted[k]) ** 2 for k in values)
    return 1 - left / total if total > 0 else 1.0
