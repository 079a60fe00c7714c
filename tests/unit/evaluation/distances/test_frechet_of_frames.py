"""The Fréchet distance of frames, in blocks of rows."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor

from leo_bench.evaluation.distances.frechet_of_frames import frechet_of_frames
from leo_bench.evaluation.errors import InputError


def drawn(seed: int, rows: int, dim: int, shift: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, dim, generator=generator) * (1 + shift) + shift


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leo_bench.evaluation.distances.frechet_of_frames.BLOCK", 7)


def test_the_distance_is_that_of_numpy_and_scipy() -> None:
    real, fake = drawn(1, 60, 8), drawn(2, 80, 8, 0.3)
    a, b = real.double().numpy(), fake.double().numpy()
    covs = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    shift = a.mean(axis=0) - b.mean(axis=0)
    root = sqrtm(covs[0] @ covs[1]).real
    expected = shift @ shift + np.trace(covs[0] + covs[1] - 2 * root)
    assert frechet_of_frames(real, fake, correction=1) == pytest.approx(expected, rel=1e-9)


def test_equal_sides_are_at_distance_zero() -> None:
    values = drawn(1, 60, 8)
    assert frechet_of_frames(values, values.flip(0), correction=1) == 0


def test_one_frame_is_refused() -> None:
    with pytest.raises(InputError, match="a covariance needs at least 2"):
        frechet_of_frames(torch.zeros(1, 3), torch.zeros(4, 3), correction=1)
