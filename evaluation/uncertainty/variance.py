"""Variances from influences, and what makes intervals of them. Knows nothing of torch."""

import math
from collections.abc import Collection, Sequence

from scipy.special import stdtrit

from leo_bench.evaluation.errors import InputError

LEVEL = 0.95  # of every interval unless another level is asked for

# Growth of a pure scale: no distance has more, but the estimate from a handful of videos may.
MAX_SKEW = 1.0

# Satterthwaite's degrees of freedom are themselves estimated; below this they are noise.
MIN_FREEDOM = 4.0


def student_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t for any probability in (0, 1) and any freedom above 0.

    The function behind `scipy.stats.t.ppf`; infinite freedom gives the normal quantile.
    """
    return float(stdtrit(freedom, probability))


def check_level(level: float) -> None:
    """Refuse a level outside (0, 1).

    Raises:
        InputError: it is outside.
    """
    if not 0 < level < 1:
        raise InputError(f"level is {level}; expected a number between 0 and 1, such as 0.95")


def student_reach(level: float, freedom: float) -> float:
    """Standard errors from the value to either end of an interval of this level.

    Raises:
        InputError: a level outside (0, 1).
    """
    check_level(level)
    return student_quantile((1 + level) / 2, freedom)


def skewed_ends(value: float, error: float, reach: float, skew: float) -> tuple[float, float]:
    """Ends of an interval that is symmetric where the standard error does not grow.

    Args:
        value: what the interval is around.
        error: its standard error.
        reach: `student_reach`.
        skew: growth of the standard error by growth of the value.
    """
    low, high = -reach * error, reach * error
    if abs(skew) > 1e-6:
        low, high = (error * math.expm1(side * reach * skew) / skew for side in (-1, 1))
    return value + low, value + high


def bounded_skew(skew: float) -> float:
    """Between -MAX_SKEW and MAX_SKEW."""
    return min(max(skew, -MAX_SKEW), MAX_SKEW)


def satterthwaite(*parts: tuple[float, float], fallback: float) -> float:
    """Degrees of freedom of a sum of independent variances [Satterthwaite 1946, Biometrics 2].

    Args:
        parts: (variance, its degrees of freedom).
        fallback: where all variances are 0.
    """
    total = math.fsum(variance for variance, _ in parts)
    if total == 0:
        return fallback
    return total**2 / math.fsum(variance**2 / freedom for variance, freedom in parts)


def of_squares(squares: float, videos: int, *, lost: int) -> float:
    """Variance of a number from the sum of its videos' squared influences on it.

    Args:
        squares: the sum.
        videos: how many there are.
        lost: means that were taken from them: 1, or 2 for a mean over two halves.
    """
    return squares * videos / max(videos - lost, 1)


def of_influences(
    pairs: Collection[tuple[float, float]], videos: int | None = None
) -> tuple[float, float]:
    """Variances of a number and of its mean over two halves, from one side's videos.

    Args:
        pairs: of each video the influence on the number, and on the mean over the halves.
        videos: how many count as drawn; None: all.
    """
    count = len(pairs) if videos is None else videos
    whole = of_squares(math.fsum(pair[0] ** 2 for pair in pairs), count, lost=1)
    return whole, of_squares(math.fsum(pair[1] ** 2 for pair in pairs), count, lost=2)


def split_by_halves(whole: float, halves: float) -> tuple[float, float]:
    """Variance of the part over single videos, and of the part over pairs of videos.

    Args:
        whole: `of_squares` of the number: `single + 2 * paired`.
        halves: the same of the mean over the two halves: `single + 4 * paired`.
    """
    # Neither variance is negative, so the estimate must not be.
    paired = min(max((halves - whole) / 2, 0.0), whole / 2)
    return whole - 2 * paired, paired


def freedom_of_squares(*sides: Sequence[float]) -> float:
    """Degrees of freedom of a sum of squared influences: 2 mean^2 / variance of that sum.

    Args:
        sides: squared influences of the videos of each side. Infinite where none varies.
    """
    total = sum(sum(side) for side in sides)
    noise = 0.0
    for side in sides:
        mean = sum(side) / max(len(side), 1)
        noise += sum((square - mean) ** 2 for square in side)
    return 2 * total**2 / noise if noise > 0 else math.inf
