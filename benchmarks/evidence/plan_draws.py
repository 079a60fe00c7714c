"""Plans against simulation: what is printed at the planned numbers of videos, and what is found.

    python -m leo_bench.benchmarks.evidence.plan_draws --out benchmarks/evidence/plan_draws.csv

The features are drawn from known distributions (`evidence.coverage_draws`, whose fakes differ from
the real videos), or from a pool of features of many videos: `--pool REAL.npz FAKE.npz`, which
`leo-bench features` wrote.

Width: the target is the median width that is printed with `pilot * times` videos a side. From each
of many pilots a plan is made, as many videos as it says are drawn, and the width that is printed
for them is held against the target. Power: a second model's features are the fakes', moved along
the difference of the means as far as makes an FVD difference of 2.8 standard errors at
`pilot * times` videos, which a two-sided test of 5 % finds with a power of 0.8. Sets of the planned
sizes are drawn, and it is counted how often the interval of the difference lies above 0.
"""

import argparse
import csv
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from itertools import product
from pathlib import Path
from statistics import fmean, median, stdev

import torch
from torch import Tensor

from leo_bench.benchmarks.evidence.coverage_draws import Population, Tails
from leo_bench.benchmarks.planning.subjects import distance_pilot, side_of
from leo_bench.evaluation.distances.influence import ClipFeatures, WeightedStatistic
from leo_bench.evaluation.feature_files.files import read_features
from leo_bench.evaluation.protocols.of_clips import form_of, load_protocol
from leo_bench.evaluation.records.influences import VideoInfluences, less
from leo_bench.evaluation.uncertainty.intervals import (
    Interval,
    paired_difference_interval,
    spread_of_mean,
)
from leo_bench.evaluation.uncertainty.numbers import influences_of, metric_interval
from leo_bench.evaluation.uncertainty.pilots import (
    Pilot,
    alike_and_independent,
    extremes,
    skew_of,
)
from leo_bench.evaluation.uncertainty.planning import MOST, expect, least, power

TARGET_DRAWS = 24
POWER = 0.8
DETECTED = 2.8  # standard errors: 1.96 + 0.84
MOST_TIMES = 6  # sets of more than so many times the right number are drawn with so many

PILOTS = 60
TIMES = (2, 4, 16)
POOL_SIZES = ((16, 2), (16, 4), (16, 8), (32, 2), (32, 4), (64, 2))  # pilot, times

METRICS = ("fvd", "kvd")
PROTOCOL = "digan"  # has both

TAILS: tuple[Tails, ...] = ("light", "heavy")
Draw = Callable[[int, torch.Generator], ClipFeatures]


@dataclass(frozen=True)
class Source:
    """Where features are drawn from.

    Args:
        real, fake: so many fresh videos.
        shift: mean of the fakes less mean of the real videos, float64 [D].
        most: videos of a side that can be drawn at once.
    """

    real: Draw
    fake: Draw
    shift: Tensor
    most: int = MOST

    def other(self, videos: int, by: float, generator: torch.Generator) -> ClipFeatures:
        """Fakes of the second model: moved by `by` along the shift, under names of their own."""
        found = self.fake(videos, generator)
        moved = found.values + by * self.shift / self.shift.norm()
        return ClipFeatures(moved, [f"other {name}" for name in found.videos])

    def moved_for(self, difference: float) -> float:
        """How far the second model is moved for this difference of FVD."""
        length = float(self.shift.norm())
        return math.sqrt(length**2 + difference) - length


@dataclass(frozen=True)
class Cell:
    """One setting: `dim` dimensions, `pilot` videos a side, a target at `times` as many."""

    features: str
    dim: int
    metric: str
    pilot: int
    times: int
    pilots: int


@dataclass(frozen=True)
class PlanDrawsRow:
    """What came out of one cell: a row of the CSV.

    Args:
        needed: median of the planned number of videos, as a multiple of `pilot * times`.
        needed_low, needed_high: 5 % and 95 % points.
        printed, printed_mean: median and mean of the width that is printed at the planned number,
            as a multiple of the target.
        printed_low, printed_high: 5 % and 95 % points.
        held: share of the plans whose range holds the right number.
        found_two, found_one: share of differences found, planned from pilots of both models, and
            from one; None for KVD.
        error: standard error of the shares.
        cut: share of the plans of more videos than were drawn: MOST_TIMES the right number, or the
            pool.
    """

    features: str
    dim: int
    metric: str
    pilot: int
    times: int
    pilots: int
    needed: float
    needed_low: float
    needed_high: float
    printed: float
    printed_mean: float
    printed_low: float
    printed_high: float
    held: float
    found_two: float | None
    found_one: float | None
    error: float
    cut: float


