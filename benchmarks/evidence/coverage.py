"""Simulated coverage of every interval: how often it contains the true value.

    python -m leo_bench.benchmarks.evidence.coverage --out benchmarks/evidence/coverage.csv

A cell draws real and fake features many times from known distributions
(`evidence.coverage_draws`). A 95 % interval should contain its target in 95 % of the draws. The
target of a number at N is its expected value at N: the mean over the draws, or the distance of the
distributions for KVD, which has no bias. The target of FVD∞ is the distance of the distributions.
Cells that the file already holds are not run again.
"""

import argparse
import csv
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import fmean, stdev

import torch

from leo_bench.benchmarks.evidence.coverage_cells import Cell, Outcome, What, outcome
from leo_bench.benchmarks.evidence.coverage_draws import (
    KVD,
    Population,
    Tails,
    distances,
)
from leo_bench.benchmarks.evidence.coverage_pairs import two_acd, two_fakes
from leo_bench.benchmarks.evidence.coverage_statistics import to_statistics
from leo_bench.evaluation.distances.frechet_influence import frechet_statistic
from leo_bench.evaluation.distances.kernel import kernel_statistic
from leo_bench.evaluation.distances.neighbours import precision, recall
from leo_bench.evaluation.identity.drift import bands
from leo_bench.evaluation.uncertainty.extrapolation import extrapolate
from leo_bench.evaluation.uncertainty.intervals import (
    cautious_interval,
    interval_around,
    paired_difference_interval,
    spread_of_mean,
)
from leo_bench.evaluation.uncertainty.mean_intervals import mean_interval
from leo_bench.evaluation.uncertainty.over_seeds import over_seeds
from leo_bench.evaluation.uncertainty.share_intervals import precision_interval, recall_interval

TAILS: tuple[Tails, ...] = ("light", "heavy")
FRAMES = 4  # of a video, for FID
TIMES = 12  # of a drift curve


@dataclass(frozen=True)
class CoverageRow:
    """Coverage of one number in one cell: a row of the CSV.

    Args:
        told: share of the draws that gave an interval.
        coverage: share of the intervals that contain the target.
        error: standard error of `coverage`, from the number of draws.
        below, above: shares of the intervals that lie below and above the target.
        width: mean length of the intervals, divided by 2 * 1.96 `sd`.
        sd: standard deviation of the number over the draws.
        bias: mean of the number minus the target.
    """

    what: str
    number: str
    dim: int
    n_real: int
    n_fake: int
    tails: str
    unlike: bool
    draws: int
    told: float
    coverage: float | None
    error: float | None
    below: float | None
    above: float | None
    width: float | None
    sd: float
    target: float
    bias: float


def cells() -> Iterator[Cell]:
    """All cells; where the sides differ in size, the real one has four times the videos."""
    for tails in TAILS:
        for n in (4, 8, 16, 64, 256):
            yield Cell("acd", 0, n, 0, tails, False, 1000)
        for n in (6, 16, 64):
            yield Cell("band", 0, n, 0, tails, False, 500)
        for n in (2, 3, 8):
            yield Cell("seeds", 0, 0, n, tails, False, 1000)
    for n, tails, unlike in itertools.product((4, 8, 16, 64, 256), TAILS, (True, False)):
        for real in (n, 4 * n):
            draws = 1000 if real <= 64 else 200
            yield Cell("distance", 48, real, n, tails, unlike, draws)
    for n, tails, unlike in itertools.product((80, 160, 320), TAILS, (True, False)):
        yield Cell("infinity", 48, n, n, tails, unlike, 200)
    for tails, unlike in itertools.product(TAILS, (True, False)):
        yield Cell("infinity", 48, 480, 80, tails, unlike, 200)
        yield Cell("infinity", 48, 80, 480, tails, unlike, 200)
        yield Cell("shares", 48, 32, 32, tails, unlike, 200)
        yield Cell("shares", 48, 128, 32, tails, unlike, 200)
    for n, tails in itertools.product((4, 8, 16, 64), TAILS):
        yield Cell("frames", 48, n, n, tails, True, 1000 if n <= 16 else 200)
    for n, tails, unlike in itertools.product((8, 16, 64), TAILS, (True, False)):
        yield Cell("statistics", 48, 256, n, tails, unlike, 400)
    for tails in TAILS:
        yield Cell("shares", 48, 64, 64, tails, True, 200)
        yield Cell("distance", 400, 64, 64, tails, True, 200)
        yield Cell("distance", 400, 256, 64, tails, True, 200)
        yield Cell("distance", 400, 256, 256, tails, True, 200)
    yield Cell("infinity", 400, 640, 640, "light", True, 40)
    for n, tails, unlike in itertools.product((16, 64, 256), TAILS, (True, False)):
        yield Cell("two fakes", 48, n, n, tails, unlike, {16: 1000, 64: 500, 256: 200}[n])
        yield Cell("two acd", 0, 0, n, tails, unlike, 1000)


