"""What a study finds: against drawn studies, and in which direction it moves."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leo_bench.benchmarks.evidence.study_power import rows
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.preferences.crossed import Crossed
from leo_bench.evaluation.preferences.drawn import drawn_studies, drawn_votes
from leo_bench.evaluation.preferences.power import (
    Design,
    Spread,
    expected_components,
    power,
    smallest_share,
)
from leo_bench.evaluation.preferences.shares import measured
from leo_bench.evaluation.uncertainty.variance import LEVEL


def test_drawn_votes_have_the_share_and_the_components_that_are_expected() -> None:
    spread, share = Spread(1.0, 0.5), 0.65
    drawn = drawn_studies(share, (400, 40, 40), spread, np.random.default_rng(0)).astype(float)
    expected = expected_components(share, spread)
    assert drawn.mean() == pytest.approx(share, abs=0.005)
    # Two votes of one rater, and two on one item, have the covariance of the rater and of the item.
    by_rater, by_item = drawn.mean(2), drawn.mean(1)
    rest = expected.rest / 40
    assert by_rater.var(1, ddof=1).mean() == pytest.approx(expected.raters + rest, rel=0.05)
    assert by_item.var(1, ddof=1).mean() == pytest.approx(expected.items + rest, rel=0.05)
    assert expected.raters + expected.items + expected.rest == pytest.approx(share * (1 - share))


def test_votes_are_drawn_by_the_seed() -> None:
    one, same, other = (drawn_votes(0.6, 7, 9, Spread(), seed) for seed in (1, 1, 2))
    assert one.shape == (7, 9)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_without_spread_a_vote_is_a_coin() -> None:
    found = expected_components(0.7, Spread(0, 0))
    assert (found.raters, found.items) == pytest.approx((0, 0))
    assert found.rest == pytest.approx(0.21)


def test_studies_find_what_was_planned() -> None:
    """The whole table stands in benchmarks/coverage.md."""
    found = list(rows(200, [(10, 20)]))
    assert len(found) == 8
    for row in found:
        assert row.found == pytest.approx(row.planned, abs=0.12), row


def test_the_smallest_share_is_found_with_the_chance_asked_for() -> None:
    for spread in (Spread(), Spread(1, 1)):
        share = smallest_share(Design(20, 50), spread)
        assert share is not None
        assert power(share, Design(20, 50), spread) == pytest.approx(0.8, abs=1e-3)
        assert power(1 - share, Design(20, 50), spread) == pytest.approx(0.8, abs=1e-3)


@settings(max_examples=20, deadline=None)
@given(st.integers(3, 40), st.integers(3, 40), st.floats(0, 1.5), st.floats(0, 1.5))
def test_more_of_everything_finds_more(raters: int, items: int, a: float, b: float) -> None:
    spread = Spread(a, b)
    found = smallest_share(Design(raters, items), spread)
    if found is None:
        return
    assert 0.5 < found < 1
    more = smallest_share(Design(2 * raters, 2 * items), spread)
    assert more is not None
    assert more < found
    surer = smallest_share(Design(raters, items), spread, 0.9)
    assert surer is None or surer > found


def test_raters_who_see_a_part_find_what_was_planned() -> None:
    design, spread, studies = Design(20, 40, 20), Spread(), 300
    share = smallest_share(design, spread)
    few, many = smallest_share(Design(20, 20), spread), smallest_share(Design(20, 40), spread)
    assert share is not None
    assert few is not None
    assert many is not None
    assert many < share < few
    generator = np.random.default_rng(0)
    drawn = drawn_studies(share, (studies, 20, 40), spread, generator)
    seen = (np.arange(40) + np.arange(20)[:, None]) % 2 == 0
    rater, item = (names.tolist() for names in np.nonzero(seen))
    crossed = Crossed.of(list(map(str, rater)), list(map(str, item)), design.votes)
    found = [
        measured(votes[seen].astype(float), crossed, LEVEL)[0].interval[0] > 0.5 for votes in drawn
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.07)  # a standard error of 2.3 points


def test_one_rater_finds_nothing_about_others() -> None:
    assert power(0.9, Design(1, 50), Spread()) == 0
    assert smallest_share(Design(50, 1), Spread()) is None
    assert smallest_share(Design(2, 2), Spread()) is None


def test_what_cannot_be_planned() -> None:
    with pytest.raises(InputError, match="0 raters"):
        Design(0, 10)
    with pytest.raises(InputError, match="11 items a rater: expected 1 to 10"):
        Design(5, 10, 11)
    with pytest.raises(InputError, match="share of 1"):
        power(1.0, Design(10, 10), Spread())
    with pytest.raises(InputError, match="level"):
        power(0.6, Design(10, 10), Spread(), level=2)
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(InputError, match="spread"):
            Spread(wrong, 0.5)
    with pytest.raises(InputError, match="0 items"):
        drawn_votes(0.5, 3, 0, Spread(), 0)