def cells(pool: int) -> Iterator[Cell]:
    """All cells; `pool` is the number of dimensions of the pool, 0 without one."""
    for features, times in product(TAILS, TIMES):
        for pilot in (16, 32, 64):
            yield Cell(features, 16, "fvd", pilot, times, PILOTS)
        yield Cell(features, 64, "fvd", 32, times, PILOTS)
        for dim in (16, 64):
            yield Cell(features, dim, "kvd", 32, times, PILOTS)
    if pool:
        for metric, (pilot, times) in product(METRICS, POOL_SIZES):
            yield Cell("pool", pool, metric, pilot, times, PILOTS)


def of_population(tails: Tails, dim: int) -> Source:
    """Features of `coverage_draws`, with fakes that are unlike the real videos."""
    known = Population(dim, tails, unlike=True)
    return Source(
        real=lambda videos, generator: known.real(videos, 1, generator),
        fake=lambda videos, generator: known.fake(videos, 1, generator),
        shift=torch.full((dim,), known.shift, dtype=torch.float64),
    )


def of_pool(real: ClipFeatures, fake: ClipFeatures) -> Source:
    """Features of videos that are drawn without replacement."""

    def drawing(side: ClipFeatures) -> Draw:
        def draw(videos: int, generator: torch.Generator) -> ClipFeatures:
            chosen = torch.randperm(len(side.values), generator=generator)[:videos]
            return ClipFeatures(side.values[chosen].double(), [str(i) for i in range(videos)])

        return draw

    shift = fake.values.double().mean(dim=0) - real.values.double().mean(dim=0)
    return Source(drawing(real), drawing(fake), shift, min(len(real.values), len(fake.values)))


def run_cell(cell: Cell, source: Source, seed: int = 0) -> PlanDrawsRow:
    """Plan from many pilots, draw what was planned, and summarise."""
    generator = torch.Generator().manual_seed(seed)
    right = cell.pilot * cell.times

    def measured(videos: int) -> tuple[Pilot, float]:
        found = _measured(
            cell.metric, source.real(videos, generator), source.fake(videos, generator)
        )
        return found.pilot, found.interval.high - found.interval.low

    target = median(measured(right)[1] for _ in range(TARGET_DRAWS))
    needed, printed, held, cut = [], [], 0, 0
    for _ in range(cell.pilots):
        pilot, _ = measured(cell.pilot)
        planned, *between = (_needed(one, target) for one in (pilot, *extremes(pilot)))
        needed.append(planned / right)
        held += between[0] <= right <= between[1]
        drawn = min(planned, MOST_TIMES * right, source.most)
        cut += drawn < planned
        printed.append(measured(drawn)[1] / target)
    two, one = _found(cell, source, generator) if cell.metric == "fvd" else (None, None)
    return PlanDrawsRow(
        **asdict(cell),
        needed=_digits(median(needed)),
        needed_low=_point(needed, 0.05),
        needed_high=_point(needed, 0.95),
        printed=_digits(median(printed)),
        printed_mean=_digits(fmean(printed)),
        printed_low=_point(printed, 0.05),
        printed_high=_point(printed, 0.95),
        held=_digits(held / cell.pilots),
        found_two=two,
        found_one=one,
        error=_digits(0.5 / math.sqrt(cell.pilots)),
        cut=_digits(cut / cell.pilots),
    )


