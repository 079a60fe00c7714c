"""Crossed designs: raters answer items, and both are drawn from more of their kind.

A value is mean + rater's effect + item's effect + rest. The three variances follow from sums of
squares within raters, within items and of all values, whose expectations are linear in them
[Gao and Owen 2017, Electronic Journal of Statistics 11, 1235-1296]. Where every rater answered
every item, they are those of the two-way analysis of variance. Raters may see a part of the items,
and effects need not be normal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leo_bench.evaluation.errors import InputError

Values = NDArray[np.float64]
Codes = NDArray[np.intp]  # of groups, from 0

ROUNDING = 1e-12  # of components, relative to the largest


@dataclass(frozen=True)
class Crossed:
    """Who answered what.

    Args:
        raters: [N], number of each vote's rater.
        items: [N], number of each vote's item.
    """

    raters: Codes
    items: Codes

    @classmethod
    def of(cls, raters: Sequence[str], items: Sequence[str], votes: int) -> "Crossed":
        """From names, one of each a vote.

        Raises:
            InputError: no votes; other counts than `votes`; a rater answered an item twice.
        """
        if not votes or not votes == len(raters) == len(items):
            raise InputError(
                f"{votes} votes, {len(raters)} raters and {len(items)} items: one of each a vote "
                "is expected, one vote at least"
            )
        seen = set()
        for pair in zip(raters, items, strict=True):
            if pair in seen:
                raise InputError(f"rater {pair[0]} answered item {pair[1]} twice; once is expected")
            seen.add(pair)
        return cls(_codes(raters), _codes(items))

    @property
    def rater_count(self) -> int:
        """How many raters there are."""
        return int(self.raters.max()) + 1

    @property
    def item_count(self) -> int:
        """How many items there are."""
        return int(self.items.max()) + 1


@dataclass(frozen=True)
class Components:
    """Variances of a rater's effect, of an item's effect, and of the rest of one value."""

    raters: float
    items: float
    rest: float


def components(values: Values, design: Crossed) -> Components:
    """Variance components of float64 [N] values.

    An effect is 0 where its estimate is not above 0; the others are then estimated without it. It
    is 0 too where the design cannot tell it from the rest: of one rater or one item, or where each
    rater (each item) has one vote.
    """
    effects = {"raters": design.raters, "items": design.items}
    effects = {name: codes for name, codes in effects.items() if _is_told(codes)}
    while True:
        found = _solved(values, effects)
        lowest = min(effects, key=lambda name: found[name], default=None)
        least = ROUNDING * max(map(abs, found.values()))
        if lowest is None or found[lowest] > least:
            return Components(
                found.get("raters", 0.0), found.get("items", 0.0), max(found["rest"], 0.0)
            )
        del effects[lowest]


def _solved(values: Values, effects: Mapping[str, Codes]) -> dict[str, float]:
    """The components at which all sums of squares are as expected."""
    count = len(values)
    sizes = {name: np.bincount(codes) for name, codes in effects.items()}
    whole = [count - (size**2).sum() / count for size in sizes.values()]
    expected = [[*whole, count - 1]]
    squares = [_within(values, np.zeros(count, np.intp))]
    for name, codes in effects.items():
        free = count - len(sizes[name])
        expected.append([*(0 if other == name else free for other in effects), free])
        squares.append(_within(values, codes))
    solved = np.linalg.lstsq(np.array(expected, float), np.array(squares), rcond=None)[0]
    return dict(zip((*effects, "rest"), map(float, solved), strict=True))


def _is_told(codes: Codes) -> bool:
    """Whether an effect of raters (or items) can be told from the rest."""
    return 1 < int(codes.max()) + 1 < len(codes)


def effective_number(codes: Codes) -> float:
    """N^2 / sum of squared votes of each group: their number where all have equally many."""
    return float(len(codes) ** 2 / (np.bincount(codes) ** 2).sum())


def group_sums(values: Values, codes: Codes) -> Values:
    """Sums of [N] values by group -> [groups]."""
    return np.bincount(codes, weights=values).astype(np.float64)


def _codes(names: Sequence[str]) -> Codes:
    return np.unique(np.asarray(names, dtype=str), return_inverse=True)[1]


def _within(values: Values, codes: Codes) -> float:
    """Sum of squares around the means of groups."""
    means = group_sums(values, codes) / np.bincount(codes)
    return float(((values - means[codes]) ** 2).sum())
