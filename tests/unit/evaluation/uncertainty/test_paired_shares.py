"""Shares of pairs: by hand, against scipy's test, and how often intervals cover the truth."""

import itertools
import math

import pytest
from scipy.stats import binomtest

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.paired_shares import (
    mcnemar,
    paired_difference,
    wilson_interval,
)


def flags(both: int, first: int, second: int, neither: int) -> tuple[list[bool], list[bool]]:
    counts = ((True, True, both), (True, False, first), (False, True, second))
    pairs = [(a, b) for a, b, n in (*counts, (False, False, neither)) for _ in range(n)]
    return [a for a, _ in pairs], [b for _, b in pairs]


@pytest.mark.parametrize(("yes", "count"), [(0, 10), (3, 10), (10, 10), (29, 64)])
def test_wilsons_interval_is_scipys(yes: int, count: int) -> None:
    expected = binomtest(yes, count).proportion_ci(method="wilson")
    assert wilson_interval(yes, count) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_a_pair_of_shares_by_hand() -> None:
    # 64 samples: 29 repeat without, 1 of which repeats with too; 1 repeats with alone.
    found = paired_difference(*flags(1, 28, 1, 34))
    p, q = 29 / 64, 2 / 64
    (p_low, p_high), (q_low, q_high) = wilson_interval(29, 64), wilson_interval(2, 64)
    product = 1 * 34 - 28 * 1  # 6, less than half of 64: taken to be 0
    assert 0 < product < 32
    assert found.value == p - q
    assert found.interval[0] == pytest.approx(p - q - math.hypot(p - p_low, q_high - q))
    assert found.interval[1] == pytest.approx(p - q + math.hypot(p_high - p, q - q_low))
    assert (found.only_first, found.only_second, found.both, found.pairs) == (28, 1, 1, 64)


def test_pairs_that_agree_narrow_the_interval() -> None:
    alike, unlike = paired_difference(*flags(20, 5, 5, 20)), paired_difference(*flags(0, 25, 25, 0))
    assert alike.value == unlike.value == 0.0
    width = alike.interval[1] - alike.interval[0]
    assert width < 0.6 * (unlike.interval[1] - unlike.interval[0])


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (5, 1), (28, 1), (3, 3), (640, 560)])
def test_mcnemar_is_the_binomial_test(first: int, second: int) -> None:
    together = first + second
    expected = binomtest(first, together).pvalue if together else 1.0
    assert mcnemar(first, second) == pytest.approx(expected)


def test_intervals_cover_the_truth_of_few_pairs() -> None:
    """Exactly, over all outcomes of 12 pairs of which 5 % repeat with and 45 % without."""
    count, chances = 12, (0.03, 0.42, 0.02, 0.53)
    truth, covered = chances[1] - chances[2], 0.0
    for both, first, second in itertools.product(range(count + 1), repeat=3):
        neither = count - both - first - second
        if neither < 0:
            continue
        outcome = (both, first, second, neither)
        weight = math.factorial(count) * math.prod(
            chance**n / math.factorial(n) for chance, n in zip(chances, outcome, strict=True)
        )
        low, high = paired_difference(*flags(*outcome)).interval
        covered += weight * (low <= truth <= high)
    assert covered == pytest.approx(0.95, abs=0.03)


def test_what_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="2 samples against 1"):
        paired_difference([True, False], [True])
    with pytest.raises(InputError, match="no samples"):
        wilson_interval(0, 0)