def _found(cell: Cell, source: Source, generator: torch.Generator) -> tuple[float, float]:
    """Share of differences that are found at the planned sizes, from two pilots and from one."""
    right = cell.pilot * cell.times
    alike = []
    for _ in range(TARGET_DRAWS):
        real = source.real(right, generator)
        one, two = (_weighted("fvd", real, source.fake(right, generator)) for _ in range(2))
        alike.append(one.at(one.ones).value - two.at(two.ones).value)
    difference = DETECTED * stdev(alike)
    by = source.moved_for(difference)
    found = [0, 0]
    for _ in range(cell.pilots):
        real = source.real(cell.pilot, generator)
        theirs = _measured("fvd", real, source.fake(cell.pilot, generator))
        mine = _measured("fvd", real, source.other(cell.pilot, by, generator))
        pilots = (
            _pilot_of_difference(mine, theirs),
            alike_and_independent(theirs.pilot, difference),
        )
        for place, pilot in enumerate(pilots):
            planned = least(partial(_is_found, pilot, difference), 4)
            drawn = min(planned or MOST, MOST_TIMES * right, source.most)
            again = source.real(drawn, generator)
            interval = paired_difference_interval(
                _weighted("fvd", again, source.other(drawn, by, generator)),
                _weighted("fvd", again, source.fake(drawn, generator)),
                seed=0,
            )
            found[place] += interval.low > 0
    return _digits(found[0] / cell.pilots), _digits(found[1] / cell.pilots)


def _is_found(pilot: Pilot, difference: float, videos: int) -> bool:
    return power(pilot, difference, videos, videos) >= POWER


@dataclass(frozen=True)
class _Measured:
    pilot: Pilot
    interval: Interval
    influences: VideoInfluences


def _weighted(metric: str, real: ClipFeatures, fake: ClipFeatures) -> WeightedStatistic:
    form = form_of(metric, load_protocol(PROTOCOL))
    if form.weighted is None:
        raise ValueError(f"{metric} has no closed form of its influences")
    return form.weighted(real, fake)


def _measured(metric: str, real: ClipFeatures, fake: ClipFeatures) -> _Measured:
    statistic = _weighted(metric, real, fake)
    spread = spread_of_mean([statistic], 0)
    interval = metric_interval(metric, spread.value, spread)
    influences = influences_of(statistic, spread)
    skew = skew_of(spread.value, interval.low, interval.high, interval.standard_error)
    pilot = distance_pilot(spread.value, influences, metric, skew)
    return _Measured(pilot, interval, influences)


def _pilot_of_difference(mine: _Measured, theirs: _Measured) -> Pilot:
    moved, videos = less(mine.influences, theirs.influences), theirs.pilot.fewest
    return Pilot(
        value=mine.pilot.value - theirs.pilot.value,
        real=side_of(moved.real, videos),
        fake=side_of(moved.fake, videos),
        pairing=min,
    )


def _needed(pilot: Pilot, width: float) -> int:
    """Videos a side for an interval of this width; MOST where none is enough."""
    return least(lambda videos: expect(pilot, videos, videos).width <= width, 4) or MOST


def _point(values: Sequence[float], share: float) -> float:
    """The value that this share of the values is below."""
    return _digits(sorted(values)[int(share * len(values))])


def _digits(value: float) -> float:
    return float(f"{value:.4g}")


def main() -> None:
    """Run the cells that the file does not hold yet, and append their rows."""
    parser = argparse.ArgumentParser(
        prog="python -m leo_bench.benchmarks.evidence.plan_draws", description=__doc__
    )
    parser.add_argument("--out", type=Path, required=True, help="CSV to write or append to")
    parser.add_argument(
        "--pool", type=Path, nargs=2, metavar=("REAL", "FAKE"), help="features to draw from, .npz"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    sides = [read_features(path) for path in options.pool or ()]
    known = _known(options.out)
    for cell in cells(sides[0].values.shape[1] if sides else 0):
        if tuple(str(value) for value in asdict(cell).values()) in known:
            continue
        began = time.monotonic()
        if cell.features == "pool":
            source = of_pool(*sides)
        else:
            tails = next(tails for tails in TAILS if tails == cell.features)
            source = of_population(tails, cell.dim)
        row = run_cell(cell, source)
        is_new = not options.out.exists()
        with options.out.open("a", newline="", encoding="utf-8") as file:
            names = [field.name for field in fields(PlanDrawsRow)]
            writer = csv.DictWriter(file, names, lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerow(asdict(row))
        sys.stderr.write(f"{time.monotonic() - began:6.0f} s  {cell}\n")


def _known(path: Path) -> set[tuple[str, ...]]:
    """Cells that have rows in the file."""
    if not path.exists():
        return set()
    with path.open(encoding="utf-8", newline="") as file:
        names = [field.name for field in fields(Cell)]
        return {tuple(row[name] for name in names) for row in csv.DictReader(file)}


if __name__ == "__main__":
    main()
