"""How small a preference a study can find, before anybody is asked.

A preference is found where the interval of `shares.share_of_votes` lies on its side of 0.5. The
variance components follow from the assumed spread of raters and items on the scale of log odds:

    log odds of a vote = m + rater's effect + item's effect,  both normal

with m such that the share over all raters and items is the given one. The chance that the interval
excludes 0.5 is that of Student's noncentral t. Checked against simulation:
benchmarks/coverage.md.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.preferences.crossed import Components
from leo_bench.evaluation.preferences.shares import effective_votes
from leo_bench.evaluation.uncertainty.variance import LEVEL, student_reach

# Gauss-Hermite quadrature over a standard normal: shares to 1e-9 for effects whose standard
# deviation is up to 2, and to 1e-5 up to 4.
NODES, WEIGHTS = hermegauss(64)
WEIGHTS = WEIGHTS / WEIGHTS.sum()

# The largest share that `smallest_share` tries.
LARGEST = 0.999


@dataclass(frozen=True)
class Spread:
    """How much raters and items differ: standard deviations on the scale of log odds.

    The defaults are an assumption: no published components of such votes are known to us. With 0.5,
    two thirds of raters (items) have shares between 38 and 62 % where the share of all is 50 %.
    `ShareOfVotes.sd_raters` and `sd_items` of a finished study, on the scale of shares, say more:
    0.5 is 0.11 there.

    Args:
        raters: of the raters' effects.
        items: of the items' effects.

    Raises:
        InputError: one is negative or not a number.
    """

    raters: float = 0.5
    items: float = 0.5

    def __post_init__(self) -> None:
        if not (0 <= self.raters < math.inf and 0 <= self.items < math.inf):
            raise InputError(
                f"a spread of {self.raters} and {self.items}; expected numbers from 0 on"
            )


@dataclass(frozen=True)
class Design:
    """Who votes on what.

    Args:
        raters: their number.
        items: their number, over all raters.
        per_rater: items that each rater votes on, all items equally often; None: all of them.

    Raises:
        InputError: no rater or no item; a rater votes on more items than there are.
    """

    raters: int
    items: int
    per_rater: int | None = None

    def __post_init__(self) -> None:
        if self.raters < 1 or self.items < 1:
            raise InputError(
                f"{self.raters} raters and {self.items} items: one of each at least is needed"
            )
        if not 1 <= self.votes_a_rater <= self.items:
            raise InputError(f"{self.per_rater} items a rater: expected 1 to {self.items}")

    @property
    def votes_a_rater(self) -> int:
        """Votes of each rater."""
        return self.items if self.per_rater is None else self.per_rater

    @property
    def votes(self) -> int:
        """All votes."""
        return self.raters * self.votes_a_rater


def power(share: float, design: Design, spread: Spread, level: float = LEVEL) -> float:
    """Chance that a study finds a preference of this share; 0 for one rater or one item.

    Args:
        share: of votes, over all raters and items there could be.
        design: of the study.
        spread: how much raters and items differ.
        level: of the interval that excludes 0.5.

    Raises:
        InputError: a share outside (0, 1); a level outside (0, 1).
    """
    return _chance(share, design, spread, level)


def smallest_share(
    design: Design, spread: Spread, power: float = 0.8, level: float = LEVEL
) -> float | None:
    """The smallest share above 0.5 that a study finds with this chance; None: LARGEST is not found.

    Raises:
        InputError: as `power`.
    """

    def lacking(share: float) -> float:
        return _chance(share, design, spread, level) - power

    if lacking(LARGEST) < 0:
        return None
    return float(brentq(lacking, 0.5, LARGEST, xtol=1e-6))


def smallest_difference(
    design: Design, spread: Spread, power: float = 0.8, level: float = LEVEL
) -> float | None:
    """The smallest difference of two shares, one on either side of 0.5, found with this chance.

    Both are of the same raters, whose effects leave the difference, each on items of its own. It is
    found where the interval of `shares.difference_of_shares` excludes 0. An approximation: in
    simulated studies of 10 to 50 raters and items, 68 to 88 % find what this gives for 80 %.

    Returns:
        The difference; None: 2 LARGEST - 1 is not found.

    Raises:
        InputError: as `power`.
    """
    freedom = min(design.raters, design.items) - 1
    if freedom == 0:
        return None
    reach = student_reach(level, freedom)

    def lacking(difference: float) -> float:
        expected = expected_components(0.5 + difference / 2, spread)
        variance = expected.items / design.items + expected.rest / design.votes
        error = math.sqrt(2 * variance)
        return _beyond(reach, freedom, difference / error) - power

    largest = 2 * LARGEST - 1
    return None if lacking(largest) < 0 else float(brentq(lacking, 1e-6, largest, xtol=1e-6))


def _chance(share: float, design: Design, spread: Spread, level: float) -> float:
    raters, items, votes = design.raters, design.items, design.votes
    if min(raters, items) == 1:
        return 0.0
    expected = expected_components(share, spread)
    variance = expected.raters / raters + expected.items / items + expected.rest / votes
    printed = _estimated(expected, design)
    effective = effective_votes(share, printed, raters=raters, items=items, votes=votes)
    # Wilson's interval excludes 0.5 where the share is so far from it.
    limit = student_reach(level, effective.freedom) * math.sqrt(0.25 / effective.count / variance)
    return _beyond(limit, effective.freedom, abs(share - 0.5) / math.sqrt(variance))


def _beyond(limit: float, freedom: float, shift: float) -> float:
    """Chance that Student's noncentral t lies above a limit.

    By a normal one [Abramowitz and Stegun 1964, 26.7.10]: `scipy.special.nctdtr` has no value at
    large shifts.
    """
    middle = limit * (1 - 1 / (4 * freedom))
    return float(ndtr((shift - middle) / math.sqrt(1 + limit**2 / (2 * freedom))))


def _estimated(true: Components, design: Design) -> Components:
    """What `crossed.components` is expected to estimate: no effect is estimated to be below 0.

    Means of squares are taken to be independent and chi-squared, their differences normal.
    """

    def estimated(effect: float, groups: int) -> float:
        votes = max(design.votes / groups, 2)  # one vote of each tells no effect from the rest
        rest = true.rest**2 / (votes - 1)
        noise = math.sqrt(2 / (groups - 1) * ((votes * effect + true.rest) ** 2 + rest)) / votes
        shift = effect / noise if noise else math.inf
        density = math.exp(-(shift**2) / 2) / math.sqrt(2 * math.pi)
        return effect * float(ndtr(shift)) + noise * density

    return Components(
        estimated(true.raters, design.raters), estimated(true.items, design.items), true.rest
    )


def expected_components(share: float, spread: Spread) -> Components:
    """Variance components of votes, on the scale of shares.

    Raises:
        InputError: a share outside (0, 1).
    """
    middle = middle_log_odds(share, spread)
    raters, items = (
        _variance_of_shares(middle, own, other)
        for own, other in ((spread.raters, spread.items), (spread.items, spread.raters))
    )
    return Components(raters, items, max(share * (1 - share) - raters - items, 0.0))


def middle_log_odds(share: float, spread: Spread) -> float:
    """Log odds of a vote by a rater and on an item without effect, for a share over all.

    Raises:
        InputError: a share outside (0, 1).
    """
    if not 0 < share < 1:
        raise InputError(f"a share of {share}; expected a number between 0 and 1")
    whole = math.hypot(spread.raters, spread.items)
    start = float(logit(share))
    reach = 8 * whole + 1  # the middle lies further from 0 than log odds of the share
    return float(
        brentq(
            lambda middle: float(_mean_share(np.array([middle]), whole)[0]) - share,
            start - reach,
            start + reach,
            xtol=1e-12,
        )
    )


def _mean_share(middles: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
    """Mean of expit(middle + normal effect), for each middle."""
    means: NDArray[np.float64] = expit(middles[:, None] + spread * NODES) @ WEIGHTS
    return means


def _variance_of_shares(middle: float, own: float, other: float) -> float:
    """Variance over own effects of the share over all others."""
    shares = _mean_share(middle + own * NODES, other)
    return float((shares - shares @ WEIGHTS) ** 2 @ WEIGHTS)
