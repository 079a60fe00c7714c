"""Shares of votes, with intervals that hold for other raters and other items.

A vote is yes or no by a rater on an item. Votes of one rater are alike, and so are votes on one
item, so that N votes say less than N independent ones. The variance of a share is

    s_raters^2 / R + s_items^2 / I + s_rest^2 / N

with the components of `crossed.components`, and R and I the effective numbers of raters and items:
N^2 / sum of squared votes of each. It is never taken to be below that of N independent votes. The
interval is Wilson's of as many independent votes as have this variance, by Student's t with
Satterthwaite's degrees of freedom. So it holds near 0 and 1, and has a width where all votes are
alike. Of one rater (one item) it is Wilson's of the votes, and says nothing about other raters.

Simulated coverage: benchmarks/coverage.md.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from leo_bench.evaluation.preferences.crossed import (
    Components,
    Crossed,
    Values,
    components,
    effective_number,
)
from leo_bench.evaluation.uncertainty.variance import LEVEL, student_reach

METHOD = "Wilson, effective votes by variance components of raters and items"
ONE_RATER = "Wilson; of this rater alone"
ONE_ITEM = "Wilson; of this item alone"
DIFFERENCE = "Newcombe, of the intervals of both shares and their correlation by raters and items"


@dataclass(frozen=True)
class Votes:
    """Answers of yes or no: `yes[n]` by rater `raters[n]` on item `items[n]`."""

    yes: Sequence[bool]
    raters: Sequence[str]
    items: Sequence[str]


@dataclass(frozen=True)
class ShareOfVotes:
    """A share with its interval.

    Args:
        value: share of yes.
        interval: for other raters and other items of the same kind.
        level: of the interval.
        method: how the interval is made.
        votes: their number.
        raters: their number.
        items: their number.
        sd_raters: standard deviation of the shares of raters, each over all items there could be;
            0 where they differ no more than by chance.
        sd_items: of the shares of items, each over all raters; likewise.
    """

    value: float
    interval: tuple[float, float]
    level: float
    method: str
    votes: int
    raters: int
    items: int
    sd_raters: float
    sd_items: float


@dataclass(frozen=True)
class DifferenceOfShares:
    """First share less second share.

    Args:
        value: the difference.
        interval: for other raters and other items of the same kind.
        level: of the interval.
        method: how the interval is made.
        first: the one share.
        second: the other.
        correlation: of the two shares, by the raters and items that they have in common.
    """

    value: float
    interval: tuple[float, float]
    level: float
    method: str
    first: ShareOfVotes
    second: ShareOfVotes
    correlation: float


@dataclass(frozen=True)
class EffectiveVotes:
    """Independent votes that say as much about a share as the votes of a study.

    Args:
        count: how many.
        freedom: degrees of freedom of the variance that this count is made from.
    """

    count: float
    freedom: float

    def interval(self, share: float, level: float) -> tuple[float, float]:
        """Wilson's interval [Wilson 1927, JASA 22, 209-212] by Student's t.

        Raises:
            InputError: a level outside (0, 1).
        """
        squared = student_reach(level, self.freedom) ** 2 / self.count
        middle = (share + squared / 2) / (1 + squared)
        half = math.sqrt(squared * (share * (1 - share) + squared / 4)) / (1 + squared)
        # Rounding must not put a share of 0 or 1 outside.
        return min(max(middle - half, 0.0), share), max(min(middle + half, 1.0), share)


def effective_votes(
    share: float, found: Components, *, raters: float, items: float, votes: int
) -> EffectiveVotes:
    """From variance components, and effective numbers of raters and items.

    Degrees of freedom are those of the effects that are there (above 0): where votes are
    independent, the variance follows from the share.
    """
    effects = ((found.raters, raters), (found.items, items))
    variance = sum(effect / number for effect, number in effects) + found.rest / votes
    independent = share * (1 - share) / max(votes - 1, 1)
    if variance <= independent:
        return EffectiveVotes(votes, math.inf)
    noise = sum(
        (effect / number + found.rest / votes) ** 2 / (number - 1)
        for effect, number in effects
        if effect > 0
    )
    return EffectiveVotes(
        votes * independent / variance, variance**2 / noise if noise > 0 else math.inf
    )


def share_of_votes(
    yes: Sequence[bool], raters: Sequence[str], items: Sequence[str], level: float = LEVEL
) -> ShareOfVotes:
    """The share of yes among votes.

    Args:
        yes: [N].
        raters: [N], who voted.
        items: [N], on what.
        level: share of such intervals that hold the share of all raters and items there could be.

    Raises:
        InputError: no votes; unequally many; a rater answered an item twice; a level outside
            (0, 1).
    """
    return _of_names(Votes(yes, raters, items), level)[0]


def difference_of_shares(first: Votes, second: Votes, level: float = LEVEL) -> DifferenceOfShares:
    """The share of yes in `first` less that in `second`.

    Raters (items) of one name are one rater (item): chance that is common to both shares leaves the
    difference. The interval is Newcombe's for paired shares (1998, Statistics in Medicine 17,
    2635-2650, method 10), with the intervals of `share_of_votes`.

    Raises:
        InputError: as `share_of_votes`.
    """
    (p, p_error), (q, q_error) = (_of_names(votes, level) for votes in (first, second))
    correlation = 0.0
    if p_error > 0 and q_error > 0:
        correlation = _covariance(first, p.value, second, q.value) / (p_error * q_error)
        correlation = min(max(correlation, -1.0), 1.0)
    value = p.value - q.value
    down = _side(p.value - p.interval[0], q.interval[1] - q.value, correlation)
    up = _side(p.interval[1] - p.value, q.value - q.interval[0], correlation)
    return DifferenceOfShares(
        value=value,
        interval=(max(value - down, -1.0), min(value + up, 1.0)),
        level=level,
        method=DIFFERENCE,
        first=p,
        second=q,
        correlation=correlation,
    )


def measured(values: Values, design: Crossed, level: float) -> tuple[ShareOfVotes, float]:
    """The share of yes among votes, and its standard error.

    Args:
        values: [N], 0 and 1.
        design: who voted on what.
        level: of the interval.

    Raises:
        InputError: a level outside (0, 1).
    """
    share, found = float(values.mean()), components(values, design)
    effective = effective_votes(
        share,
        found,
        raters=effective_number(design.raters),
        items=effective_number(design.items),
        votes=len(values),
    )
    result = ShareOfVotes(
        value=share,
        interval=effective.interval(share, level),
        level=level,
        method=_method(design),
        votes=len(values),
        raters=design.rater_count,
        items=design.item_count,
        sd_raters=math.sqrt(found.raters),
        sd_items=math.sqrt(found.items),
    )
    return result, math.sqrt(share * (1 - share) / effective.count)


def _method(design: Crossed) -> str:
    if design.rater_count == 1:
        return ONE_RATER
    return ONE_ITEM if design.item_count == 1 else METHOD


def _side(own: float, other: float, correlation: float) -> float:
    return math.sqrt(max(0.0, own**2 - 2 * correlation * own * other + other**2))


def _of_names(votes: Votes, level: float) -> tuple[ShareOfVotes, float]:
    design = Crossed.of(votes.raters, votes.items, len(votes.yes))
    return measured(np.asarray(votes.yes, dtype=float), design, level)


def _covariance(first: Votes, p: float, second: Votes, q: float) -> float:
    """Of two shares, by the raters and items that they have in common."""
    places = [
        (votes, np.array([(yes - share) / len(votes.yes) for yes in votes.yes]))
        for votes, share in ((first, p), (second, q))
    ]

    def product(names: Callable[[Votes], Iterable[object]]) -> float:
        """Summed over common names, times n / (n - 1)."""
        one, other = (_sums(names(votes), deviations) for votes, deviations in places)
        common = [name for name in one if name in other]
        factor = len(common) / (len(common) - 1) if len(common) > 1 else 0.0
        return factor * math.fsum(one[name] * other[name] for name in common)

    by_rater, by_item = product(lambda votes: votes.raters), product(lambda votes: votes.items)
    if not (by_rater and by_item):
        return by_rater + by_item
    # Either holds the covariance of votes by one rater on one item.
    return by_rater + by_item - product(lambda votes: zip(votes.raters, votes.items, strict=True))


def _sums(names: Iterable[object], values: Iterable[float]) -> dict[object, float]:
    sums: dict[object, float] = {}
    for name, value in zip(names, values, strict=True):
        sums[name] = sums.get(name, 0.0) + value
    return sums
