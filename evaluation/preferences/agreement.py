"""Agreement of raters: Fleiss' kappa, with an interval that holds for other raters and other items.

kappa = (agreement - chance) / (1 - chance)

agreement: how often two raters of one item answer alike, averaged over items; chance: how often
they would if answers were drawn by their shares, averaged over items. Where every item has as many
answers, this is `statsmodels.stats.inter_rater.fleiss_kappa`, which takes no other tables. Items
with fewer answers are taken as in Gwet (2014, Handbook of Inter-Rater Reliability, 4th edition,
chapter 2); an item with one answer counts for chance alone.

Which clip of a pair is the first decides nothing. Pairs are therefore taken in both orders, so that
chance is one half: Randolph's free-marginal kappa [2005, Joensuu Learning and Instruction
Symposium], `fleiss_kappa(table, method="randolph")` of statsmodels.

The interval is made on the scale of Fisher's z for n answers an item, on which the width hangs
little on the value [Fisher 1925, Statistical Methods for Research Workers, section 40]:

    z = log((1 + (n - 1) kappa) / (1 - kappa))

The variance is the jackknife's over raters and over items, each as far as it is above that over
votes, and that over votes; the jackknife over items corrects the bias of few items. A bootstrap
would draw some raters twice and count that as agreement.

Simulated coverage: benchmarks/coverage.md.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leo_bench.evaluation.preferences.crossed import Codes, Crossed
from leo_bench.evaluation.uncertainty.variance import LEVEL, check_level, student_reach

Array = NDArray[np.float64]
Rows = Callable[[Array], Array]  # `_rows`

ROUNDING = 1e-12


@dataclass(frozen=True)
class Agreement:
    """Fleiss' kappa.

    Args:
        value: 1 where all agree, 0 as by chance; None where it is not defined: all answers are
            alike, or no item has two answers.
        interval: for other raters and other items of the same kind; None where the value, or that
            without one of the raters or items, is not defined, 1, or the lowest there is.
        level: of the interval.
        items: their number.
        raters: their number.
    """

    value: float | None
    interval: tuple[float, float] | None
    level: float
    items: int
    raters: int


def fleiss_kappa(
    answers: Sequence[str], raters: Sequence[str], items: Sequence[str], level: float = LEVEL
) -> Agreement:
    """Fleiss' kappa of answers.

    Args:
        answers: [N], a category each.
        raters: [N], who answered.
        items: [N], what was answered.
        level: of the interval.

    Raises:
        InputError: no answers; unequally many; a rater answered an item twice; a level outside
            (0, 1).
    """
    design = Crossed.of(raters, items, len(answers))
    codes = np.unique(np.asarray(answers, dtype=str), return_inverse=True)[1]
    return kappa_of(codes, design, level)


def kappa_of_pairs(
    is_first: Sequence[bool], raters: Sequence[str], items: Sequence[str], level: float = LEVEL
) -> Agreement:
    """Fleiss' kappa of choices between two clips, each pair of clips taken in both orders.

    Args:
        is_first: [N], whether the first clip of the pair is chosen; any order of a pair will do.
        raters: [N], who chose.
        items: [N], of which pair.
        level: of the interval.

    Raises:
        InputError: as `fleiss_kappa`.
    """
    design = Crossed.of(raters, items, len(is_first))
    check_level(level)
    return _measured(np.eye(2)[np.asarray(is_first, dtype=np.intp)], design, level, _in_both_orders)


def kappa_of(codes: Codes, design: Crossed, level: float) -> Agreement:
    """Fleiss' kappa of answers [N] by number, 0 to the number of answers less 1.

    Raises:
        InputError: a level outside (0, 1).
    """
    check_level(level)
    return _measured(np.eye(int(codes.max()) + 1)[codes], design, level, _rows)


def _measured(votes: Array, design: Crossed, level: float, rows: Rows) -> Agreement:
    """Kappa of votes [N, answers]."""
    value = float(_kappa(rows(_table(votes, design.items, design.item_count)).sum(0)))
    return Agreement(
        value=None if math.isnan(value) else value,
        interval=None if math.isnan(value) else _interval(value, votes, design, level, rows),
        level=level,
        items=design.item_count,
        raters=design.rater_count,
    )


def _table(votes: Array, items: Codes, count: int) -> Array:
    """Counts of answers [items, answers]."""
    counts = np.zeros((count, votes.shape[1]))
    np.add.at(counts, items, votes)
    return counts


def _rows(counts: Array) -> Array:
    """What items add to kappa: [..., answers] -> [..., 3 + answers].

    Agreement, 1 if the item has two answers or more, 1 if it has one or more, shares of answers.
    """
    sizes = counts.sum(-1, keepdims=True)
    alike = (counts * (counts - 1)).sum(-1, keepdims=True)
    agreement = alike / np.maximum(sizes * (sizes - 1), 1)
    shares = counts / np.maximum(sizes, 1)
    return np.concatenate([agreement, sizes > 1, sizes > 0, shares], -1)


def _in_both_orders(counts: Array) -> Array:
    """`_rows` of pairs [..., 2], their shares averaged over both orders."""
    rows = _rows(counts)
    rows[..., 3:] = rows[..., 3:].mean(-1, keepdims=True)
    return rows


def _kappa(sums: Array) -> Array:
    """Kappa of sums [..., 3 + answers] of `_rows`; NaN where it is not defined."""
    agreement, paired, answered = np.moveaxis(sums[..., :3], -1, 0)
    chance = ((sums[..., 3:] / np.maximum(answered, 1)[..., None]) ** 2).sum(-1)
    beyond = 1 - chance
    above = agreement / np.maximum(paired, 1) - chance
    is_defined = (paired > 0.5) & (beyond > ROUNDING)
    found: Array = np.divide(above, beyond, out=np.full_like(beyond, np.nan), where=is_defined)
    return found


def _interval(
    value: float, votes: Array, design: Crossed, level: float, rows_of: Rows
) -> tuple[float, float] | None:
    counts = _table(votes, design.items, design.item_count)
    rows = rows_of(counts)
    whole = rows.sum(0)
    less_one = rows_of(np.maximum(counts[:, None] - np.eye(votes.shape[1]), 0))
    by_answer = _kappa(whole - rows[:, None] + less_one)  # [items, answers]
    kappas = [
        np.array([value]),
        by_answer[design.items, votes.argmax(1)],
        np.array([_without(rater, votes, design, rows_of) for rater in range(design.rater_count)]),
        _kappa(whole - rows),
    ]
    answers = len(votes) / design.item_count
    if not all(_is_inside(part, answers) for part in kappas):
        return None
    z, by_vote, by_rater, by_item = (_z(part, answers) for part in kappas)
    middle = float(z[0] + (len(by_item) - 1) * (z[0] - by_item.mean()))
    rest = _jackknife(by_vote)
    variance, noise = rest, 0.0
    for part in (by_rater, by_item):
        if (group := _jackknife(part)) > rest:
            variance += group - rest
            noise += group**2 / (len(part) - 1)
    freedom = variance**2 / noise if noise else math.inf
    reach = student_reach(level, freedom) * math.sqrt(variance)
    low, high = (_from_z(end, answers) for end in (middle - reach, middle + reach))
    return min(low, value), max(high, value)


def _is_inside(kappas: Array, answers: float) -> bool:
    """Whether all have a finite z."""
    return bool(np.all((kappas < 1 - ROUNDING) & (1 + (answers - 1) * kappas > ROUNDING)))


def _z(kappas: Array, answers: float) -> Array:
    found: Array = np.log((1 + (answers - 1) * kappas) / (1 - kappas))
    return found


def _from_z(z: float, answers: float) -> float:
    # (e^z - 1) / (e^z + n - 1) without overflow.
    if z > 0:
        return -math.expm1(-z) / (1 + (answers - 1) * math.exp(-z))
    return math.expm1(z) / (math.exp(z) + answers - 1)


def _without(rater: int, votes: Array, design: Crossed, rows: Rows) -> float:
    kept = design.raters != rater
    counts = _table(votes[kept], design.items[kept], design.item_count)
    return float(_kappa(rows(counts).sum(0)))


def _jackknife(values: Array) -> float:
    """Variance [Efron and Stein 1981, Annals of Statistics 9, 586-596]."""
    return float(((values - values.mean()) ** 2).sum() * (len(values) - 1) / len(values))
