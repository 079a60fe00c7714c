"""Votes drawn with a known share and known effects, for simulations and tests."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.preferences.power import Spread, middle_log_odds


def drawn_votes(
    share: float, raters: int, items: int, spread: Spread, seed: int
) -> NDArray[np.bool_]:
    """Votes of a study in which every rater answers every item.

    Args:
        share: of yes, over all raters and items there could be.
        raters: their number.
        items: their number.
        spread: standard deviations of their normal effects on the log odds.
        seed: of all draws.

    Returns:
        bool [raters, items].

    Raises:
        InputError: a share outside (0, 1); no rater or no item.
    """
    studies = drawn_studies(share, (1, raters, items), spread, np.random.default_rng(seed))
    return studies.reshape(raters, items)


def drawn_studies(
    share: float, shape: tuple[int, int, int], spread: Spread, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Votes of many studies, bool [studies, raters, items] by `shape`.

    Raises:
        InputError: as `drawn_votes`.
    """
    studies, raters, items = shape
    if min(shape) < 1:
        raise InputError(f"{raters} raters and {items} items: one of each at least is needed")
    effects = spread.raters * generator.standard_normal((studies, raters, 1))
    effects = effects + spread.items * generator.standard_normal((studies, 1, items))
    chances = expit(middle_log_odds(share, spread) + effects)
    drawn: NDArray[np.bool_] = generator.random(shape) < chances
    return drawn
