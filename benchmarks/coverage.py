"""Simulation: how often do the intervals around FVD and KVD hold what they claim to hold?

    python -m benchmarks.coverage --out benchmarks/coverage.csv --workers 2

Every case draws real and fake features from known distributions, many times over. An interval
around the distance at N is to hold its expected value at N (the mean over the draws) in 95 % of the
draws; one around the distance at infinite N, that of the two distributions, which is known. The
method `influence` is what `evaluation.intervals` offers; the others are what it was chosen from.

Features: Gaussian, or of Student's t, with covariance eigenvalues ~ i^-exponent of total 3 D in a
fixed reflected frame (metrics.md, section 9.5); the fake's are scale * (such) + shift.
"""

import argparse
import csv
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, fields, replace
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import Tensor

from evaluation.extrapolation import extrapolate
from evaluation.frechet import fit_gaussian, frechet_distance
from evaluation.influence import ClipFeatures, frechet_statistic, kernel_statistic
from evaluation.intervals import (
    Interval,
    Spread,
    interval_around,
    interval_of,
    jackknife_interval,
    paired_difference_interval,
    spread_of,
)
from evaluation.kernel import KernelOptions

KVD = KernelOptions(degree=3, coef0=1.0, dtype="float64")
RESAMPLES = 100
NORMAL = 1.959964


@dataclass(frozen=True)
class Case:
    """Two distributions, the numbers of clips drawn from each, and what to try on them.

    tries: "influence" (and its plainer forms), "infinity", "resampling", "kvd", "difference".
    """

    name: str
    dim: int
    n_real: int
    n_fake: int
    exponent: float
    shift: float
    scale: float
    replications: int
    tries: tuple[str, ...]
    clips_per_video: int = 1
    tail: float | None = None  # degrees of freedom of Student's t; None: Gaussian


@dataclass(frozen=True)
class Row:
    """How one method did on one case: a row of the CSV."""

    case: str
    method: str
    n_real: int
    n_fake: int
    dim: int
    exponent: float
    clips_per_video: int
    tail: float | None
    replications: int
    coverage: float
    below: float  # share of intervals that lie below the truth
    above: float
    mean_width: float
    sd: float  # of the value over the draws
    target: float  # what the interval is to hold
    bias: float | None  # mean value less the distributions' own distance; None: not in closed form


Outcome = tuple[float, float, float]  # value, low, high

FVD = ("influence", "infinity")
ALL = (*FVD, "resampling")


def cases() -> Iterator[Case]:
    """Everything that is run; what takes longest first."""
    yield Case("near", 400, 2048, 2048, 1.3, 0.15, 1.1, 200, ("influence",))
    yield Case("near", 400, 704, 2048, 1.3, 0.15, 1.1, 200, ("influence",))
    yield Case("near", 64, 256, 256, 1.3, 0.15, 1.1, 200, ALL)
    yield Case("same", 64, 256, 256, 1.3, 0.0, 1.0, 200, ALL)
    yield Case("far", 64, 256, 256, 1.3, 1.0, 1.3, 200, FVD)
    for name, shift, scale in (("same", 0.0, 1.0), ("near", 0.15, 1.1), ("far", 1.0, 1.3)):
        for n_real, n_fake in ((36, 36), (64, 64), (1024, 1024), (112, 328)):
            yield Case(name, 64, n_real, n_fake, 1.3, shift, scale, 200, FVD)
        yield Case(name, 64, 256, 256, 0.5, shift, scale, 200, FVD)
        yield Case(name, 64, 256, 256, 1.3, shift, scale, 200, FVD, tail=5.0)
        yield Case(name, 64, 512, 512, 1.3, shift, scale, 200, FVD, clips_per_video=4)
        for n in (36, 64, 128, 256):
            yield Case(name, 400, n, n, 1.3, shift, scale, 200, ("influence",))
        yield Case(name, 64, 256, 256, 1.3, shift, scale, 200, ("kvd", "difference"))
    yield Case("near", 400, 704, 2048, 1.3, 0.15, 1.1, 30, FVD)


def run_case(case: Case, seed: int = 0) -> list[Row]:
    """Draw the case's features again and again, and count."""
    generator = torch.Generator().manual_seed(seed)
    root = covariance_root(case.dim, case.exponent)
    outcomes: dict[str, list[Outcome]] = {}
    for replication in range(case.replications):
        real = draw(case, root, generator)
        fake = draw(replace(case, n_real=case.n_fake), root, generator)
        fake = replace(fake, values=fake.values * case.scale + case.shift)
        same = draw(replace(case, n_real=case.n_fake), root, generator)
        for method, outcome in outcomes_of(case.tries, (real, fake, same), replication):
            outcomes.setdefault(method, []).append(outcome)
    return [_count(case, method, found) for method, found in outcomes.items()]


def draw(case: Case, root: Tensor, generator: torch.Generator) -> ClipFeatures:
    """Real clips; those of one video have a correlation of 0.7."""
    count, of_one = case.n_real, case.clips_per_video
    videos = count // of_one
    normal = torch.randn((videos, 1, case.dim), generator=generator, dtype=torch.float64)
    if of_one > 1:
        own = torch.randn((videos, of_one, case.dim), generator=generator, dtype=torch.float64)
        normal = math.sqrt(0.7) * normal + math.sqrt(0.3) * own
    if case.tail is not None:
        normal = normal * _student_factor(case.tail, videos, generator)[:, None, None]
    values = normal.reshape(count, case.dim) @ root
    return ClipFeatures(values, [f"video {i // of_one}" for i in range(count)])


