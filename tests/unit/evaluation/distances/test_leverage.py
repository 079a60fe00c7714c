"""Leaving each video out at once against leaving out one by one; and beside the influences."""

import math

import pytest
import torch

from leo_bench.evaluation.distances.frechet import FrechetOptions, frechet_of_features
from leo_bench.evaluation.distances.frechet_influence import frechet_statistic, leave_each_out
from leo_bench.evaluation.distances.influence import ClipFeatures


def drawn(seed: int, videos: int, dim: int, shift: float = 0.0) -> ClipFeatures:
    """One to three clips a video, those of one video not together."""
    generator = torch.Generator().manual_seed(seed)
    names = [f"v{i}" for i in range(videos) for _ in range(1 + i % 3)]
    values = torch.randn(len(names), dim, generator=generator) + shift
    order = torch.randperm(len(names), generator=generator)
    return ClipFeatures(values[order], [names[i] for i in order.tolist()])


def with_video(features: ClipFeatures, name: str, at: float) -> ClipFeatures:
    values = torch.full((2, features.values.shape[1]), at)
    return ClipFeatures(torch.cat([features.values, values]), [*features.videos, name, name])


def distance(real: ClipFeatures, fake: ClipFeatures, covariance: str = "unbiased") -> float:
    options = FrechetOptions.model_validate(
        {"covariance": covariance, "square_root": "eigenvalues", "dtype": "float64"}
    )
    return frechet_of_features(real.values, fake.values, options)


def without(features: ClipFeatures, video: str) -> ClipFeatures:
    kept = [i for i, name in enumerate(features.videos) if name != video]
    return ClipFeatures(features.values[kept], [features.videos[i] for i in kept])


@pytest.mark.parametrize(("n", "m", "dim"), [(20, 24, 5), (9, 24, 30), (24, 9, 30), (9, 8, 30)])
@pytest.mark.parametrize("covariance", ["unbiased", "biased"])
def test_every_change_is_that_of_brute_force(n: int, m: int, dim: int, covariance: str) -> None:
    real, fake = drawn(1, n, dim), drawn(2, m, dim, 0.4)
    found = leave_each_out(real, fake, correction=int(covariance == "unbiased"))
    whole = distance(real, fake, covariance)
    assert found.value == pytest.approx(whole, rel=1e-6)
    for video, change in found.real.items():
        expected = distance(without(real, video), fake, covariance) - whole
        assert change == pytest.approx(expected, abs=1e-5 * whole), video
    for video, change in found.fake.items():
        expected = distance(real, without(fake, video), covariance) - whole
        assert change == pytest.approx(expected, abs=1e-5 * whole), video
    assert found.real.keys() == set(real.videos)
    assert found.fake.keys() == set(fake.videos)


def test_the_influences_are_its_derivative() -> None:
    """With many videos and none far off, one step is nearly the slope: -influence / (1 - share)."""
    real, fake = drawn(1, 200, 3), drawn(2, 200, 3, 1.0)
    found = leave_each_out(real, fake, correction=1)
    statistic = frechet_statistic(real, fake, correction=1)
    at = statistic.at(statistic.ones)
    for videos, influences, changes, clips in (
        (statistic.real_videos, at.real, found.real, real.videos),
        (statistic.fake_videos, at.fake, found.fake, fake.videos),
    ):
        shares = torch.tensor([clips.count(v) / len(clips) for v in videos])
        slope = -influences / (1 - shares)
        step = torch.tensor([changes[v] for v in videos])
        assert torch.corrcoef(torch.stack([slope, step]))[0, 1] > 0.999


@pytest.mark.parametrize("side", ["real", "fake"])
def test_an_odd_video_moves_the_distance_most_and_upwards(side: str) -> None:
    sides = {"real": drawn(1, 30, 4), "fake": drawn(2, 30, 4)}
    sides[side] = with_video(sides[side], "odd", 5.0)
    changes = getattr(leave_each_out(**sides, correction=1), side)
    largest = max(changes, key=lambda video: abs(changes[video]))
    assert largest == "odd"
    assert changes["odd"] < 0  # smaller without it


def test_an_odd_video_on_both_sides_lowers_the_distance() -> None:
    """Here the influences, which are slopes, see nothing."""
    real, fake = (with_video(drawn(seed, 30, 4), "odd", 5.0) for seed in (1, 2))
    found = leave_each_out(real, fake, correction=1)
    assert found.real["odd"] == max(found.real.values()) > 0


def test_a_side_of_one_video_and_a_rest_has_no_value_without_it() -> None:
    real = ClipFeatures(torch.randn(3, 2, generator=torch.Generator().manual_seed(0)), ["a"] * 3)
    found = leave_each_out(real, drawn(2, 8, 2), correction=1)
    assert math.isnan(found.real["a"])
    assert not any(math.isnan(change) for change in found.fake.values())
