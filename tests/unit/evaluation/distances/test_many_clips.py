"""More clips than dimensions, read in blocks: the numbers of the clips' own singular values."""

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.distances.few_clips import GaussianOfFew
from leo_bench.evaluation.distances.frechet import frechet_distance_thin
from leo_bench.evaluation.distances.frechet_influence import (
    FrechetStatistic,
    WeightedSide,
    frechet_statistic,
    statistic_of,
)
from leo_bench.evaluation.distances.influence import ClipFeatures, Weights
from leo_bench.evaluation.uncertainty.intervals import interval_of


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leo_bench.evaluation.distances.many_clips.BLOCK", 90)
    monkeypatch.setattr("leo_bench.evaluation.distances.left_out.BLOCK", 13)


def drawn(seed: int, rows: int, dim: int, of_one: int, shift: float = 0.0) -> ClipFeatures:
    """Clips that share most of what they are with their video."""
    generator = torch.Generator().manual_seed(seed)
    videos = rows // of_one
    common = torch.randn(videos, dim, generator=generator).repeat_interleave(of_one, dim=0)
    values = common + 0.3 * torch.randn(rows, dim, generator=generator)
    return ClipFeatures(values * (1 + shift) + shift, [f"v{i // of_one}" for i in range(rows)])


def by_the_rows(real: ClipFeatures, fake: ClipFeatures, correction: int) -> FrechetStatistic:
    """The same statistic from the singular values of the clips themselves."""

    def side(of: ClipFeatures) -> WeightedSide:
        rows = of.by_video()

        def fit(each: Sequence[Tensor]) -> list[GaussianOfFew]:
            return [GaussianOfFew.of(rows.weighed(of.values, w), correction) for w in each]

        return WeightedSide(rows.names, *of.values.shape, fit)

    return statistic_of(side(real), side(fake))


def alike(found: FrechetStatistic, expected: FrechetStatistic, weights: Weights) -> None:
    here, there = found.at(weights), expected.at(weights)
    assert here.value == pytest.approx(there.value, rel=1e-9)
    torch.testing.assert_close(here.real, there.real, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(here.fake, there.fake, rtol=1e-6, atol=1e-9)
    (alone,) = found.evaluations([weights])
    assert alone.value() == pytest.approx(there.value, rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(60, 80), (12, 60), (60, 12), (12, 8)])
@pytest.mark.parametrize("correction", [0, 1])
def test_the_statistic_is_that_of_the_rows(n: int, m: int, correction: int) -> None:
    sides = drawn(1, n, 20, 4), drawn(2, m, 20, 4, 0.3)
    found, expected = (
        frechet_statistic(*sides, correction=correction),
        by_the_rows(*sides, correction),
    )
    generator = torch.Generator().manual_seed(3)
    some = Weights(
        0.5 + torch.rand(n // 4, generator=generator).double(),
        0.5 + torch.rand(m // 4, generator=generator).double(),
    )
    for weights in (found.ones, some):
        alike(found, expected, weights)
    here, there = found.without_each(), expected.without_each()
    torch.testing.assert_close(here.real, there.real, rtol=1e-6, atol=1e-7, equal_nan=True)
    torch.testing.assert_close(here.fake, there.fake, rtol=1e-6, atol=1e-7, equal_nan=True)
    assert here.real_tail == pytest.approx(there.real_tail)


def singular(values: Tensor) -> Tensor:
    """The first dimension does not vary, and the last is a copy of the one before."""
    changed = values.clone()
    changed[:, 0], changed[:, -1] = 0.25, changed[:, -2]
    return changed


def steep(values: Tensor) -> Tensor:
    """Standard deviations from 1 to 1e-6."""
    return values * torch.logspace(0, -6, values.shape[1])


@pytest.mark.parametrize("change", [singular, steep])
def test_covariances_without_an_inverse(change: Callable[[Tensor], Tensor]) -> None:
    real, fake = (
        ClipFeatures(change(side.values), side.videos)
        for side in (drawn(1, 90, 12, 2), drawn(2, 100, 12, 2, 0.3))
    )
    found = frechet_statistic(real, fake, correction=1)
    alike(found, by_the_rows(real, fake, 1), found.ones)
    thin = frechet_distance_thin(real.values, fake.values, correction=1)
    assert found.at(found.ones).value == pytest.approx(thin, rel=1e-9)


def test_several_weights_at_once_are_each_alone() -> None:
    statistic = frechet_statistic(drawn(1, 120, 8, 4), drawn(2, 80, 8, 4, 0.3), correction=1)
    half = Weights((torch.arange(30) % 2).double(), (torch.arange(20) % 2).double())
    rest = Weights(1 - half.real, statistic.ones.fake)
    tilted = Weights(statistic.ones.real + 0.1 * half.real, statistic.ones.fake)
    for each in ([statistic.ones, half, rest], [half, tilted]):
        for weights, found in zip(each, statistic.evaluations(each), strict=True):
            expected = statistic.at(weights)
            assert found.linearised().value == pytest.approx(expected.value, rel=1e-12)
            torch.testing.assert_close(found.linearised().real, expected.real)
            assert (found.linearised().real[weights.real == 0] == 0).all()


def test_copies_of_a_frame_make_no_number_surer() -> None:
    """Videos are drawn, not frames: a still video of many frames says no more than one frame."""
    real, fake = drawn(1, 20, 3, 1), drawn(2, 20, 3, 1, 0.3)
    stills = [
        ClipFeatures(
            side.values.repeat_interleave(16, dim=0), [v for v in side.videos for _ in range(16)]
        )
        for side in (real, fake)
    ]
    once = interval_of(frechet_statistic(real, fake, correction=0), seed=0)
    often = interval_of(frechet_statistic(*stills, correction=0), seed=0)
    assert often.low == pytest.approx(once.low)
    assert often.high == pytest.approx(once.high)


def test_order_of_rows_moves_no_bit() -> None:
    real, fake = drawn(1, 60, 8, 4), drawn(2, 80, 8, 4, 0.3)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(4))
    turned = ClipFeatures(real.values[order], [real.videos[i] for i in order.tolist()])
    one, other = (frechet_statistic(side, fake, correction=1) for side in (real, turned))
    assert one.at(one.ones).value == other.at(other.ones).value
    assert torch.equal(one.at(one.ones).real, other.at(other.ones).real)
    assert torch.equal(one.without_each().fake, other.without_each().fake)