def run_cell(cell: Cell, seed: int = 0) -> list[CoverageRow]:
    """Repeat the cell's draws, and summarise each number."""
    generator = torch.Generator().manual_seed(seed)
    found: dict[str, list[Outcome]] = {}
    for draw in range(cell.draws):
        for number, one in DRAWS[cell.what](cell, draw, generator).items():
            found.setdefault(number, []).append(one)
    return [_count(cell, number, outcomes) for number, outcomes in found.items()]


def _distance(cell: Cell, draw: int, generator: torch.Generator) -> Mapping[str, Outcome]:
    """FVD, KVD, and FVD minus the FVD of fakes drawn like the real videos."""
    population = Population(cell.dim, cell.tails, cell.unlike)
    real = population.real(cell.n_real, 1, generator)
    fake, other = (
        population.fake(cell.n_fake, 1, generator),
        population.real(cell.n_fake, 1, generator),
    )
    fvd, alike = (frechet_statistic(real, side, correction=1) for side in (fake, other))
    kvd = kernel_statistic(real, fake, KVD)
    spread, kernel = spread_of_mean([fvd], draw), spread_of_mean([kvd], draw)
    return {
        "fvd": outcome(
            spread.value, interval_around(spread.value, spread.single + spread.paired, spread, 0.95)
        ),
        "kvd": outcome(
            kernel.value, cautious_interval(kernel.value, kernel, 0.95), population.kernel
        ),
        "difference": outcome(
            spread.value - alike.at(alike.ones).value,
            paired_difference_interval(fvd, alike, seed=draw),
        ),
    }


def _infinity(cell: Cell, draw: int, generator: torch.Generator) -> Mapping[str, Outcome]:
    population = Population(cell.dim, cell.tails, cell.unlike)
    real = population.real(cell.n_real, 1, generator)
    fvd = frechet_statistic(real, population.fake(cell.n_fake, 1, generator), correction=1)
    spread = spread_of_mean([fvd], draw)
    found = extrapolate([fvd], spread, seed=draw)
    return {
        "fvd infinity": outcome(found.value, found.interval, population.frechet),
        "line in 1/N": Outcome(found.line, None, None, population.frechet),
        "fvd, as if it were": Outcome(spread.value, None, None, population.frechet),
    }


def _frames(cell: Cell, draw: int, generator: torch.Generator) -> Mapping[str, Outcome]:
    population = Population(cell.dim, cell.tails, cell.unlike)
    fid = frechet_statistic(
        population.real(cell.n_real, FRAMES, generator),
        population.fake(cell.n_fake, FRAMES, generator),
        correction=1,
    )
    spread = spread_of_mean([fid], draw)
    interval = interval_around(spread.value, spread.single + spread.paired, spread, 0.95)
    return {"fid": outcome(spread.value, interval)}


def _shares(cell: Cell, draw: int, generator: torch.Generator) -> Mapping[str, Outcome]:
    population = Population(cell.dim, cell.tails, cell.unlike)
    real = population.real(cell.n_real, 1, generator)
    fake = population.fake(cell.n_fake, 1, generator)
    return {
        "precision": outcome(
            precision(real.values, fake.values), precision_interval(real, fake, seed=draw)
        ),
        "recall": outcome(recall(real.values, fake.values), recall_interval(real, fake, seed=draw)),
    }


def _acd(cell: Cell, draw: int, generator: torch.Generator) -> Mapping[str, Outcome]:
    values = distances(cell.tails, cell.n_real, generator)
    named = {str(i): value for i, value in enumerate(values)}
    return {"acd": outcome(fmean(values), mean_interval(named), 1.0)}


