"""Parts of variances and Student's t, shared by everything that says how sure a number is.

Knows nothing of torch.
"""

import math
from collections.abc import Sequence

from scipy.special import stdtrit


def student_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t for any probability in (0, 1) and any freedom above 0.

    The function behind `scipy.stats.t.ppf`; infinite freedom gives the normal quantile.
    """
    return float(stdtrit(freedom, probability))


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


def split_by_halves(whole: float, halves: float) -> tuple[float, float]:
    """Variance of the part over single videos, and of the part over pairs of videos.

    Args:
        whole: sum of squared influences: `single + 2 * paired`.
        halves: the same of the mean over the two halves: `single + 4 * paired`.
    """
    # Neither variance is negative, so chance may not make it so.
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
