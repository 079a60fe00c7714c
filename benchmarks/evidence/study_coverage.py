"""Simulated user studies: how often intervals of shares, strengths and agreement hold the truth.

    python -m leo_bench.benchmarks.evidence.study_coverage
        --out benchmarks/evidence/study_coverage.csv

Raters and items have normal effects on the log odds of a vote; the truth is that of all raters and
items there could be. Every rater answers every item, unless the number says otherwise:

    share               `share_of_votes`
    share, half         each rater answers half of the items
    share, bootstrap    percentiles of the two-way bootstrap [Owen 2007, Annals of Applied
                        Statistics 1, 386-411], which was not chosen
    difference          of two methods by the same raters, whose effects correlate by CORRELATION
    strength            Bradley-Terry, four methods, `items` pairs of clips of each two
    kappa               Fleiss' kappa of yes and no
"""

import argparse
import csv
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from leo_bench.evaluation.preferences.agreement import kappa_of
from leo_bench.evaluation.preferences.crossed import Crossed
from leo_bench.evaluation.preferences.drawn import drawn_studies
from leo_bench.evaluation.preferences.power import (
    NODES,
    WEIGHTS,
    Spread,
    expected_components,
    middle_log_odds,
)
from leo_bench.evaluation.preferences.ranking import fit, most_likely
from leo_bench.evaluation.preferences.shares import (
    EffectiveVotes,
    Votes,
    difference_of_shares,
    measured,
)
from leo_bench.evaluation.uncertainty.variance import LEVEL, student_reach

SIZES = tuple(itertools.product((10, 20, 50), (10, 20, 50)))
SHARES = (0.5, 0.65, 0.9, 0.98)
SPREADS = (
    Spread(0, 0),
    Spread(0.5, 0.5),
    Spread(1, 0.5),
    Spread(0.5, 1),
    Spread(1, 1),
)
CORRELATION = 0.5
STRENGTHS = np.array([1.0, 0.0, -0.5, -0.5])  # of raters and items without effect
RESAMPLES = 1000
MOST = ("share", "share, half")  # all studies are drawn; of the other numbers a quarter

Generator = np.random.Generator
Ends = tuple[float, float]


@dataclass(frozen=True)
class Cell:
    """One setting: `other` is the second share of a difference."""

    number: str
    raters: int
    items: int
    share: float
    spread: Spread
    other: float = math.nan


@dataclass(frozen=True)
class Outcome:
    """One interval: its truth, and Wilson's of all votes where there is one; None: no interval."""

    truth: float
    interval: Ends | None
    wilson: Ends | None = None


@dataclass(frozen=True)
class StudyRow:
    """A line of the CSV.

    Args:
        number: what the interval is of.
        raters: their number.
        items: their number; of strengths, for each two methods.
        share: of all raters and items there could be.
        other: the second share of a difference.
        spread_raters: of their effects on the log odds.
        spread_items: likewise.
        intervals: how many were made.
        told: share of studies with an interval.
        coverage: share of intervals that hold the truth.
        below: share of intervals that lie below it.
        width: mean width.
        wilson: coverage of Wilson's interval of all votes.
    """

    number: str
    raters: int
    items: int
    share: float
    other: float
    spread_raters: float
    spread_items: float
    intervals: int
    told: float
    coverage: float
    below: float
    width: float
    wilson: float


def cells() -> Iterator[Cell]:
    """All settings."""
    for (raters, items), share, spread in itertools.product(SIZES, SHARES, SPREADS):
        yield Cell("share", raters, items, share, spread)
    few = ((10, 10), (20, 20), (50, 20))
    for (raters, items), share, spread in itertools.product(few, (0.5, 0.9), SPREADS):
        yield Cell("share, half", raters, items, share, spread)
        yield Cell("share, bootstrap", raters, items, share, spread)
        yield Cell("kappa", raters, items, share, spread)
    for (raters, items), pair, spread in itertools.product(
        few, ((0.5, 0.5), (0.4, 0.1), (0.9, 0.9)), SPREADS
    ):
        yield Cell("difference", raters, items, pair[0], spread, pair[1])
    for raters, spread in itertools.product((10, 20, 50), SPREADS):
        yield Cell("strength", raters, 10, math.nan, spread)


def run_cell(cell: Cell, studies: int, seed: int = 0) -> StudyRow:
    """Draw studies of one setting, and count."""
    generator = np.random.default_rng([seed, studies, *cell.number.encode()])
    outcomes = list(SIMULATED[cell.number](cell, studies, generator))
    made = [(found.truth, found.interval) for found in outcomes if found.interval]
    wilson = [_holds(found.wilson, found.truth) for found in outcomes if found.wilson]
    return StudyRow(
        cell.number,
        cell.raters,
        cell.items,
        cell.share,
        cell.other,
        cell.spread.raters,
        cell.spread.items,
        len(made),
        round(len(made) / len(outcomes), 4),
        *(
            round(float(np.mean(values)), 4) if values else math.nan
            for values in (
                [_holds(interval, truth) for truth, interval in made],
                [interval[1] < truth for truth, interval in made],
                [interval[1] - interval[0] for _, interval in made],
                wilson,
            )
        ),
    )


def _holds(interval: Ends, truth: float) -> bool:
    return interval[0] <= truth <= interval[1]


def _drawn(cell: Cell, studies: int, generator: Generator) -> Iterator[NDArray[np.bool_]]:
    """Votes of each study, [raters, items]."""
    yield from drawn_studies(cell.share, (studies, cell.raters, cell.items), cell.spread, generator)


def whole_design(raters: int, items: int) -> Crossed:
    """Every rater answers every item; votes rater by rater."""
    return Crossed(np.repeat(np.arange(raters), items), np.tile(np.arange(items), raters))