def _seeds(cell: Cell, draw: int, generator: torch.Generator) -> Mapping[str, Outcome]:
    values = distances(cell.tails, cell.n_fake, generator)
    low, high = over_seeds(values, [None] * len(values)).interval or (None, None)
    return {"over seeds": Outcome(fmean(values), low, high, 1.0)}


def _band(cell: Cell, draw: int, generator: torch.Generator) -> Mapping[str, Outcome]:
    """The simultaneous band of a drift curve: whether it contains the mean at all times.

    A video's curve is the mean of its own level and of independent values at each time, all of
    mean 1.
    """
    levels = distances(cell.tails, cell.n_real, generator)
    steps = torch.tensor(
        [distances(cell.tails, TIMES, generator) for _ in levels], dtype=torch.float64
    )
    curves = (torch.tensor(levels, dtype=torch.float64)[:, None] + steps) / 2
    found = bands(curves)
    # Coded as an interval that contains 1 if and only if the band contains the mean at all times.
    inside = bool(((found.all_low <= 1) & (found.all_high >= 1)).all())
    above = bool((found.all_low > 1).any())
    low, high = (0.0, 2.0) if inside else ((2.0, 3.0) if above else (0.0, 0.5))
    return {"drift, all times": Outcome(float(found.mean.mean()), low, high, 1.0)}


DRAWS: Mapping[What, Callable[[Cell, int, torch.Generator], Mapping[str, Outcome]]] = {
    "distance": _distance,
    "infinity": _infinity,
    "frames": _frames,
    "shares": _shares,
    "acd": _acd,
    "seeds": _seeds,
    "band": _band,
    "two fakes": two_fakes,
    "two acd": two_acd,
    "statistics": to_statistics,
}


def _count(cell: Cell, number: str, outcomes: list[Outcome]) -> CoverageRow:
    values = [outcome.value for outcome in outcomes]
    mean, sd = fmean(values), stdev(values)
    target = mean if outcomes[0].target is None else outcomes[0].target
    ends = [(o.low, o.high) for o in outcomes if o.low is not None and o.high is not None]
    coverage = error = below = above = width = None
    if ends:
        below = sum(high < target for _, high in ends) / len(ends)
        above = sum(low > target for low, _ in ends) / len(ends)
        coverage = 1 - below - above
        error = math.sqrt(max(coverage * (1 - coverage), 0.25 / len(ends)) / len(ends))
        width = fmean(high - low for low, high in ends) / (2 * 1.96 * sd) if sd > 0 else None
    return CoverageRow(
        what=cell.what,
        number=number,
        dim=cell.dim,
        n_real=cell.n_real,
        n_fake=cell.n_fake,
        tails=cell.tails,
        unlike=cell.unlike,
        draws=cell.draws,
        told=round(len(ends) / len(outcomes), 4),
        coverage=_rounded(coverage),
        error=_rounded(error),
        below=_rounded(below),
        above=_rounded(above),
        width=_rounded(width),
        sd=round(sd, 4),
        target=round(target, 4),
        bias=round(mean - target, 4),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _known(path: Path) -> set[tuple[str, ...]]:
    """Cells that have rows in the file."""
    if not path.exists():
        return set()
    with path.open(encoding="utf-8", newline="") as file:
        return {tuple(row[name] for name in _KEY) for row in csv.DictReader(file)}


_KEY = tuple(field.name for field in fields(Cell))


def main() -> None:
    """Run the cells that the file does not hold yet, and append their rows."""
    parser = argparse.ArgumentParser(
        prog="python -m leo_bench.benchmarks.evidence.coverage", description=__doc__
    )
    parser.add_argument("--out", type=Path, required=True, help="CSV to write or append to")
    parser.add_argument("--what", choices=sorted(DRAWS), help="only cells of this kind")
    options = parser.parse_args()
    torch.set_num_threads(1)
    known = _known(options.out)
    for cell in cells():
        if tuple(str(value) for value in asdict(cell).values()) in known:
            continue
        if options.what is not None and cell.what != options.what:
            continue
        began = time.monotonic()
        rows = run_cell(cell)
        is_new = not options.out.exists()
        with options.out.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(
                file, [f.name for f in fields(CoverageRow)], lineterminator="\n"
            )
            if is_new:
                writer.writeheader()
            writer.writerows(asdict(row) for row in rows)
        sys.stderr.write(f"{time.monotonic() - began:6.0f} s  {cell}\n")


if __name__ == "__main__":
    main()
