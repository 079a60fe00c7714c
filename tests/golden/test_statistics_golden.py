"""The statistics against numbers that the original code gave.

`data/statistics.json`: sihyun-yu/digan@e822320 and universome/stylegan-v@3fecd69, run on what
`published_features` makes. The stored table was computed from `recipe`; its
float32 column with DIGAN's code, which roots the covariance of its first argument (there: X).
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor

from leo_bench.evaluation.distances.frechet import (
    FrechetOptions,
    fit_gaussian,
    frechet_distance_svd,
    frechet_distance_thin,
    frechet_of_features,
)
from leo_bench.evaluation.distances.gaussian import Gaussian
from leo_bench.evaluation.distances.kernel import KernelOptions, kernel_distance, kernel_sums

DATA = json.loads((Path(__file__).parent / "data" / "statistics.json").read_text())
DIGAN = FrechetOptions(covariance="unbiased", square_root="symmetric-svd", dtype="float32")
UNBIASED = FrechetOptions(covariance="unbiased", square_root="eigenvalues", dtype="float64")
BIASED = FrechetOptions(covariance="biased", square_root="eigenvalues", dtype="float64")
KVD32 = KernelOptions(degree=3, coef0=1.0, dtype="float32")
KVD64 = KernelOptions(degree=3, coef0=1.0, dtype="float64")


def published_features(seed: int, count: int, shift: float = 0.0, scale: float = 1.0) -> Tensor:
    chance = np.random.RandomState(seed)
    mixing = chance.standard_normal((400, 400)).astype(np.float32) / np.sqrt(400)
    drawn = chance.standard_normal((count, 400)).astype(np.float32)
    return torch.from_numpy(((drawn @ mixing) * scale + shift).astype(np.float32))


SETS = {
    "full_rank": (published_features(10, 2048), published_features(11, 2048, 0.1, 1.1)),
    "rank_deficient": (published_features(30, 64), published_features(31, 64, 0.2, 1.3)),
}


@pytest.mark.parametrize("name", SETS)
def test_digan_float32_fvd_is_the_originals(name: str) -> None:
    found = frechet_of_features(*SETS[name], DIGAN)
    assert found == pytest.approx(DATA[name]["digan_fvd"], rel=2e-3)


@pytest.mark.parametrize("name", SETS)
def test_stylegan_v_fvd_is_the_originals(name: str) -> None:
    found = frechet_of_features(*SETS[name], BIASED)
    assert found == pytest.approx(DATA[name]["stylegan_v_fvd"], rel=1e-5)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("options", [KVD32, KVD64], ids=["float32", "float64"])
def test_digan_kvd_is_the_originals(name: str, options: KernelOptions) -> None:
    found = kernel_distance(*SETS[name], options)
    assert found == pytest.approx(DATA[name]["digan_kvd"], abs=2e-3)


@pytest.mark.parametrize("correction", [0, 1])
@pytest.mark.parametrize("name", SETS)
def test_scipy_square_root_gives_the_same(name: str, correction: int) -> None:
    real, fake = (fit_gaussian(side, correction=correction) for side in SETS[name])
    # Without `disp`, which SciPy deprecated in 1.16 and removed in 1.18.
    root = np.asarray(sqrtm(real.cov.numpy() @ fake.cov.numpy())).real
    expected = float(
        (real.mean - fake.mean).square().sum() + (real.cov + fake.cov).trace()
    ) - 2 * float(np.trace(root))
    options = UNBIASED if correction else BIASED
    assert frechet_of_features(*SETS[name], options) == pytest.approx(expected, rel=1e-6)


def recipe(n: int, m: int) -> tuple[Tensor, Tensor]:
    index = np.arange(1, 401.0)
    frame = np.eye(400) - 2 * np.outer(index, index) / (index @ index)
    eigenvalues = 1200 * index**-1.3 / (index**-1.3).sum()
    root = (frame * np.sqrt(eigenvalues)).T
    x = np.random.RandomState(5).randn(n, 400) @ root
    y = (1.1 * np.random.RandomState(6).randn(m, 400)) @ root + 0.15
    return torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y.astype(np.float32))


TABLE = [
    (2048, 2048, 2292.8801, 122524.7519, 48.216756, 48.235237, 50.0426, 0.287762, 0.403423),
    (704, 2048, 482.8207, 122524.7519, 76.294984, 76.249910, 78.5497, 0.304265, 0.505104),
    (2048, 704, 2292.8801, 41393.5074, 73.695849, 73.862867, 75.4447, 0.234154, 0.472773),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]},{row[1]}")
def test_table_of_section_9_5(row: tuple[float, ...]) -> None:
    n, m, sum_x, sum_y, biased, unbiased, float32, kvd, kvd_biased = row
    x, y = recipe(int(n), int(m))
    assert x.double().sum().item() == pytest.approx(sum_x, abs=1e-3)
    assert y.double().sum().item() == pytest.approx(sum_y, abs=1e-3)
    assert frechet_of_features(x, y, BIASED) == pytest.approx(biased, abs=1e-5)
    assert frechet_of_features(x, y, UNBIASED) == pytest.approx(unbiased, abs=1e-5)
    assert frechet_distance_thin(x, y, correction=0) == pytest.approx(biased, abs=1e-5)
    # The table's code rooted X's covariance, and `frechet_distance_svd` roots the fake's.
    single = [fit_gaussian(side, correction=1, dtype=torch.float32) for side in (y, x)]
    assert frechet_distance_svd(*single) == pytest.approx(float32, abs=_wrong_sign(*single))
    assert kernel_distance(x, y, KVD64) == pytest.approx(kvd, abs=1e-5)
    assert _biased_kernel_distance(x.double(), y.double()) == pytest.approx(kvd_biased, abs=1e-5)


def _wrong_sign(real: Gaussian, fake: Gaussian) -> float:
    """What one eigenvalue of the product at the rounding floor moves when it changes its sign.

    Seen with 1 and 2 threads on one machine: 75.911 and 75.445 for the last row of the table.
    """
    largest = torch.linalg.eigvals(real.cov @ fake.cov).abs().max().item()
    return 4 * (torch.finfo(torch.float32).eps * largest) ** 0.5


def _biased_kernel_distance(x: Tensor, y: Tensor) -> float:
    def mean(a: Tensor, b: Tensor) -> float:
        p, q = (torch.full((1, len(side)), 1 / len(side)).double() for side in (a, b))
        return (p * kernel_sums(a, b, KVD64, p, q)[0]).sum().item()

    return mean(x, x) + mean(y, y) - 2 * mean(x, y)
