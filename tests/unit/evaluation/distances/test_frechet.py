from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.distances.frechet import (
    FrechetOptions,
    fit_gaussian,
    frechet_distance,
    frechet_distance_svd,
    frechet_distance_thin,
    frechet_of_features,
)
from leo_bench.evaluation.distances.gaussian import Gaussian
from leo_bench.evaluation.errors import InputError

UNBIASED = FrechetOptions(covariance="unbiased", square_root="eigenvalues", dtype="float64")
BIASED = FrechetOptions(covariance="biased", square_root="eigenvalues", dtype="float64")
DIGAN = FrechetOptions(covariance="unbiased", square_root="symmetric-svd", dtype="float32")
TF = FrechetOptions(covariance="unbiased", square_root="symmetric-svd", dtype="float64")


def drawn(seed: int, count: int, dim: int, scale: float = 1.0, shift: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(dim, dim, generator=generator, dtype=torch.float64)
    values = torch.randn(count, dim, generator=generator, dtype=torch.float64) @ mixing
    return values * scale + shift


def shuffled(values: Tensor) -> Tensor:
    return values[torch.randperm(len(values), generator=torch.Generator().manual_seed(9))]


@pytest.mark.parametrize("options", [UNBIASED, BIASED], ids=["unbiased", "biased"])
@pytest.mark.parametrize(("n", "m"), [(50, 70), (5, 40), (40, 5), (2, 3), (12, 12)])
def test_thin_form_equals_full_form(n: int, m: int, options: FrechetOptions) -> None:
    real, fake = drawn(1, n, 12), drawn(2, m, 12, 1.3, 0.4)
    full = frechet_of_features(real, fake, options)
    assert frechet_distance_thin(real, fake, correction=options.correction) == pytest.approx(
        full, rel=1e-10
    )


def test_svd_form_in_float64_equals_eigenvalue_form_at_full_rank() -> None:
    real, fake = drawn(1, 50, 12), drawn(2, 70, 12, 1.3, 0.4)
    assert frechet_of_features(real, fake, TF) == pytest.approx(
        frechet_of_features(real, fake, UNBIASED), rel=1e-9
    )


def test_one_dimension_has_the_closed_form() -> None:
    real = torch.tensor([[0.0], [2.0], [4.0]], dtype=torch.float64)  # mean 2, variance 4
    fake = torch.tensor([[4.0], [5.0], [6.0]], dtype=torch.float64)  # mean 5, variance 1
    assert frechet_of_features(real, fake, UNBIASED) == pytest.approx(3**2 + (2 - 1) ** 2)


def test_equal_covariances_leave_the_squared_shift_of_the_mean() -> None:
    real = drawn(1, 30, 4)
    assert frechet_of_features(real, real + 0.5, BIASED) == pytest.approx(4 * 0.5**2)


@pytest.mark.parametrize("count", [8, 100], ids=["fewer clips than dimensions", "more"])
def test_distance_to_itself_is_exactly_zero_in_any_order(count: int) -> None:
    real = drawn(3, count, 20)
    assert frechet_of_features(real, shuffled(real), UNBIASED) == 0.0


def test_float32_form_does_not_give_zero_to_itself() -> None:
    """As published: its square roots leave rounding of the order of 1e-3 of the variance."""
    real = drawn(3, 100, 20).float()
    assert 0 < abs(frechet_of_features(real, real, DIGAN)) < 1


@pytest.mark.parametrize("options", [UNBIASED, DIGAN], ids=["float64", "float32"])
def test_order_of_clips_moves_no_bit(options: FrechetOptions) -> None:
    real, fake = drawn(1, 90, 12), drawn(2, 60, 12, 1.3)
    assert frechet_of_features(shuffled(real), shuffled(fake), options) == frechet_of_features(
        real, fake, options
    )


def test_unbiased_covariance_is_the_biased_one_scaled() -> None:
    real = drawn(1, 30, 4)
    unbiased, biased = fit_gaussian(real, correction=1), fit_gaussian(real, correction=0)
    assert torch.allclose(unbiased.cov * 29 / 30, biased.cov)


def test_correction_scales_the_distance_of_equal_counts_and_means() -> None:
    real, fake = drawn(1, 30, 4), drawn(2, 30, 4, 1.3)
    fake = fake - fake.mean(dim=0) + real.mean(dim=0)
    assert frechet_of_features(real, fake, BIASED) == pytest.approx(
        frechet_of_features(real, fake, UNBIASED) * 29 / 30
    )


def test_svd_form_roots_the_covariance_of_the_fake() -> None:
    """A singular value of 1e-12 stays unrooted; the fake's takes 2 sqrt(1e6 * 1e-12) with it."""
    wide = Gaussian(torch.zeros(1).double(), torch.full((1, 1), 1e6).double(), 10)
    narrow = Gaussian(torch.zeros(1).double(), torch.full((1, 1), 1e-12).double(), 10)
    assert frechet_distance_svd(wide, narrow) - 1e6 == pytest.approx(0, abs=1e-6)
    assert frechet_distance_svd(narrow, wide) - 1e6 == pytest.approx(-2e-3, abs=1e-6)


def test_null_space_of_few_clips_adds_no_rounding() -> None:
    """The roots of rounded zeros, 1e-8 each and 380 of them, would show at 1e-9 relative."""
    real, fake = drawn(1, 20, 400).float(), drawn(1, 20, 400).float() * 1.001
    thin = frechet_distance_thin(real, fake, correction=1)
    assert frechet_of_features(real, fake, UNBIASED) == pytest.approx(thin, rel=1e-7)


BAD = [
    (lambda x: x[:, 0], r"real features: shape \[20\]; expected \[N,D\]"),
    (lambda x: x[:, None], r"real features: shape \[20, 1, 6\]; expected \[N,D\]"),
    (lambda x: x[:1], "real features: 1 clip; a covariance needs at least 2"),
    (lambda x: x[:0], "real features: 0 clip"),
    (lambda x: x.long(), "real features: torch.int64; expected a floating dtype"),
    (
        lambda x: x.index_fill(0, torch.tensor([3, 7]), float("nan")),
        r"2 of 20 clips \(first: row 3",
    ),
    (lambda x: x.index_fill(0, torch.tensor([19]), float("inf")), r"1 of 20 clips \(first: row 19"),
    (lambda x: x[:, :5], "real features have 5 dimensions, fake features 6"),
]


@pytest.mark.parametrize(("spoil", "message"), BAD)
def test_unusable_features_are_refused_in_one_line(
    spoil: Callable[[Tensor], Tensor], message: str
) -> None:
    good = drawn(1, 20, 6)
    with pytest.raises(InputError, match=message) as raised:
        frechet_of_features(spoil(good), good, UNBIASED)
    assert "\n" not in str(raised.value)


def test_gaussians_of_unlike_dimensions_are_refused() -> None:
    real, fake = (fit_gaussian(drawn(1, 20, dim), correction=1) for dim in (3, 4))
    with pytest.raises(InputError, match="real features have 3 dimensions, fake features 4"):
        frechet_distance(real, fake)


def test_features_that_require_gradients_are_measured() -> None:
    real = drawn(1, 20, 6).requires_grad_()
    assert frechet_of_features(real, drawn(2, 20, 6), UNBIASED) > 0
