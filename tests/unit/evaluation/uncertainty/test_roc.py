"""ROC and the area under it, by hand."""

import math

import pytest

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.roc import Point, area_under, roc
from leo_bench.leo.seeds import normal


def test_points_by_hand() -> None:
    assert roc([3.0, 2.0], [2.0, 1.0]) == [
        Point(math.inf, 0.0, 0.0),
        Point(3.0, 0.0, 0.5),
        Point(2.0, 0.5, 1.0),
        Point(1.0, 1.0, 1.0),
    ]


def test_area_by_hand() -> None:
    assert area_under([3.0, 2.0], [2.0, 1.0]).value == 3.5 / 4  # a tie counts half
    assert area_under([1.0, 2.0], [3.0, 4.0]).value == 0
    assert area_under([-math.inf, 1.0], [-math.inf, 0.0]).value == 2.5 / 4


def test_a_perfect_area_is_no_certainty() -> None:
    above, below = [float(i) for i in range(64, 128)], [float(i) for i in range(64)]
    low, high = area_under(above, below).interval
    # At this area all of 64 pairs are told right once in 40 times.
    assert low**64 == pytest.approx(0.025)
    assert high == 1
    assert area_under(below, above).interval == pytest.approx((0, 1 - low))


def test_the_interval_narrows_as_videos_are_added_and_holds_the_truth() -> None:
    truth = 0.5 * (1 + math.erf(0.5))  # normal, one standard deviation apart
    widths = []
    for count in (50, 800):
        found = area_under(
            (normal((count,), "positive", count) + 1).tolist(),
            normal((count,), "negative", count).tolist(),
        )
        low, high = found.interval
        assert low < truth < high
        widths.append(high - low)
    assert widths[1] == pytest.approx(widths[0] / 4, rel=0.2)


def test_an_empty_side() -> None:
    with pytest.raises(InputError, match="0 positive and 1 negative"):
        roc([], [1.0])
    with pytest.raises(InputError, match="two scores"):
        area_under([1.0], [1.0, 2.0])