def _share_of(values: NDArray[np.float64], design: Crossed, truth: float) -> Outcome:
    found, _ = measured(values, design, LEVEL)
    plain = EffectiveVotes(len(values), math.inf).interval(found.value, LEVEL)
    return Outcome(truth, found.interval, plain)


def _share(cell: Cell, studies: int, generator: Generator) -> Iterator[Outcome]:
    design = whole_design(cell.raters, cell.items)
    for votes in _drawn(cell, studies, generator):
        yield _share_of(votes.ravel().astype(float), design, cell.share)


def _half(cell: Cell, studies: int, generator: Generator) -> Iterator[Outcome]:
    # As slots are drawn: each rater goes on along the ring of items where the last one stopped.
    count = cell.items // 2
    places = np.arange(cell.items) - count * np.arange(cell.raters)[:, None]
    raters, items = np.nonzero(places % cell.items < count)
    for votes in _drawn(cell, studies, generator):
        yield _share_of(votes[raters, items].astype(float), Crossed(raters, items), cell.share)


def _bootstrap(cell: Cell, studies: int, generator: Generator) -> Iterator[Outcome]:
    for votes in _drawn(cell, studies, generator):
        of_raters, of_items = (
            generator.multinomial(count, np.full(count, 1 / count), RESAMPLES) / count
            for count in votes.shape
        )
        shares = ((of_raters @ votes) * of_items).sum(1)
        low, high = np.quantile(shares, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
        yield Outcome(cell.share, (float(low), float(high)))


def _difference(cell: Cell, studies: int, generator: Generator) -> Iterator[Outcome]:
    spread, design = cell.spread, whole_design(cell.raters, cell.items)
    raters = [f"{rater}" for rater in design.raters]
    methods = [
        (middle_log_odds(share, spread), [f"{name}{item}" for item in design.items])
        for name, share in (("a", cell.share), ("b", cell.other))
    ]
    for _ in range(studies):
        common = math.sqrt(CORRELATION) * generator.standard_normal((cell.raters, 1))
        answers = []
        for middle, items in methods:
            own = generator.standard_normal((cell.raters, 1))
            of_raters = spread.raters * (common + math.sqrt(1 - CORRELATION) * own)
            of_items = spread.items * generator.standard_normal((1, cell.items))
            chances = expit(middle + of_raters + of_items).ravel()
            yes = generator.random(len(chances)) < chances
            answers.append(Votes(yes.tolist(), raters, items))
        found = difference_of_shares(answers[0], answers[1])
        yield Outcome(cell.share - cell.other, found.interval)


def _strength(cell: Cell, studies: int, generator: Generator) -> Iterator[Outcome]:
    spread, methods = cell.spread, len(STRENGTHS)
    pairs = np.array(list(itertools.combinations(range(methods), 2)))
    first, second = np.repeat(pairs, cell.items, axis=0).T
    design = whole_design(cell.raters, len(first))
    for _ in range(studies):
        # Differences of two of a rater's effects on methods have the spread of raters.
        effects = generator.standard_normal((cell.raters, methods)) * spread.raters / math.sqrt(2)
        odds = STRENGTHS[first] - STRENGTHS[second] + effects[:, first] - effects[:, second]
        odds = odds + spread.items * generator.standard_normal(len(first))
        first_wins = generator.random(odds.shape) < expit(odds)
        winners = np.where(first_wins, first, second).ravel()
        losers = np.where(first_wins, second, first).ravel()
        found = fit(winners, losers, methods, design)
        for place, truth in enumerate(_true_strengths(spread)):
            value = float(found.values[place])
            reach = student_reach(LEVEL, float(found.freedoms[place])) * float(found.errors[place])
            yield Outcome(truth, (value - reach, value + reach))


@cache
def _true_strengths(spread: Spread) -> list[float]:
    """Strengths that fit the shares over all raters and items best."""
    whole = math.hypot(spread.raters, spread.items)
    apart = STRENGTHS[:, None] - STRENGTHS
    shares = expit(apart[..., None] + whole * NODES) @ WEIGHTS
    np.fill_diagonal(shares, 0)
    return [float(value) for value in most_likely(shares)]


def _kappa(cell: Cell, studies: int, generator: Generator) -> Iterator[Outcome]:
    """Kappa over all raters and items: the share of the variance that is between items."""
    design = whole_design(cell.raters, cell.items)
    truth = expected_components(cell.share, cell.spread).items / (cell.share * (1 - cell.share))
    for votes in _drawn(cell, studies, generator):
        yield Outcome(truth, kappa_of(votes.ravel().astype(np.intp), design, LEVEL).interval)


SIMULATED: dict[str, Callable[[Cell, int, Generator], Iterator[Outcome]]] = {
    "share": _share,
    "share, half": _half,
    "share, bootstrap": _bootstrap,
    "difference": _difference,
    "strength": _strength,
    "kappa": _kappa,
}


def main() -> None:
    """Run all settings, and write their rows."""
    parser = argparse.ArgumentParser(
        prog="python -m leo_bench.benchmarks.evidence.study_coverage", description=__doc__
    )
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    parser.add_argument("--studies", type=int, default=2000, help="of a setting")
    options = parser.parse_args()
    started = time.monotonic()
    with options.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(StudyRow))
        for cell in cells():
            studies = options.studies if cell.number in MOST else options.studies // 4
            writer.writerow(astuple(run_cell(cell, studies)))
            file.flush()
            sys.stderr.write(f"{time.monotonic() - started:6.0f} s  {cell}\n")


if __name__ == "__main__":
    main()
