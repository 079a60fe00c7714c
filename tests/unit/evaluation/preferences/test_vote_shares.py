"""Shares of votes: by hand, against Wilson's interval, and how often intervals hold the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_votes import Rows, crossed, votes_of

from leo_bench.benchmarks.evidence.study_coverage import Cell, run_cell
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.preferences.crossed import Crossed, components
from leo_bench.evaluation.preferences.power import Spread
from leo_bench.evaluation.preferences.shares import (
    Votes,
    difference_of_shares,
    share_of_votes,
)
from leo_bench.evaluation.uncertainty.paired_shares import wilson_interval


def test_components_are_those_of_the_analysis_of_variance_by_hand() -> None:
    rows: Rows = [[1, 1, 1], [0, 1, 0]]
    values, raters, items = crossed(rows)
    y = np.array(rows, dtype=float)
    of_raters = 3 * ((y.mean(1) - y.mean()) ** 2).sum()
    of_items = 2 * ((y.mean(0) - y.mean()) ** 2).sum() / 2
    of_rest = (((y - y.mean()) ** 2).sum() - of_raters - 2 * of_items) / 2
    found = components(np.array(values, dtype=float), Crossed.of(raters, items, 6))
    assert found.rest == pytest.approx(of_rest)
    assert found.raters == pytest.approx((of_raters - of_rest) / 3)
    assert found.items == pytest.approx(max((of_items - of_rest) / 2, 0.0), abs=1e-12)


@pytest.mark.parametrize("rows", [[[1, 0, 1, 1]], [[1], [0], [1], [1]]])
def test_one_rater_or_one_item_has_wilsons_interval(rows: Rows) -> None:
    found = share_of_votes(*crossed(rows))
    assert found.interval == pytest.approx(wilson_interval(3, 4))
    assert "alone" in found.method


def test_votes_of_raters_that_are_unlike_say_less() -> None:
    alike = share_of_votes(*crossed([[1, 0] * 4, [0, 1] * 4] * 3))
    unlike = share_of_votes(*crossed([[1] * 8, [0] * 8] * 3))
    assert alike.interval == pytest.approx(wilson_interval(24, 48))
    assert alike.sd_raters == 0
    assert unlike.sd_raters == pytest.approx(np.std([1, 0] * 3, ddof=1))
    # Six raters who always answer the same are six votes.
    assert unlike.interval[0] < wilson_interval(3, 6)[0]


def test_effects_of_rounding_are_none() -> None:
    # Components of raters and items are exactly 0 here, and were some 1e-16 for yes.
    one_no, one_yes = ([[k, k, 1 - k], [k] * 3, [k] * 3] for k in (1, 0))
    found, mirrored = share_of_votes(*crossed(one_no)), share_of_votes(*crossed(one_yes))
    assert (found.sd_raters, found.sd_items) == (0, 0)
    assert found.interval == pytest.approx([1 - end for end in mirrored.interval[::-1]])
    assert found.interval == pytest.approx(wilson_interval(8, 9))


@pytest.mark.parametrize(("yes", "end"), [(1, 1), (0, 0)])
def test_votes_that_are_all_alike_leave_a_width(yes: int, end: int) -> None:
    found = share_of_votes(*crossed([[yes] * 5] * 4))
    assert found.value == end
    assert found.interval == pytest.approx(wilson_interval(20 * yes, 20))


def test_what_is_no_set_of_votes() -> None:
    with pytest.raises(InputError, match="one vote at least"):
        share_of_votes([], [], [])
    with pytest.raises(InputError, match="2 votes, 1 raters"):
        share_of_votes([True, False], ["a"], ["x", "y"])
    with pytest.raises(InputError, match="rater a answered item x twice"):
        share_of_votes([True, False], ["a", "a"], ["x", "x"])
    with pytest.raises(InputError, match="level"):
        share_of_votes([True], ["a"], ["x"], level=1.5)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), min_size=1))
def test_any_votes_have_an_interval_around_their_share(votes: list[tuple[int, int, bool]]) -> None:
    once = {(rater, item): yes for rater, item, yes in votes}
    raters, items = ([f"{pair[place]}" for pair in once] for place in (0, 1))
    found = share_of_votes(list(once.values()), raters, items)
    low, high = found.interval
    assert 0 <= low <= found.value <= high <= 1
    assert high - low > 0.05
    mirrored = share_of_votes([not yes for yes in once.values()], raters, items)
    assert mirrored.interval == pytest.approx((1 - high, 1 - low), abs=1e-9)
    wide = share_of_votes(list(once.values()), raters, items, level=0.99).interval
    assert wide[0] <= low <= high <= wide[1]


def test_the_difference_of_two_methods_by_the_same_raters() -> None:
    # Raters are unlike each other and like themselves: that leaves the difference.
    first = [[1, 1, 1, 1, 0], [1, 1, 0, 1, 1], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0]]
    second = [[1, 1, 0, 1, 0], [1, 0, 0, 1, 1], [0, 0, 0, 0, 0], [0, 0, 0, 1, 0]]
    same = difference_of_shares(votes_of(first, "a"), votes_of(second, "b"))
    p, q = (share_of_votes(*crossed(rows)) for rows in (first, second))
    assert (same.value, same.first, same.second) == (p.value - q.value, p, q)
    assert 0.5 < same.correlation <= 1
    values, raters, items = crossed(second, "b")
    others = difference_of_shares(
        votes_of(first, "a"), Votes(values, [f"other {rater}" for rater in raters], items)
    )
    assert others.correlation == 0
    assert others.interval[0] < same.interval[0] < same.value < same.interval[1]
    low = np.hypot(p.value - p.interval[0], q.interval[1] - q.value)
    assert others.interval[0] == pytest.approx(p.value - q.value - low)


def test_the_difference_of_all_and_nothing() -> None:
    found = difference_of_shares(votes_of([[1] * 4] * 3, "a"), votes_of([[0] * 4] * 3, "b"))
    assert (found.value, found.interval[1], found.correlation) == (1.0, 1.0, 0.0)
    assert found.interval[0] < 0.8


def test_intervals_hold_the_share_of_all_raters_and_items() -> None:
    """Wilson's interval of all votes does not."""
    row = run_cell(Cell("share", 20, 20, 0.65, Spread(1.0, 0.5)), 300)
    assert 0.92 < row.coverage < 0.98
    assert row.wilson < 0.75


def test_intervals_hold_where_raters_see_a_part_of_the_items() -> None:
    row = run_cell(Cell("share, half", 20, 20, 0.65, Spread(0.5, 1.0)), 300)
    assert 0.92 < row.coverage < 0.98
    assert row.wilson < 0.85


def test_intervals_hold_the_difference() -> None:
    row = run_cell(Cell("difference", 20, 20, 0.4, Spread(1.0, 0.5), 0.1), 200)
    assert 0.92 < row.coverage < 0.99
