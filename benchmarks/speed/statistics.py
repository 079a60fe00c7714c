"""Statistics: every form of the Fréchet distance, KVD, the interval and FVD∞, in one run.

From features [N,400] to a number, the covariances included. Gaussian features with eigenvalues as
those of metrics.md, section 9.5. Beside them, where they are installed (extra `speed`), SciPy's
`sqrtm` and scikit-learn's `polynomial_kernel` with the same sums, and how ours stand to them.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import torch
from scipy.linalg import sqrtm
from torch import Tensor

from leo_bench.benchmarks.evidence.coverage_draws import covariance_root
from leo_bench.benchmarks.speed.machine import Timing, interleaved
from leo_bench.evaluation.distances.frechet import (
    FrechetOptions,
    fit_gaussian,
    frechet_distance_thin,
    frechet_of_features,
)
from leo_bench.evaluation.distances.kernel import KernelOptions, kernel_distance
from leo_bench.evaluation.uncertainty.extrapolation import extrapolate
from leo_bench.evaluation.uncertainty.influence import ClipFeatures, frechet_statistic
from leo_bench.evaluation.uncertainty.intervals import frechet_interval, spread_of

COLUMNS = ("what", "real", "fake", "ms, best", "median", "of its peer", "value")

DIMENSION = 400
SIZES = ((2048, 2048), (704, 2048), (256, 256))
ROUNDS = 3
SQRTM, POLYNOMIAL = "Fréchet, SciPy's sqrtm", "KVD, scikit-learn's kernel"

# What a form is held against.
PEERS = {
    "Fréchet, eigenvalues": SQRTM,
    "Fréchet, thin": SQRTM,
    "Fréchet, float32 as DIGAN": SQRTM,
    "KVD": POLYNOMIAL,
}

_EXACT = FrechetOptions(covariance="unbiased", square_root="eigenvalues", dtype="float64")
_DIGAN = FrechetOptions(covariance="unbiased", square_root="symmetric-svd", dtype="float32")
_KVD = KernelOptions(degree=3, coef0=1.0, dtype="float64")


@dataclass(frozen=True)
class StatisticsTiming:
    """One line of the table.

    Args:
        peer: seconds of what it is held against, on the same features; None: of nothing.
    """

    what: str
    n_real: int
    n_fake: int
    timing: Timing
    peer: float | None
    value: float

    def cells(self) -> list[str]:
        """As `COLUMNS`."""
        return [
            self.what,
            str(self.n_real),
            str(self.n_fake),
            f"{self.timing.fastest * 1e3:.0f}",
            f"{self.timing.median * 1e3:.0f}",
            "" if self.peer is None else f"{self.timing.fastest / self.peer:.2f}",
            f"{self.value:.4f}",
        ]


def measure() -> list[StatisticsTiming]:
    """Measure on the CPU; a minute on two quiet cores."""
    return [row for sizes in SIZES for row in _rows(*sizes)]


def _rows(n_real: int, n_fake: int) -> list[StatisticsTiming]:
    generator = torch.Generator().manual_seed(0)
    real, fake = _drawn(n_real, 1.0, generator), _drawn(n_fake, 1.1, generator)
    tasks = {what: _bound(form, real, fake) for what, form in _forms().items()}
    timings = interleaved(tasks, ROUNDS)
    peers = {what: timings[peer].fastest for what, peer in PEERS.items() if peer in timings}
    return [
        StatisticsTiming(what, n_real, n_fake, timing, peers.get(what), tasks[what]())
        for what, timing in timings.items()
    ]


def _drawn(count: int, scale: float, generator: torch.Generator) -> ClipFeatures:
    normal = torch.randn(count, DIMENSION, generator=generator, dtype=torch.float64)
    values = (normal @ covariance_root(DIMENSION, exponent=1.3) * scale).float()
    return ClipFeatures(values, [f"video {i}" for i in range(count)])


Form = Callable[[ClipFeatures, ClipFeatures], float]


def _bound(form: Form, real: ClipFeatures, fake: ClipFeatures) -> Callable[[], float]:
    return lambda: form(real, fake)


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
    interval = frechet_interval(real, fake, correction=1, seed=0)
    return (interval.high - interval.low) / 2


def _infinity(real: ClipFeatures, fake: ClipFeatures) -> float:
    statistic = frechet_statistic(real, fake, correction=1)
    return extrapolate([statistic], spread_of(statistic, 0), seed=0).value
