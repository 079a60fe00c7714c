"""The Fréchet distance in blocks: the same numbers as the plain forms, and videos counted whole."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from leo_bench.evaluation.distances.frechet_influence import frechet_statistic
from leo_bench.evaluation.distances.frechet_of_frames import (
    frechet_of_frames,
    frechet_statistic_of_frames,
)
from leo_bench.evaluation.distances.influence import ClipFeatures, Weights
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.intervals import interval_of


def drawn(seed: int, rows: int, dim: int, of_one: int, shift: float = 0.0) -> ClipFeatures:
    """Frames that share most of what they are with their video."""
    generator = torch.Generator().manual_seed(seed)
    videos = rows // of_one
    common = torch.randn(videos, dim, generator=generator).repeat_interleave(of_one, dim=0)
    values = common + 0.3 * torch.randn(rows, dim, generator=generator)
    return ClipFeatures(values * (1 + shift) + shift, [f"v{i // of_one}" for i in range(rows)])


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leo_bench.evaluation.distances.frechet_of_frames.BLOCK", 7)


def test_the_distance_is_that_of_numpy_and_scipy() -> None:
    real, fake = drawn(1, 60, 8, 4).values, drawn(2, 80, 8, 4, 0.3).values
    a, b = real.double().numpy(), fake.double().numpy()
    covs = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    shift = a.mean(axis=0) - b.mean(axis=0)
    root = sqrtm(covs[0] @ covs[1]).real
    expected = shift @ shift + np.trace(covs[0] + covs[1] - 2 * root)
    assert frechet_of_frames(real, fake, correction=1) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(60, 80), (12, 60), (60, 12), (12, 8)])
@pytest.mark.parametrize("correction", [0, 1])
def test_the_statistic_is_the_plain_one(n: int, m: int, correction: int) -> None:
    real, fake = drawn(1, n, 20, 4), drawn(2, m, 20, 4, 0.3)
    blocks = frechet_statistic_of_frames(real, fake, correction=correction)
    plain = frechet_statistic(real, fake, correction=correction)
    generator = torch.Generator().manual_seed(3)
    for weights in (
        plain.ones,
        Weights(
            0.5 + torch.rand(n // 4, generator=generator).double(),
            0.5 + torch.rand(m // 4, generator=generator).double(),
        ),
    ):
        found, expected = blocks.at(weights), plain.at(weights)
        assert found.value == pytest.approx(expected.value, rel=1e-9)
        torch.testing.assert_close(found.real, expected.real, rtol=1e-6, atol=1e-9)
        torch.testing.assert_close(found.fake, expected.fake, rtol=1e-6, atol=1e-9)


def test_a_video_of_weight_zero_is_left_out() -> None:
    real, fake = drawn(1, 60, 8, 4), drawn(2, 80, 8, 4, 0.3)
    statistic = frechet_statistic_of_frames(real, fake, correction=1)
    weights = statistic.ones
    weights.real[statistic.real_videos.index("v3")] = 0
    kept = torch.tensor([video != "v3" for video in real.videos])
    expected = frechet_of_frames(real.values[kept], fake.values, correction=1)
    assert statistic.at(weights).value == pytest.approx(expected, rel=1e-9)


def test_copies_of_a_frame_make_no_number_surer() -> None:
    """Videos are drawn, not frames: a still video of many frames says no more than one frame."""
    real, fake = drawn(1, 20, 3, 1), drawn(2, 20, 3, 1, 0.3)
    stills = [
        ClipFeatures(
            side.values.repeat_interleave(16, dim=0), [v for v in side.videos for _ in range(16)]
        )
        for side in (real, fake)
    ]
    once = interval_of(frechet_statistic_of_frames(real, fake, correction=0), seed=0)
    often = interval_of(frechet_statistic_of_frames(*stills, correction=0), seed=0)
    assert often.low == pytest.approx(once.low)
    assert often.high == pytest.approx(once.high)


def test_order_of_rows_moves_no_bit() -> None:
    real, fake = drawn(1, 60, 8, 4), drawn(2, 80, 8, 4, 0.3)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(4))
    turned = ClipFeatures(real.values[order], [real.videos[i] for i in order.tolist()])
    one, other = (frechet_statistic_of_frames(side, fake, correction=1) for side in (real, turned))
    assert one.at(one.ones).value == other.at(other.ones).value
    assert torch.equal(one.at(one.ones).real, other.at(other.ones).real)


def test_equal_sides_are_at_distance_zero() -> None:
    values = drawn(1, 60, 8, 4).values
    assert frechet_of_frames(values, values.flip(0), correction=1) == 0


def test_one_frame_is_refused() -> None:
    with pytest.raises(InputError, match="a covariance needs at least 2"):
        frechet_of_frames(torch.zeros(1, 3), torch.zeros(4, 3), correction=1)
