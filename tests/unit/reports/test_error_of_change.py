"""How sure the change of a number is: errors, freedoms, false alarms and what is found."""

import math
from pathlib import Path

import numpy as np
import pytest
from made_records import features, keep_fvd

from leo_bench.evaluation.distances.frechet_influence import frechet_statistic
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.influences import (
    ErrorOfDifference,
    VideoInfluences,
    error_of_difference,
    influences_of_mean,
    read_influences,
)
from leo_bench.evaluation.uncertainty.intervals import paired_difference_interval
from leo_bench.reports.comparing import compare, load_settings
from leo_bench.reports.error_of_change import chance_of_rise, detectable_rise
from leo_bench.reports.regression_comment import markdown

VIDEOS = 96
REAL = features(1, VIDEOS)
SHIFT = 0.4  # of every feature: a model with a distance of its own
VIDEOS_OF_A_MEAN = 8


def test_the_error_of_a_difference_is_that_of_the_features(tmp_path: Path) -> None:
    fake = features(2, VIDEOS, SHIFT)
    shifted = type(fake)(1.1 * fake.values + 0.1, fake.videos)
    old, new = (keep_fvd(tmp_path / str(i), REAL, f) for i, f in enumerate((fake, shifted)))
    of_old, of_new = read_influences(old), read_influences(new)
    assert of_old is not None
    assert of_new is not None
    expected = paired_difference_interval(
        frechet_statistic(REAL, shifted, correction=0),
        frechet_statistic(REAL, fake, correction=0),
        seed=0,
    )
    found = error_of_difference(of_new, of_old).standard_error
    assert found == pytest.approx(expected.standard_error, rel=1e-6)


def test_for_a_mean_the_error_is_the_textbook_one() -> None:
    of_values = influences_of_mean({"a": 1.0, "b": 2.0, "c": 6.0})
    constant = influences_of_mean(dict.fromkeys("abc", 5.0))
    found = error_of_difference(
        VideoInfluences(real={}, fake=of_values), VideoInfluences(real={}, fake=constant)
    )
    assert found.standard_error == pytest.approx(math.sqrt((4 + 1 + 9) / 2 / 3))
    assert found.freedom == 2
    with pytest.raises(InputError, match="values of 2 videos"):
        influences_of_mean({"a": 1.0, "b": 2.0})


def drawn_change(random: np.random.Generator, rise: float = 0.0) -> tuple[float, ErrorOfDifference]:
    """The change of a mean over videos that are drawn anew, and its error."""
    names = [f"v{i}" for i in range(VIDEOS_OF_A_MEAN)]
    old, new = (
        dict(zip(names, random.normal(mean, size=len(names)), strict=True)) for mean in (0.0, rise)
    )
    error = error_of_difference(
        VideoInfluences(real={}, fake=influences_of_mean(new)),
        VideoInfluences(real={}, fake=influences_of_mean(old)),
    )
    return sum(new.values()) / len(new) - sum(old.values()) / len(old), error


def test_eight_videos_give_no_more_false_alarms_than_stated() -> None:
    """A comparison of 22 means; with normal quantiles 18 % of such comparisons raise an alarm."""
    random, numbers, alarms = np.random.default_rng(5), 22, 0
    for _ in range(400):
        chances = [
            chance_of_rise(*drawn_change(random), floor=0.0, old=0.0) for _ in range(numbers)
        ]
        alarms += min(chances) <= 0.025 / numbers
    assert alarms / 400 <= 0.025 + 3 * math.sqrt(0.025 / 400)


def test_a_rise_that_is_called_detectable_is_found_four_times_in_five(tmp_path: Path) -> None:
    random, true_error = np.random.default_rng(6), math.sqrt(2 / VIDEOS_OF_A_MEAN)
    for level in (0.025, 0.025 / 22):
        rise = detectable_rise(ErrorOfDifference(true_error, VIDEOS_OF_A_MEAN - 1), level)
        found = [
            chance_of_rise(*drawn_change(random, rise), floor=0.0, old=0.0) <= level
            for _ in range(1000)
        ]
        assert sum(found) / 1000 == pytest.approx(0.8, abs=0.05)
    keep_fvd(tmp_path / "old", REAL, features(2, VIDEOS, SHIFT))
    keep_fvd(tmp_path / "new", REAL, features(3, VIDEOS, SHIFT))
    (change,) = compare(tmp_path / "old", tmp_path / "new", load_settings())
    assert change.error is not None
    assert change.detectable == detectable_rise(change.error, 0.025)
    assert f"| {change.detectable:.2g} |" in markdown([change], tmp_path, tmp_path)


def test_degrees_of_freedom_are_those_of_the_videos(tmp_path: Path) -> None:
    same = influences_of_mean({f"v{i}": float(i) for i in range(9)})
    others = influences_of_mean({f"w{i}": float(i) for i in range(9)})
    still: dict[str, tuple[float, float]] = {}
    paired = error_of_difference(
        VideoInfluences(real=still, fake=same),
        VideoInfluences(real=still, fake=influences_of_mean({f"v{i}": 0.0 for i in range(9)})),
    )
    apart = error_of_difference(
        VideoInfluences(real=still, fake=same), VideoInfluences(real=still, fake=others)
    )
    assert paired.freedom == pytest.approx(8)
    assert apart.freedom == pytest.approx(16)  # Welch's, of two samples with one variance
    none = error_of_difference(
        VideoInfluences(real=still, fake=same), VideoInfluences(real=still, fake=same)
    )
    assert (none.standard_error, none.freedom) == (0.0, math.inf)
