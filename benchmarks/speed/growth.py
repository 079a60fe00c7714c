"""Time and peak memory of every number of a distance, by the number of clips.

Value, interval, FVD∞ and the change by each video left out, from features to numbers, for Gaussian
features as those of `speed.statistics`. Each case runs in a process of its own.
"""

import resource
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.benchmarks.speed.machine import Row, run_alone
from leo_bench.evaluation.distances import frechet, frechet_of_frames
from leo_bench.evaluation.distances.frechet import FrechetOptions
from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.uncertainty.numbers import numbers_of


@dataclass(frozen=True)
class GrowthCase:
    """Rows of either side, and how they are measured.

    Args:
        metric: "fvd" in float64, "fvd of digan" in float32 too, or "fid".
        rows: of each side: clips, or frames.
        dimension: of the features.
        of_one: rows that one video gives.
        repeats: of the measurement.
    """

    metric: str
    rows: int
    dimension: int = 400
    of_one: int = 1
    repeats: int = 1


CASES = (
    GrowthCase("fvd", 256),
    GrowthCase("fvd", 2048),
    GrowthCase("fvd", 10_000),
    GrowthCase("fvd", 100_000),
    GrowthCase("fvd of digan", 2048, repeats=10),
    GrowthCase("fid", 10_000, 2048, of_one=4),
)

_EXACT = FrechetOptions(covariance="unbiased", square_root="eigenvalues", dtype="float64")
_FORMS = {
    "fvd": frechet.form(_EXACT),
    "fvd of digan": frechet.form(
        FrechetOptions(covariance="unbiased", square_root="symmetric-svd", dtype="float32")
    ),
    "fid": frechet_of_frames.form(_EXACT),
}


def measure(cases: tuple[GrowthCase, ...] = CASES) -> list[Row]:
    """Time on the CPU; some minutes."""
    rows = []
    for case in cases:
        names = "GrowthCase, seconds_and_megabytes"
        found = run_alone(__name__, f"print(*seconds_and_megabytes({case!r}))", names)
        seconds, of_cores, peak = map(float, found.split())
        row = {
            "metric": case.metric,
            "rows a side": f"{case.rows:,}",
            "dimensions": f"{case.dimension:,}",
            "repeats": str(case.repeats),
            "seconds": f"{seconds:.2f}",
            "CPU seconds": f"{of_cores:.2f}",
            "features MB": f"{case.rows * case.dimension * case.repeats * 8 / 1e6:.0f}",
            "peak MB": f"{peak:.0f}",
        }
        rows.append(row)
    return rows


def seconds_and_megabytes(case: GrowthCase) -> tuple[float, float, float]:
    """Seconds of all numbers, by the clock and of all cores; peak memory of this process in MB."""
    repeats = [
        (_drawn(case, 2 * repeat, 1.0), _drawn(case, 2 * repeat + 1, 1.1))
        for repeat in range(case.repeats)
    ]
    numbers_of(_FORMS["fvd"], [(_first(real), _first(fake)) for real, fake in repeats], 0, None)
    began, used = time.perf_counter(), time.process_time()
    numbers_of(_FORMS[case.metric], repeats, 0, None)
    seconds, of_cores = time.perf_counter() - began, time.process_time() - used
    return seconds, of_cores, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _drawn(case: GrowthCase, seed: int, scale: float) -> ClipFeatures:
    """Independent dimensions of variances i^-1.3; no matrix beside the float32 features."""
    generator = torch.Generator().manual_seed(seed)
    values: Tensor = torch.randn(case.rows, case.dimension, generator=generator)
    values.mul_(scale * torch.arange(1, case.dimension + 1).pow(-0.65))
    return ClipFeatures(values, [f"video {i // case.of_one:06d}" for i in range(case.rows)])


def _first(side: ClipFeatures) -> ClipFeatures:
    """A few rows, so that no time is that of a first call."""
    return ClipFeatures(side.values[:64, :8], side.videos[:64])