def covariance_root(dim: int, exponent: float) -> Tensor:
    """R [D,D] with R^T R the covariance: eigenvalues ~ i^-exponent, total 3 D, frame reflected."""
    index = torch.arange(1, dim + 1, dtype=torch.float64)
    eigenvalues = index**-exponent
    eigenvalues *= 3 * dim / eigenvalues.sum()
    frame = torch.eye(dim, dtype=torch.float64) - 2 * torch.outer(index, index) / (index @ index)
    return eigenvalues.sqrt()[:, None] * frame


def outcomes_of(
    tries: Sequence[str], drawn: tuple[ClipFeatures, ClipFeatures, ClipFeatures], seed: int
) -> Iterator[tuple[str, Outcome]]:
    """What each method says about (real, fake); the third set is one like the real."""
    real, fake, same = drawn
    distance = frechet_statistic(real, fake, correction=1)
    if "influence" in tries:
        spread = spread_of(distance, seed)
        for method, form in FORMS.items():
            yield method, _outcome(spread.value, form(spread))
        if "infinity" in tries:
            found = extrapolate(distance, seed=seed, spread=spread)
            yield "fvd infinity", _outcome(found.value, found.interval)
    if "resampling" in tries:
        yield from resampled(real.values, fake.values, seed)
        interval = jackknife_interval(_distance, real, fake, seed=seed)
        yield "groups", _outcome(_distance(real.values, fake.values), interval)
    if "kvd" in tries:
        kernel = kernel_statistic(real, fake, KVD)
        yield "kvd", _outcome(kernel.at(kernel.ones).value, interval_of(kernel, seed=seed))
    if "difference" in tries:
        other = frechet_statistic(real, same, correction=1)
        interval = paired_difference_interval(distance, other, seed=seed)
        value = distance.at(distance.ones).value - other.at(other.ones).value
        yield "difference to same", _outcome(value, interval)


FORMS: dict[str, Callable[[Spread], Interval]] = {
    "influence": lambda s: interval_around(s.value, s.single + s.paired, s, 0.95),
    "squared influences": lambda s: _symmetric(s.value, s.single + 2 * s.paired),
    "corrected, symmetric": lambda s: _symmetric(s.value, s.single + s.paired),
}


def resampled(real: Tensor, fake: Tensor, seed: int) -> Iterator[tuple[str, Outcome]]:
    """What resampling clips gives: with replacement, or halves without.

    Halves vary as the whole does: (m/n) / (1 - m/n), the finite-population correction, is 1 there.
    """
    generator = torch.Generator().manual_seed(seed)
    value = _distance(real, fake)
    copies, halves = [], []
    for _ in range(RESAMPLES):
        picks = [
            torch.randint(len(side), (len(side),), generator=generator) for side in (real, fake)
        ]
        copies.append(_distance(real[picks[0]], fake[picks[1]]))
        picks = [torch.randperm(len(side), generator=generator)[::2] for side in (real, fake)]
        halves.append(_distance(real[picks[0]], fake[picks[1]]))
    copies.sort()
    edge = round(0.025 * RESAMPLES)
    yield "bootstrap, percentiles", (value, copies[edge], copies[-1 - edge])
    yield "bootstrap, centred", _outcome(value, _symmetric(value, statistics.variance(copies)))
    yield "halves", _outcome(value, _symmetric(value, statistics.variance(halves)))


def _distance(real: Tensor, fake: Tensor) -> float:
    return frechet_distance(fit_gaussian(real, correction=1), fit_gaussian(fake, correction=1))


def _symmetric(value: float, variance: float) -> Interval:
    reach = NORMAL * math.sqrt(variance)
    return Interval(value - reach, value + reach, 0.95, math.sqrt(variance), "jackknife")


def _outcome(value: float, interval: Interval) -> Outcome:
    return value, interval.low, interval.high


def _student_factor(freedom: float, count: int, generator: torch.Generator) -> Tensor:
    """What turns Gaussian rows into Student's t rows of the same covariance, float64 [count]."""
    normal = torch.randn((int(freedom), count), generator=generator, dtype=torch.float64)
    return ((freedom - 2) / normal.square().sum(dim=0)).sqrt()


def _count(case: Case, method: str, found: Sequence[Outcome]) -> Row:
    values, lows, highs = torch.tensor(found, dtype=torch.float64).T
    true = case.shift**2 * case.dim + (case.scale - 1) ** 2 * 3 * case.dim
    mean = values.mean().item()
    target = true if method == "fvd infinity" else mean
    below, above = (highs < target).double().mean().item(), (lows > target).double().mean().item()
    return Row(
        case=case.name,
        method=method,
        n_real=case.n_real,
        n_fake=case.n_fake,
        dim=case.dim,
        exponent=case.exponent,
        clips_per_video=case.clips_per_video,
        tail=case.tail,
        replications=len(found),
        coverage=round(1 - below - above, 4),
        below=round(below, 4),
        above=round(above, 4),
        mean_width=round((highs - lows).mean().item(), 4),
        sd=round(values.std().item(), 4),
        target=round(target, 4),
        bias=None if method == "kvd" else round(mean - true, 4),
    )


def main() -> None:
    """Run the cases in `--workers` processes of one thread each, and write their rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    chosen = list(cases())
    started = time.monotonic()
    rows: list[list[Row]] = []
    with ProcessPoolExecutor(
        options.workers, get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        for case, found in zip(chosen, pool.map(run_case, chosen), strict=True):
            rows.append(found)
            sys.stderr.write(f"{time.monotonic() - started:6.0f} s  {case}\n")
    with options.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Row))
        writer.writerows(astuple(row) for found in rows for row in found)


if __name__ == "__main__":
    main()
