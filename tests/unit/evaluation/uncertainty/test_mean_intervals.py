"""Intervals of means over videos: known cases, pairing, and how often they hold the truth."""

import pytest
import torch
from scipy import stats

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.mean_intervals import difference_interval, mean_interval


def named(values: list[float], prefix: str = "v") -> dict[str, float]:
    return {f"{prefix}{i}": value for i, value in enumerate(values)}


def normal(count: int, seed: int, mean: float = 0.0, deviation: float = 1.0) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(count, generator=generator, dtype=torch.float64)
    return [float(value) for value in drawn * deviation + mean]


def test_even_values_give_students_interval() -> None:
    values = [1.0, 3.0] * 6
    found = mean_interval(named(values))
    low, high = stats.t.interval(0.95, 11, 2.0, stats.sem(values))
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, rel=1e-3), pytest.approx(high, rel=1e-3))
    assert found.standard_error == pytest.approx(stats.sem(values), rel=1e-12)


def test_a_long_tail_is_reached_for() -> None:
    values = [1.0, 1.1, 0.9, 1.2, 1.0, 4.0]
    found = mean_interval(named(values))
    mean = sum(values) / 6
    assert found is not None
    assert found.high - mean > 1.2 * (mean - found.low)


def test_equal_values_leave_no_doubt() -> None:
    found = mean_interval(named([0.5] * 8))
    assert found is not None
    assert (found.low, found.high, found.standard_error) == (0.5, 0.5, 0.0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_videos_give_no_interval(count: int) -> None:
    many = named([1.0, 2.0, 4.0, 7.0], "w")
    assert mean_interval(named([1.0] * count)) is None
    assert difference_interval(named([1.0] * count), many, paired=False) is None
    assert difference_interval(many, named([1.0] * count), paired=True) is None


def test_a_level_that_is_none() -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        mean_interval(named([1.0, 2.0, 3.0, 4.0]), level=95)


def test_the_order_of_videos_changes_nothing_of_note() -> None:
    values = named(normal(30, seed=3))
    found, back = mean_interval(values), mean_interval(dict(reversed(values.items())))
    assert found is not None
    assert back is not None
    assert (found.low, found.high) == (pytest.approx(back.low), pytest.approx(back.high))


def test_pairs_are_the_interval_of_their_differences() -> None:
    first, second = normal(20, seed=1, mean=3.0), normal(20, seed=2, deviation=0.1)
    pairs = [a + b for a, b in zip(first, second, strict=True)]
    found = difference_interval(named(pairs), named(first), paired=True)
    alone = mean_interval(named(second))
    assert found is not None
    assert alone is not None
    assert (found.low, found.high) == (pytest.approx(alone.low), pytest.approx(alone.high))
    apart = difference_interval(named(pairs), named(first), paired=False)
    assert apart is not None
    assert apart.high - apart.low > 5 * (found.high - found.low)


def test_two_samples_have_welchs_error() -> None:
    first, second = [1.0, 3.0] * 4, [5.0, 15.0] * 10
    found = difference_interval(named(first), named(second, "w"), paired=False)
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == (
        pytest.approx(expected.low, rel=5e-3),
        pytest.approx(expected.high, rel=5e-3),
    )


@pytest.mark.parametrize("count", [5, 12, 40])
def test_normal_means_are_covered(count: int) -> None:
    """500 draws: 95 % within 3 points, three standard errors."""
    drawn = [mean_interval(named(normal(count, seed=i))) for i in range(500)]
    held = sum(found is not None and found.low <= 0 <= found.high for found in drawn)
    assert 460 <= held <= 490


def test_differences_of_normal_means_are_covered() -> None:
    held = 0
    for i in range(500):
        first, second = normal(8, seed=2 * i), normal(20, seed=2 * i + 1, deviation=0.5)
        found = difference_interval(named(first), named(second, "w"), paired=False)
        held += found is not None and found.low <= 0 <= found.high
    assert 460 <= held <= 490


@pytest.mark.parametrize(("count", "least"), [(4, 0.84), (16, 0.86), (64, 0.91)])
def test_skewed_heavy_tailed_means_are_covered_as_the_notes_say(count: int, least: float) -> None:
    """Log-normal numbers of mean 1: 88 to 91 % up to 16 videos (benchmarks/coverage.md)."""
    chance = torch.Generator().manual_seed(0)
    held = 0
    for _ in range(400):
        logs = torch.randn(count, generator=chance, dtype=torch.float64)
        found = mean_interval(named((0.8 * logs - 0.32).exp().tolist()))
        held += found is not None and found.low <= 1 <= found.high
    assert least <= held / 400 <= 0.98
