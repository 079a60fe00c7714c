import pytest
import torch

from evaluation.errors import InputError
from evaluation.extrapolation import extrapolate
from evaluation.influence import (
    ClipFeatures,
    Linearised,
    WeightedStatistic,
    Weights,
    frechet_statistic,
)


def drawn(seed: int, clips: int, dim: int, shift: float = 0.0) -> ClipFeatures:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(clips, dim, generator=generator, dtype=torch.float64) * (1 + shift) + shift
    return ClipFeatures(values, [f"video {i}" for i in range(clips)])


def fvd(real: ClipFeatures, fake: ClipFeatures) -> WeightedStatistic:
    return frechet_statistic(real, fake, correction=1)


def series(real: int, fake: int, curve: float = 0.0) -> WeightedStatistic:
    """5 + 30 / n + 60 / m + curve / n^2: a distance whose extrapolation is known."""

    def at(weights: Weights) -> Linearised:
        n, m = weights.real.sum().item(), weights.fake.sum().item()
        return Linearised(
            value=5 + 30 / n + 60 / m + curve / n**2,
            real=-weights.real * (30 / n**2 + 2 * curve / n**3),
            fake=-weights.fake * 60 / m**2,
        )

    names = [[f"{side} {i}" for i in range(count)] for side, count in (("r", real), ("f", fake))]
    return WeightedStatistic(names[0], names[1], real, fake, dimension=4, at=at)


@pytest.mark.parametrize(("real", "fake"), [(60, 60), (24, 72), (72, 24), (12, 12)])
def test_series_in_one_over_n_is_followed_to_its_end(real: int, fake: int) -> None:
    found = extrapolate(series(real, fake), seed=0)
    assert found.value == pytest.approx(5)
    assert found.bias == pytest.approx(30 / real + 60 / fake)
    assert found.slope == pytest.approx(90)
    assert found.r_squared == pytest.approx(1)
    assert found.max_residual == pytest.approx(0, abs=1e-9)


def test_bent_series_shows_in_the_fit() -> None:
    found = extrapolate(series(60, 60, curve=2000), seed=0)
    assert found.r_squared < 0.999
    assert found.max_residual > 0.01


@pytest.mark.parametrize(("real", "fake"), [(60, 60), (24, 72), (24, 60)])
def test_blocks_of_both_sides_have_about_one_size(real: int, fake: int) -> None:
    for point in extrapolate(series(real, fake), seed=0).points:
        assert point.n_real / point.n_fake == pytest.approx(1, rel=0.25)


def test_more_videos_allow_smaller_blocks() -> None:
    """D = 4: halves need 3 videos, thirds 4."""
    few, many = (extrapolate(series(n, n), seed=0) for n in (11, 12))
    assert [point.n_real for point in few.points] == pytest.approx([11, 22 / 3, 11 / 2])
    assert [point.n_real for point in many.points] == pytest.approx([12, 8, 6, 4])


@pytest.mark.parametrize("fake", [300, 900], ids=["equal", "unequal"])
def test_comes_closer_to_the_true_distance_than_the_distance_at_n(fake: int) -> None:
    """One distribution on both sides, so the true distance is 0; the mean of 30 draws."""
    found = [
        extrapolate(fvd(drawn(2 * s, 300, 32), drawn(2 * s + 1, fake, 32)), seed=0)
        for s in range(30)
    ]
    values = torch.tensor([f.value for f in found])
    at_n = torch.tensor([f.value + f.bias for f in found])
    assert at_n.min() > 1
    assert abs(values.mean()) < 0.05 * at_n.mean()


def test_interval_is_around_the_value() -> None:
    found = extrapolate(fvd(drawn(1, 100, 8), drawn(2, 100, 8, 0.3)), seed=0)
    assert found.interval.low < found.value < found.interval.high


def test_few_videos_for_the_dimensions_are_called_unreliable() -> None:
    found = extrapolate(fvd(drawn(1, 64, 50), drawn(2, 80, 50)), seed=0)
    assert not found.reliable
    assert found.reason == (
        "64 videos on the smaller side; a line in 1/N needs 75 for 50 dimensions "
        "and 1.0 clips a video"
    )


def test_enough_videos_are_called_reliable() -> None:
    found = extrapolate(fvd(drawn(1, 75, 50), drawn(2, 80, 50)), seed=0)
    assert found.reliable
    assert found.reason == ""


def test_several_clips_a_video_need_more_videos() -> None:
    real = drawn(1, 160, 50)
    shared = ClipFeatures(real.values, [f"video {i // 2}" for i in range(160)])
    assert extrapolate(fvd(real, drawn(2, 160, 50)), seed=0).reliable
    assert not extrapolate(fvd(shared, drawn(2, 160, 50)), seed=0).reliable


def test_order_of_files_moves_no_bit() -> None:
    real, fake = drawn(1, 60, 8), drawn(2, 60, 8, 0.3)
    turned = ClipFeatures(real.values.flip(0), list(real.videos)[::-1])
    assert extrapolate(fvd(turned, fake), seed=0) == extrapolate(fvd(real, fake), seed=0)


def test_seed_decides_the_dealing() -> None:
    statistic = fvd(drawn(1, 60, 8), drawn(2, 60, 8, 0.3))
    assert extrapolate(statistic, seed=0).value != extrapolate(statistic, seed=1).value


def test_too_few_videos_are_refused() -> None:
    with pytest.raises(InputError, match="fake: clips from 3 videos"):
        extrapolate(fvd(drawn(1, 60, 8), drawn(2, 3, 8)), seed=0)
