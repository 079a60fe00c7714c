"""Simulated gate: how often `regress` fails an unchanged model, and which losses it finds.

    python -m leo_bench.benchmarks.evidence.gate_alarms --out benchmarks/evidence/gate_alarms.csv
        --workers 2

A change is one number before and after. It is judged as `reports.comparing` does: from the videos'
influences with Student's quantile, at Holm's first level for 1, 5 and 22 numbers in a comparison.
Changes are drawn independently and grouped into comparisons, so that false alarms are counted per
comparison, as the gate does.

An unchanged model draws independent samples (`fresh`), or samples correlated 0.9 with the old ones
of the same name (`paired`). A loss multiplies the true distance, or the true mean, by 1.2.

Numbers: the mean of one value a video (`mean`, such as ACD), normal or log-normal; and FVD in 48
dimensions, Gaussian or Student's t with 5 degrees of freedom, where old and new share the real
videos.
"""

import argparse
import csv
import math
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, fields
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import Tensor

from leo_bench.benchmarks.evidence.coverage_draws import covariance_root
from leo_bench.evaluation.distances.frechet_influence import frechet_statistic
from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.records.influences import (
    VideoInfluences,
    error_of_difference,
    influences_of_mean,
)
from leo_bench.evaluation.uncertainty.intervals import spread_of_mean
from leo_bench.evaluation.uncertainty.numbers import influences_of
from leo_bench.reports.comparing import load_settings
from leo_bench.reports.error_of_change import chance_of_rise

DIM, EXPONENT = 48, 1.3
HEAVY = 5  # degrees of freedom of Student's t
SKEWED = 0.8  # standard deviation of the logarithm of a log-normal value
NUMBERS = (1, 5, 22)
RISE = 1.2
CORRELATION = 0.9
LOSSES = 1100  # at most as many changes are drawn with a loss

Value = tuple[float, VideoInfluences]


@dataclass(frozen=True)
class GateCase:
    """One setting of the simulation.

    Args:
        number: "mean" or "fvd".
        tails: "light" or "heavy".
        n_real, n_fake: numbers of videos; a mean has no real ones.
        samples: "fresh" or "paired".
        changes: number of changes drawn.
    """

    number: str
    tails: str
    n_real: int
    n_fake: int
    samples: str
    changes: int


@dataclass(frozen=True)
class GateRow:
    """Shares of comparisons with a false alarm and of losses found, with standard errors."""

    number: str
    tails: str
    n_real: int
    n_fake: int
    samples: str
    numbers: int
    comparisons: int
    false_alarms: float
    false_alarms_error: float
    losses_found: float
    losses_found_error: float


def cases() -> Iterator[GateCase]:
    """All cases, the longest first."""
    for n_real, n_fake, changes in (
        (256, 256, 1100),
        (256, 16, 1100),
        (64, 64, 2200),
        (16, 16, 4400),
        (8, 8, 4400),
    ):
        for tails in ("light", "heavy"):
            for samples in ("fresh", "paired"):
                yield GateCase("fvd", tails, n_real, n_fake, samples, changes)
    for n_fake in (256, 64, 16, 8):
        for tails in ("light", "heavy"):
            for samples in ("fresh", "paired"):
                yield GateCase("mean", tails, 0, n_fake, samples, 22000 if n_fake < 64 else 8800)


def run_case(case: GateCase) -> list[GateRow]:
    """Draw changes without and with a loss, and summarise them."""
    draw = {"fvd": _fvds, "mean": _means}[case.number]
    level = load_settings().false_alarms
    unchanged = [_chance(*change) for change in draw(case, 1.0, case.changes)]
    lost = [_chance(*change) for change in draw(case, RISE, min(case.changes, LOSSES))]
    return [_row(case, numbers, level / numbers, unchanged, lost) for numbers in NUMBERS]


def _chance(old: Value, new: Value) -> float:
    error = error_of_difference(new[1], old[1])
    return chance_of_rise(new[0] - old[0], error, floor=0.0, old=old[0])


