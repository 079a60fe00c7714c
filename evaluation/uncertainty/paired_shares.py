"""Difference of two shares of the same samples, with its interval and test.

found = paired_difference([True, False, ...], [False, False, ...])

The samples are pairs: the same start and the same chance under two treatments. The interval is
Newcombe's (1998, Statistics in Medicine 17, 2635-2650, "Improved confidence intervals for the
difference between binomial proportions based on paired data", method 10): Wilson's intervals of the
two shares, put together with regard to their correlation. It holds for small counts and for shares
of 0 and 1, where the plain one has no width. The test is McNemar's, exact: of the pairs that
differ, is it as likely to be the one as the other?
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.variance import LEVEL


@dataclass(frozen=True)
class PairedDifference:
    """First share less second share.

    Args:
        value: the difference.
        interval: around it.
        level: of the interval.
        p_value: of McNemar's exact test, both sides: that the two treatments are alike.
        only_first, only_second: pairs where one of the two says yes; `both`: both do.
        pairs: how many there are.
    """

    value: float
    interval: tuple[float, float]
    level: float
    p_value: float
    only_first: int
    only_second: int
    both: int
    pairs: int


def wilson_interval(yes: int, count: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval of a share of `count`.

    Raises:
        InputError: there is nothing to take a share of.
    """
    if count < 1:
        raise InputError("a share of no samples has no interval")
    found = binomtest(yes, count).proportion_ci(level, method="wilson")
    return float(found.low), float(found.high)


def paired_difference(
    first: Sequence[bool], second: Sequence[bool], level: float = LEVEL
) -> PairedDifference:
    """The share of yes in `first` less that in `second`, pair by pair.

    Raises:
        InputError: no pairs, or not as many of the one as of the other.
    """
    if len(first) != len(second) or not first:
        raise InputError(
            f"{len(first)} samples against {len(second)}: a paired comparison needs the same "
            "samples on both sides, one at least"
        )
    pairs = list(zip(first, second, strict=True))
    both, neither = pairs.count((True, True)), pairs.count((False, False))
    only_first, only_second = pairs.count((True, False)), pairs.count((False, True))
    count = len(pairs)
    p, q = (both + only_first) / count, (both + only_second) / count
    (p_low, p_high), (q_low, q_high) = (
        wilson_interval(both + only, count, level) for only in (only_first, only_second)
    )
    together = _correlation(both, only_first, only_second, neither)
    down = _side(p - p_low, q_high - q, together)
    up = _side(p_high - p, q - q_low, together)
    return PairedDifference(
        value=p - q,
        interval=(p - q - down, p - q + up),
        level=level,
        p_value=mcnemar(only_first, only_second),
        only_first=only_first,
        only_second=only_second,
        both=both,
        pairs=count,
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """p-value of McNemar's exact test: how likely so uneven a split of the unlike pairs is."""
    unlike = only_first + only_second
    return float(binomtest(only_first, unlike).pvalue) if unlike else 1.0


def _side(own: float, other: float, correlation: float) -> float:
    return math.sqrt(max(0.0, own**2 - 2 * correlation * own * other + other**2))


def _correlation(both: int, only_first: int, only_second: int, neither: int) -> float:
    """Phi of the two by two table, Newcombe's correction taken off where it is above 0."""
    margins = (
        (both + only_first)
        * (only_second + neither)
        * (both + only_second)
        * (only_first + neither)
    )
    if margins == 0:
        return 0.0
    product = float(both * neither - only_first * only_second)
    if product > 0:
        count = both + only_first + only_second + neither
        product = max(product - count / 2, 0.0)
    return product / math.sqrt(margins)
