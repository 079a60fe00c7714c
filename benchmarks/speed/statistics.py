"""Speed of the statistics: every form of the Fréchet distance, KVD, the interval and FVD∞.

Each is timed from features [N,400] to a number, covariances included. The features are Gaussian
with covariance eigenvalues ~ i^-1.3, which fall as fast as I3D's. Two peers compute the same:
SciPy's `sqrtm`, and scikit-learn's `polynomial_kernel` where it is installed (extra `speed`).
"""

import importlib
import importlib.util
import math
from collections.abc import Callable
from functools import partial

import torch
from scipy.linalg import sqrtm
from torch import Tensor

from leo_bench.benchmarks.evidence.coverage_draws import covariance_root
from leo_bench.benchmarks.speed.machine import Row, interleaved
from leo_bench.evaluation.distances.frechet import (
    FrechetOptions,
    fit_gaussian,
    form,
    frechet_distance_thin,
    frechet_of_features,
)
from leo_bench.evaluation.distances.frechet_influence import frechet_statistic
from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.distances.kernel import KernelOptions, kernel_distance
from leo_bench.evaluation.uncertainty.extrapolation import extrapolate
from leo_bench.evaluation.uncertainty.intervals import interval_of, spread_of_mean
from leo_bench.evaluation.uncertainty.numbers import numbers_of

DIMENSION = 400
SIZES = ((2048, 2048), (704, 2048), (256, 256))
ROUNDS = 3
SQRTM, POLYNOMIAL = "Fréchet, SciPy's sqrtm", "KVD, scikit-learn's kernel"

# Form -> the peer that computes the same.
PEERS = {
    "Fréchet, eigenvalues": SQRTM,
    "Fréchet, thin": SQRTM,
    "Fréchet, float32 as DIGAN": SQRTM,
    "KVD": POLYNOMIAL,
}

_EXACT = FrechetOptions(covariance="unbiased", square_root="eigenvalues", dtype="float64")
_DIGAN = FrechetOptions(covariance="unbiased", square_root="symmetric-svd", dtype="float32")
_KVD = KernelOptions(degree=3, coef0=1.0, dtype="float64")


def measure() -> list[Row]:
    """Time on the CPU; a minute on two quiet cores."""
    return [row for sizes in SIZES for row in _rows(*sizes)]


def _rows(n_real: int, n_fake: int) -> list[Row]:
    generator = torch.Generator().manual_seed(0)
    real, fake = _drawn(n_real, 1.0, generator), _drawn(n_fake, 1.1, generator)
    tasks = {what: partial(of, real, fake) for what, of in _forms().items()}
    timings = interleaved(tasks, ROUNDS)
    rows = []
    for what, timing in timings.items():
        peer = timings.get(PEERS.get(what, ""))
        row = {
            "what": what,
            "real": str(n_real),
            "fake": str(n_fake),
            "ms, best": f"{timing.fastest * 1e3:.0f}",
            "median": f"{timing.median * 1e3:.0f}",
            "of its peer": "" if peer is None else f"{timing.fastest / peer.fastest:.2f}",
            "value": f"{tasks[what]():.4f}",
        }
        rows.append(row)
    return rows


def _drawn(count: int, scale: float, generator: torch.Generator) -> ClipFeatures:
    normal = torch.randn(count, DIMENSION, generator=generator, dtype=torch.float64)
    values = (normal @ covariance_root(DIMENSION, exponent=1.3) * scale).float()
    return ClipFeatures(values, [f"video {i}" for i in range(count)])


Form = Callable[[ClipFeatures, ClipFeatures], float]


def _forms() -> dict[str, Form]:
    forms: dict[str, Form] = {
        "Fréchet, eigenvalues": lambda r, f: frechet_of_features(r.values, f.values, _EXACT),
        "Fréchet, thin": lambda r, f: frechet_distance_thin(r.values, f.values, correction=1),
        "Fréchet, float32 as DIGAN": lambda r, f: frechet_of_features(r.values, f.values, _DIGAN),
        SQRTM: _by_scipy,
        "KVD": lambda r, f: kernel_distance(r.values, f.values, _KVD),
    }
    if importlib.util.find_spec("sklearn"):
        forms[POLYNOMIAL] = _by_scikit_learn
    return forms | {
        "interval, half its length": _half_length,
        "FVD∞ with interval": _infinity,
        "value, interval, FVD∞, on all threads": _every_number,
    }


def _by_scipy(real: ClipFeatures, fake: ClipFeatures) -> float:
    """The form that StyleGAN-V and most others use."""
    r, f = (fit_gaussian(side.values, correction=1) for side in (real, fake))
    root: Tensor = torch.from_numpy(sqrtm((r.cov @ f.cov).numpy())).real
    return float((r.mean - f.mean).square().sum() + (r.cov + f.cov - 2 * root).trace())


def _by_scikit_learn(real: ClipFeatures, fake: ClipFeatures) -> float:
    kernel = importlib.import_module("sklearn.metrics.pairwise").polynomial_kernel
    r, f = (side.values.double().numpy() for side in (real, fake))
    within = [
        (matrix.sum() - matrix.trace()) / (len(matrix) * (len(matrix) - 1))
        for matrix in (kernel(r, degree=3, coef0=1), kernel(f, degree=3, coef0=1))
    ]
    return float(sum(within) - 2 * kernel(r, f, degree=3, coef0=1).mean())


def _half_length(real: ClipFeatures, fake: ClipFeatures) -> float:
    interval = interval_of(frechet_statistic(real, fake, correction=1), seed=0)
    return (interval.high - interval.low) / 2


def _infinity(real: ClipFeatures, fake: ClipFeatures) -> float:
    statistic = frechet_statistic(real, fake, correction=1)
    return extrapolate([statistic], spread_of_mean([statistic], 0), seed=0).value


def _every_number(real: ClipFeatures, fake: ClipFeatures) -> float:
    """FVD∞, the last of what a record of FVD has; it leaves every video out."""
    found = numbers_of(form(_EXACT), [(real, fake)], 0, None).extrapolation
    return math.nan if found is None else found.value
