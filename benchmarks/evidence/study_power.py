"""Simulated user studies: do they find what `power.smallest_share` says?

    python -m leo_bench.benchmarks.evidence.study_power --out benchmarks/evidence/study_power.csv

For each size and spread, the smallest share that is found with a planned chance, and how many of
the studies that are drawn with this share have an interval above 0.5.
"""

import argparse
import csv
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from leo_bench.benchmarks.evidence.study_coverage import whole_design
from leo_bench.evaluation.preferences.drawn import drawn_studies
from leo_bench.evaluation.preferences.power import Design, Spread, smallest_share
from leo_bench.evaluation.preferences.shares import measured
from leo_bench.evaluation.uncertainty.variance import LEVEL

SIZES = tuple(itertools.product((10, 20, 50), (10, 20, 50)))
SPREADS = (Spread(0, 0), Spread(), Spread(1, 0.5), Spread(1, 1))
CHANCES = (0.5, 0.8)


@dataclass(frozen=True)
class PowerRow:
    """A line of the CSV.

    Args:
        raters: their number.
        items: their number.
        spread_raters: of their effects on the log odds.
        spread_items: likewise.
        planned: chance to find `share`.
        share: the smallest that is found with this chance.
        studies: how many were drawn.
        found: share of them whose interval lies above 0.5.
    """

    raters: int
    items: int
    spread_raters: float
    spread_items: float
    planned: float
    share: float
    studies: int
    found: float


def rows(
    studies: int, sizes: Sequence[tuple[int, int]] = SIZES, seed: int = 0
) -> Iterator[PowerRow]:
    """Draw studies of all settings, and count."""
    generator = np.random.default_rng([seed, studies])
    for (raters, items), spread, planned in itertools.product(sizes, SPREADS, CHANCES):
        share = smallest_share(Design(raters, items), spread, planned)
        if share is None:
            continue
        design = whole_design(raters, items)
        drawn = drawn_studies(share, (studies, raters, items), spread, generator)
        found = [
            measured(votes.ravel().astype(float), design, LEVEL)[0].interval[0] > 0.5
            for votes in drawn
        ]
        yield PowerRow(
            raters,
            items,
            spread.raters,
            spread.items,
            planned,
            round(share, 4),
            studies,
            round(float(np.mean(found)), 4),
        )


def main() -> None:
    """Write the rows of all settings."""
    parser = argparse.ArgumentParser(
        prog="python -m leo_bench.benchmarks.evidence.study_power", description=__doc__
    )
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    parser.add_argument("--studies", type=int, default=2000, help="of a setting")
    options = parser.parse_args()
    with options.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(PowerRow))
        for row in rows(options.studies):
            writer.writerow(astuple(row))
            file.flush()


if __name__ == "__main__":
    main()
