"""Fleiss' kappa: statsmodels' value, tables that it does not take, and intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_votes import Rows, crossed
from statsmodels.stats.inter_rater import fleiss_kappa as kappa_of_statsmodels

from leo_bench.benchmarks.evidence.study_coverage import Cell, run_cell
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.preferences.agreement import Agreement, fleiss_kappa, kappa_of_pairs
from leo_bench.evaluation.preferences.drawn import drawn_votes
from leo_bench.evaluation.preferences.power import Spread


def kappa(rows: Rows) -> Agreement:
    yes, raters, items = crossed(rows)
    return fleiss_kappa(["yes" if vote else "no" for vote in yes], raters, items)


def test_the_value_is_statsmodels() -> None:
    generator = np.random.default_rng(0)
    answers = generator.integers(0, 3, (5, 12))
    answers[:, :6] = generator.integers(0, 3, 6)
    raters, items = np.indices(answers.shape).reshape(2, -1)
    found = fleiss_kappa(
        [f"{answer}" for answer in answers.ravel()],
        [f"r{rater}" for rater in raters],
        [f"i{item}" for item in items],
    )
    table = np.stack([(answers == answer).sum(0) for answer in range(3)], 1)
    assert found.value == pytest.approx(kappa_of_statsmodels(table))
    assert (found.raters, found.items) == (5, 12)
    assert found.value is not None
    assert found.interval is not None
    assert found.interval[0] < found.value < found.interval[1]


def test_pairs_have_statsmodels_kappa_of_even_chance_whichever_clip_is_the_first() -> None:
    generator = np.random.default_rng(0)
    answers = generator.random((6, 14)) < generator.random(14) ** 0.3
    raters, items = (
        [f"{place}" for place in places.ravel()] for places in np.indices(answers.shape)
    )
    found = kappa_of_pairs(answers.ravel().tolist(), raters, items)
    table = np.stack([answers.sum(0), (~answers).sum(0)], 1)
    assert found.value == pytest.approx(kappa_of_statsmodels(table, method="randolph"))
    turned = kappa_of_pairs((answers ^ (np.arange(14) % 3 == 0)).ravel().tolist(), raters, items)
    assert found.value == pytest.approx(turned.value)
    assert found.interval is not None
    assert found.interval == pytest.approx(turned.interval)
    assert found.interval[0] < found.value < found.interval[1]


def test_items_with_unlike_numbers_of_answers_by_hand() -> None:
    # Items: yes yes / yes no no / no. Agreement: 1, 1/3. Shares of yes: 1, 1/3, 0.
    found = kappa([[1, 1, 0], [1, 0, -1], [-1, 0, -1]])
    chance = (4 / 9) ** 2 + (5 / 9) ** 2
    assert found.value == pytest.approx((2 / 3 - chance) / (1 - chance))
    assert found.interval is None


@pytest.mark.parametrize("rows", [[[1, 1], [1, 1]], [[1, 0, 1]], [[1]]])
def test_kappa_that_is_not_defined(rows: Rows) -> None:
    assert (kappa(rows).value, kappa(rows).interval) == (None, None)


def test_raters_who_agree_in_everything_have_no_interval() -> None:
    found = kappa([[1, 0, 1, 0, 0]] * 4)
    assert found.value == pytest.approx(1)
    assert found.interval is None


def test_raters_who_agree_more_have_more_kappa() -> None:
    few, some, many = (
        kappa(drawn_votes(0.5, 12, 30, Spread(0, items), seed=1).astype(int).tolist()).interval
        for items in (0.0, 1.0, 5.0)
    )
    assert few is not None
    assert some is not None
    assert many is not None
    assert few[1] < many[0]
    assert few[0] < some[0] < many[0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(-1, 1), min_size=4, max_size=4), min_size=1, max_size=5))
def test_any_answers_are_measured(rows: list[list[int]]) -> None:
    if all(vote < 0 for row in rows for vote in row):
        return
    found = kappa(rows)
    if found.interval is not None:
        assert found.value is not None
        assert -1 <= found.interval[0] <= found.value <= found.interval[1] <= 1


def test_what_is_no_set_of_answers() -> None:
    with pytest.raises(InputError, match="one vote at least"):
        fleiss_kappa([], [], [])
    with pytest.raises(InputError, match="level"):
        fleiss_kappa(["a"], ["r"], ["i"], level=0)


def test_intervals_hold_the_kappa_over_all_raters_and_items() -> None:
    row = run_cell(Cell("kappa", 20, 20, 0.5, Spread(0.5, 1)), 100)
    assert row.told == 1
    assert 0.92 < row.coverage < 0.99
