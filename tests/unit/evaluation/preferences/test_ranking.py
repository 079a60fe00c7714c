"""Bradley-Terry strengths: against log odds and statsmodels, without a maximum, without a graph."""

import math
import sys

import numpy as np
import pytest
from statsmodels.discrete.discrete_model import Logit
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

from leo_bench.benchmarks.evidence.study_coverage import Cell, run_cell
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.preferences.crossed import Crossed
from leo_bench.evaluation.preferences.power import Spread
from leo_bench.evaluation.preferences.ranking import Duel, bradley_terry, fit


def duels(first: str, second: str, wins: int, losses: int) -> list[Duel]:
    """Votes of as many raters on one item of two methods."""
    return [
        Duel(first, second, number < wins, f"r{number}", f"{first} {second}")
        for number in range(wins + losses)
    ]


def drawn_duels(seed: int = 0) -> list[Duel]:
    """Three methods, 8 raters with a taste of their own, 6 items of each two methods."""
    generator = np.random.default_rng(seed)
    taste = generator.normal(0, 0.7, (8, 3)) + np.array([0.8, 0.0, -0.6])
    return [
        Duel(
            "abc"[i],
            "abc"[j],
            bool(generator.random() < 1 / (1 + math.exp(taste[rater, j] - taste[rater, i]))),
            f"r{rater}",
            f"{i}{j}{item}",
        )
        for rater in range(8)
        for i, j in ((0, 1), (0, 2), (1, 2))
        for item in range(6)
    ]


def test_two_methods_have_the_log_odds_of_the_share() -> None:
    one, other = bradley_terry(duels("ours", "theirs", 15, 5))
    assert (one.name, other.name) == ("ours", "theirs")
    assert one.value == pytest.approx(math.log(15 / 5) / 2)
    assert one.value == -other.value
    assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]))
    # One item, each rater one vote: the likelihood's own error.
    error = math.sqrt(1 / (20 * 0.75 * 0.25)) / 2
    assert one.interval[1] - one.value == pytest.approx(1.959964 * error, rel=1e-4)


def test_strengths_and_errors_are_statsmodels() -> None:
    votes = drawn_duels()
    contrasts = [[(d.first == m) - (d.second == m) for m in "ab"] for d in votes]
    logit = Logit([float(d.first_wins) for d in votes], contrasts).fit(disp=0, tol=1e-12)
    centred = np.array([[2, -1], [-1, 2], [-1, -1]]) / 3  # strengths of a, b, c by those of a, b
    found = {strength.name: strength for strength in bradley_terry(votes)}
    expected = centred @ logit.params
    assert [found[name].value for name in "abc"] == pytest.approx(expected, abs=1e-7)

    raters, items = (
        np.unique([getattr(duel, name) for duel in votes], return_inverse=True)[1]
        for name in ("rater", "item")
    )
    both, by_rater, by_item = (
        np.diag(centred @ covariance @ centred.T)
        for covariance in cov_cluster_2groups(logit, raters, items, use_correction=False)
    )
    by_vote = by_rater + by_item - both
    variance = by_vote + np.maximum(by_rater * 8 / 7 - by_vote, 0)
    variance += np.maximum(by_item * 18 / 17 - by_vote, 0)
    model = np.diag(centred @ logit.cov_params() @ centred.T)
    places = [(ord(d.first) - 97, ord(d.second) - 97)[:: 1 if d.first_wins else -1] for d in votes]
    winners, losers = np.array(places).T
    errors = fit(winners, losers, 3, Crossed(raters, items)).errors
    assert errors == pytest.approx(np.sqrt(np.maximum(variance, model)), rel=1e-6)


def test_a_method_that_never_loses_is_finite_and_says_why() -> None:
    votes = duels("best", "worst", 12, 0)
    best, worst = bradley_terry(votes)
    assert best.value == pytest.approx(math.log(12.5 / 0.5) / 2)
    assert "half a vote" in best.method
    assert best.interval[0] < best.value < best.interval[1]
    assert best.interval[1] - best.interval[0] > 1
    assert (best.name, worst.name) == ("best", "worst")
    assert "half a vote" not in bradley_terry(drawn_duels())[0].method


def test_methods_that_were_never_compared() -> None:
    votes = duels("a", "b", 3, 1) + duels("c", "d", 3, 1)
    with pytest.raises(InputError, match=r"never compared.*: a, b \| c, d; compare"):
        bradley_terry(votes)


def test_what_is_no_set_of_duels(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="one vote at least"):
        bradley_terry([])
    with pytest.raises(InputError, match="itself"):
        bradley_terry([Duel("a", "a", True, "r", "i")])
    with pytest.raises(InputError, match="twice"):
        bradley_terry([Duel("a", "b", True, "r", "i")] * 2)
    monkeypatch.setitem(sys.modules, "choix", None)
    with pytest.raises(InputError, match=r"pip install 'leo-bench\[study\]'"):
        bradley_terry(drawn_duels())


def test_the_order_of_the_votes_and_of_the_two_methods_does_not_matter() -> None:
    votes = drawn_duels()
    turned = [Duel(d.second, d.first, not d.first_wins, d.rater, d.item) for d in reversed(votes)]
    for one, other in zip(bradley_terry(votes), bradley_terry(turned), strict=True):
        assert one.name == other.name
        assert one.interval == pytest.approx(other.interval)


def test_intervals_hold_the_strengths_over_all_raters_and_items() -> None:
    row = run_cell(Cell("strength", 10, 10, math.nan, Spread(1, 0.5)), 60)
    assert row.intervals == 240
    assert 0.9 < row.coverage < 0.99
