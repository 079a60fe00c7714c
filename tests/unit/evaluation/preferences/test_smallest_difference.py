"""The difference of two methods that a study can find, against simulated studies."""

import numpy as np
import pytest
from scipy.special import expit

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.preferences.power import (
    Design,
    Spread,
    middle_log_odds,
    smallest_difference,
)
from leo_bench.evaluation.preferences.shares import Votes, difference_of_shares

RATERS, ITEMS = 20, 20


def test_simulated_studies_find_it_about_as_often() -> None:
    spread = Spread(0.5, 0.5)
    difference = smallest_difference(Design(RATERS, ITEMS), spread)
    assert difference is not None
    random = np.random.default_rng(0)
    middles = [middle_log_odds(0.5 + side * difference / 2, spread) for side in (1, -1)]
    raters = [f"r{r}" for r in range(RATERS) for _ in range(ITEMS)]
    found = 0
    for _ in range(150):
        of_raters = spread.raters * random.standard_normal((RATERS, 1))
        both = []
        for method, middle in enumerate(middles):
            of_items = spread.items * random.standard_normal(ITEMS)
            yes = random.random((RATERS, ITEMS)) < expit(middle + of_raters + of_items)
            items = [f"{method} {i}" for _ in range(RATERS) for i in range(ITEMS)]
            both.append(Votes(yes.ravel().tolist(), raters, items))
        found += difference_of_shares(*both).interval[0] > 0
    assert 0.7 <= found / 150 <= 0.9  # 80 % with a standard error of 3.3 points


def test_more_raters_items_and_likeness_find_smaller_ones() -> None:
    usual = smallest_difference(Design(20, 20), Spread())
    others = [
        smallest_difference(Design(40, 20), Spread()),
        smallest_difference(Design(20, 40), Spread()),
        smallest_difference(Design(20, 20), Spread(items=0.1)),
        smallest_difference(Design(20, 20), Spread(), power=0.5),
        smallest_difference(Design(20, 20), Spread(), level=0.8),
    ]
    assert usual is not None
    assert all(other is not None and other < usual for other in others)


def test_too_few_find_nothing() -> None:
    assert smallest_difference(Design(1, 20), Spread()) is None
    assert smallest_difference(Design(20, 1), Spread()) is None
    assert smallest_difference(Design(2, 2), Spread(), level=0.99) is None
    with pytest.raises(InputError, match="0 raters and 5 items"):
        Design(0, 5)
