import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.distances.kernel import (
    TILE,
    KernelOptions,
    kernel_distance,
    kernel_sums,
)
from leo_bench.evaluation.errors import InputError

CUBIC = KernelOptions(degree=3, coef0=1.0, dtype="float64")


def drawn(seed: int, count: int, dim: int, shift: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, dim, generator=generator, dtype=torch.float64) + shift


def plain(real: Tensor, fake: Tensor, degree: int, gamma: float, coef0: float) -> float:
    """The definition, pair by pair."""

    def k(a: Tensor, b: Tensor) -> float:
        return float((gamma * (a @ b) + coef0) ** degree)

    within = [
        [k(a, b) for i, a in enumerate(side) for j, b in enumerate(side) if i != j]
        for side in (real, fake)
    ]
    across = [k(a, b) for a in real for b in fake]
    return sum(sum(pairs) / len(pairs) for pairs in within) - 2 * sum(across) / len(across)


def test_equals_the_definition() -> None:
    real, fake = drawn(1, 7, 5), drawn(2, 9, 5, 0.5)
    assert kernel_distance(real, fake, CUBIC) == pytest.approx(plain(real, fake, 3, 1 / 5, 1.0))


def test_degree_gamma_and_coef0_are_taken_from_the_options() -> None:
    real, fake = drawn(1, 7, 5), drawn(2, 9, 5, 0.5)
    options = KernelOptions(degree=2, gamma=0.7, coef0=0.3, dtype="float64")
    assert kernel_distance(real, fake, options) == pytest.approx(plain(real, fake, 2, 0.7, 0.3))


def test_tiles_add_up() -> None:
    x, y = drawn(1, 2 * TILE + 3, 4), drawn(2, TILE + 1, 4)
    whole = ((x @ y.T) / 4 + 1) ** 3
    p = torch.stack([torch.ones(len(x)), torch.arange(len(x)) % 5]).double()
    q = torch.stack([torch.ones(len(y)), torch.arange(len(y)) % 3]).double()
    of_x, of_y = kernel_sums(x, y, CUBIC, p, q)
    assert torch.allclose(of_x, q @ whole.T)
    assert torch.allclose(of_y, p @ whole)


def test_tiles_above_the_diagonal_stand_for_those_below() -> None:
    x, y = drawn(1, TILE + 5, 4), drawn(2, TILE - 2, 4)
    within = [(((side @ side.T) / 4 + 1) ** 3).fill_diagonal_(0).sum() for side in (x, y)]
    pairs = [len(side) * (len(side) - 1) for side in (x, y)]
    expected = within[0] / pairs[0] + within[1] / pairs[1] - 2 * ((x @ y.T / 4 + 1) ** 3).mean()
    assert kernel_distance(x, y, CUBIC) == pytest.approx(float(expected), abs=1e-13)


def test_is_negative_for_a_set_against_itself() -> None:
    """Unbiased: the pairs (i, i), the nearest ones, count across but not within."""
    real = drawn(1, 20, 5)
    assert kernel_distance(real, real, CUBIC) < 0


def test_has_mean_zero_for_one_distribution() -> None:
    values = torch.tensor(
        [kernel_distance(drawn(2 * s, 20, 3), drawn(2 * s + 1, 20, 3), CUBIC) for s in range(200)]
    )
    assert abs(values.mean()) < 3 * values.std() / 200**0.5


def test_order_of_clips_moves_no_bit() -> None:
    real, fake = drawn(1, 90, 6), drawn(2, 60, 6, 0.5)
    turned = kernel_distance(real.flip(0), fake.roll(7, 0), CUBIC)
    assert turned == kernel_distance(real, fake, CUBIC)


def test_float32_agrees_with_float64_to_1e_5() -> None:
    real, fake = drawn(1, 90, 6), drawn(2, 60, 6, 0.5)
    single = KernelOptions(degree=3, coef0=1.0, dtype="float32")
    assert kernel_distance(real, fake, single) == pytest.approx(
        kernel_distance(real, fake, CUBIC), abs=1e-5
    )


def test_nan_features_are_refused() -> None:
    real = drawn(1, 20, 5)
    with pytest.raises(InputError, match="fake features: NaN or infinite in 20 of 20"):
        kernel_distance(real, real * float("nan"), CUBIC)