def _row(
    case: GateCase, numbers: int, level: float, unchanged: Sequence[float], lost: Sequence[float]
) -> GateRow:
    comparisons = len(unchanged) // numbers
    alarms = sum(
        min(unchanged[i * numbers : (i + 1) * numbers]) <= level for i in range(comparisons)
    )
    found = sum(p <= level for p in lost)
    return GateRow(
        number=case.number,
        tails=case.tails,
        n_real=case.n_real,
        n_fake=case.n_fake,
        samples=case.samples,
        numbers=numbers,
        comparisons=comparisons,
        false_alarms=round(alarms / comparisons, 5),
        false_alarms_error=_error(alarms, comparisons),
        losses_found=round(found / len(lost), 4),
        losses_found_error=_error(found, len(lost)),
    )


def _error(hits: int, of: int) -> float:
    """Standard error of a share, with one hit and one miss added, so that it is never 0."""
    share = (hits + 1) / (of + 2)
    return round(math.sqrt(share * (1 - share) / of), 5)


def _means(case: GateCase, rise: float, changes: int) -> Iterator[tuple[Value, Value]]:
    generator = torch.Generator().manual_seed(1)
    for _ in range(changes):
        old, new = _pair((case.n_fake,), case.samples, generator)
        if case.tails == "heavy":
            old, new = torch.exp(SKEWED * old), torch.exp(SKEWED * new)
        else:
            old, new = 3 + old, 3 + new
        yield _mean(old), _mean(rise * new)


def _mean(values: Tensor) -> Value:
    by_video = {f"video {i}": value for i, value in enumerate(values.tolist())}
    return values.mean().item(), VideoInfluences(real={}, fake=influences_of_mean(by_video))


def _fvds(case: GateCase, rise: float, changes: int) -> Iterator[tuple[Value, Value]]:
    generator = torch.Generator().manual_seed(1)
    root = covariance_root(DIM, EXPONENT)
    for _ in range(changes):
        real, _ = _pair((case.n_real, DIM), "fresh", generator, case.tails)
        old, new = _pair((case.n_fake, DIM), case.samples, generator, case.tails)
        clips = _clips(real @ root)
        # A shift of 1 in every dimension is a distance of DIM.
        yield _fvd(clips, _clips(old @ root + 1)), _fvd(clips, _clips(new @ root + math.sqrt(rise)))


def _clips(values: Tensor) -> ClipFeatures:
    return ClipFeatures(values, [f"video {i}" for i in range(len(values))])


def _fvd(real: ClipFeatures, fake: ClipFeatures) -> Value:
    statistic = frechet_statistic(real, fake, correction=0)
    spread = spread_of_mean([statistic], 0)
    return spread.value, influences_of(statistic, spread)


def _pair(
    shape: tuple[int, ...], samples: str, generator: torch.Generator, tails: str = "light"
) -> tuple[Tensor, Tensor]:
    """Two draws of unit variance, float64; heavy ones are Student's t, row by row."""
    first = torch.randn(shape, generator=generator, dtype=torch.float64)
    other = torch.randn(shape, generator=generator, dtype=torch.float64)
    if samples == "paired":
        other = CORRELATION * first + math.sqrt(1 - CORRELATION**2) * other
    if tails == "light":
        return first, other
    factors = _factors(shape[0], generator)
    return first * factors, other * (
        factors if samples == "paired" else _factors(shape[0], generator)
    )


def _factors(rows: int, generator: torch.Generator) -> Tensor:
    normal = torch.randn((HEAVY, rows), generator=generator, dtype=torch.float64)
    return ((HEAVY - 2) / normal.square().sum(dim=0)).sqrt()[:, None]


def main() -> None:
    """Run the cases in `--workers` processes of one thread each, and write their rows."""
    parser = argparse.ArgumentParser(
        prog="python -m leo_bench.benchmarks.evidence.gate_alarms", description=__doc__
    )
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    chosen, started = list(cases()), time.monotonic()
    with (
        options.out.open("w", newline="", encoding="utf-8") as file,
        ProcessPoolExecutor(
            options.workers, get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
        ) as pool,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(GateRow))
        for case, rows in zip(chosen, pool.map(run_case, chosen), strict=True):
            writer.writerows(astuple(row) for row in rows)
            file.flush()
            sys.stderr.write(f"{time.monotonic() - started:6.0f} s  {case}\n")


if __name__ == "__main__":
    main()
