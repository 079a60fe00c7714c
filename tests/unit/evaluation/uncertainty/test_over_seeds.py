"""Numbers of several trainings: by hand, and against scipy's quantiles."""

import math
import random

import pytest
from scipy.stats import t as student

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.influences import VideoInfluences, difference
from leo_bench.evaluation.uncertainty.over_seeds import over_seeds

NOTHING = dict.fromkeys("abcdef", 0.0)


def influences(real: dict[str, float], fake: dict[str, float]) -> VideoInfluences:
    """Of a plain mean over videos, which has no part that belongs to pairs of videos."""
    return VideoInfluences(real=with_halves(real), fake=with_halves(fake))


def with_halves(whole: dict[str, float]) -> dict[str, tuple[float, float]]:
    shrunk = math.sqrt((len(whole) - 2) / (len(whole) - 1)) if len(whole) > 2 else 1.0
    return {name: (value, shrunk * value) for name, value in whole.items()}


def mean_of(values: list[float]) -> VideoInfluences:
    mean = sum(values) / len(values)
    moved = {str(i): (value - mean) / len(values) for i, value in enumerate(values)}
    return influences({}, moved)


def test_three_seeds_by_hand() -> None:
    found = over_seeds([10.0, 12.0, 17.0], [None, None, None])
    # Mean 13, variance 13, standard error sqrt(13 / 3), two degrees of freedom: 4.3027.
    assert found.value == 13.0
    assert found.freedom == 2
    assert found.standard_error == pytest.approx(math.sqrt(13 / 3))
    reach = 4.302653 * math.sqrt(13 / 3)
    assert found.interval == pytest.approx((13 - reach, 13 + reach), rel=1e-5)
    assert found.spread == pytest.approx(math.sqrt(13))


def test_the_real_videos_add_their_part_and_freedom() -> None:
    real = {"a": 1.0, "b": -1.0, "c": 2.0, "d": -2.0, "e": 0.0}
    seeds = [influences(real, NOTHING) for _ in range(3)]
    found = over_seeds([10.0, 12.0, 17.0], seeds)
    of_real = 10 * 5 / 4  # sum of squares, times n / (n - 1)
    between = 13 / 3
    assert found.real == pytest.approx(math.sqrt(of_real))
    assert found.between == pytest.approx(math.sqrt(between))
    assert found.standard_error == pytest.approx(math.sqrt(of_real + between))
    expected = (of_real + between) ** 2 / (of_real**2 / 4 + between**2 / 2)
    assert found.freedom == pytest.approx(expected)


def test_seeds_that_agree_by_accident_do_not_hide_the_samples_chance() -> None:
    samples = mean_of([0.0, 4.0, 8.0, 12.0])
    found = over_seeds([5.0, 5.0, 5.0], [samples] * 3)
    # Each seed's mean has variance s^2 / n = (80 / 3) / 4, theirs of three a third of it.
    assert found.between == 0.0
    assert found.samples == pytest.approx(math.sqrt(80 / 3 / 4 / 3))
    assert found.standard_error == found.samples
    assert found.freedom == 2


def test_one_seed_has_no_interval_over_seeds() -> None:
    samples = mean_of([0.0, 4.0, 8.0, 12.0])
    found = over_seeds([6.0], [samples])
    assert found.between is None
    assert found.spread is None
    assert found.standard_error == pytest.approx(math.sqrt(80 / 3 / 4))
    reach = student.ppf(0.975, 3) * found.standard_error  # four samples, no real videos
    assert found.interval == pytest.approx((6 - reach, 6 + reach), rel=1e-5)
    alone = over_seeds([6.0], [None])
    assert (alone.value, alone.interval) == (6.0, None)


def test_what_pairs_share_leaves_their_difference() -> None:
    shared = {"a": 1.0, "b": -1.0, "c": 3.0, "d": -3.0}
    ours, theirs = influences(shared, {"x": 0.5, "y": -0.5}), influences(shared, {"x": 0.5})
    found = difference(ours, theirs)
    assert found is not None
    assert set(found.real.values()) == {(0.0, 0.0)}
    assert found.fake == {"x": (0.0, 0.0), "y": (-0.5, -0.5)}
    assert difference(ours, None) is None


def test_three_seeds_cover_the_truth_as_often_as_they_say() -> None:
    chance = random.Random(1)
    hits = 0
    for _ in range(300):
        seeds = [chance.gauss(7.0, 1.0) for _ in range(3)]
        low, high = over_seeds(seeds, [None] * 3).interval or (0.0, 0.0)
        hits += low <= 7.0 <= high
    assert 0.92 <= hits / 300 <= 0.98


@pytest.mark.parametrize("count", [2, 3])
def test_few_seeds_of_skewed_numbers_cover_less_than_they_say(count: int) -> None:
    """Log-normal numbers of mean 1: 87 to 94 %, which the tables of ablations say."""
    chance = random.Random(1)
    hits = 0
    for _ in range(500):
        seeds = [chance.lognormvariate(-0.32, 0.8) for _ in range(count)]
        low, high = over_seeds(seeds, [None] * count).interval or (0.0, 0.0)
        hits += low <= 1.0 <= high
    assert 0.83 <= hits / 500 <= 0.95


def test_what_cannot_be_meant() -> None:
    with pytest.raises(InputError, match="at least one seed"):
        over_seeds([], [])
    with pytest.raises(InputError, match=r"such as 0\.95"):
        over_seeds([1.0, 2.0], [None, None], level=95)
