import pytest
import torch

from leo_bench.evaluation.distances.frechet import FrechetOptions, frechet_of_features
from leo_bench.evaluation.distances.frechet_influence import FrechetStatistic, frechet_statistic
from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.extrapolation import Extrapolation, extrapolate
from leo_bench.evaluation.uncertainty.intervals import spread_of_mean

EXACT = FrechetOptions(covariance="unbiased", square_root="eigenvalues", dtype="float64")


def drawn(seed: int, clips: int, dim: int, shift: float = 0.0, radius: float = 0.0) -> ClipFeatures:
    """`radius`: standard deviation of the logarithm of what multiplies each clip: heavy tails."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(clips, dim, generator=generator, dtype=torch.float64)
    logs = torch.randn(clips, 1, generator=generator, dtype=torch.float64)
    values = values * (radius * logs - radius**2).exp() * (1 + shift) + shift
    return ClipFeatures(values, [f"video {i}" for i in range(clips)])


def fvd(real: ClipFeatures, fake: ClipFeatures) -> FrechetStatistic:
    return frechet_statistic(real, fake, correction=1)


def found(*repeats: FrechetStatistic, seed: int = 0) -> Extrapolation:
    return extrapolate(repeats, spread_of_mean(repeats, seed), seed=seed)


def without(side: ClipFeatures, video: str) -> ClipFeatures:
    kept = [i for i, name in enumerate(side.videos) if name != video]
    return ClipFeatures(side.values[kept], [side.videos[i] for i in kept])


def distance(real: ClipFeatures, fake: ClipFeatures) -> float:
    return frechet_of_features(real.values, fake.values, EXACT)


@pytest.mark.parametrize(("real", "fake", "dim"), [(12, 9, 3), (9, 7, 20)])
def test_jackknife_by_hand(real: int, fake: int, dim: int) -> None:
    """Quenouille's formula, every video left out by brute force."""
    r, f = drawn(1, real, dim), drawn(2, fake, dim, 0.5)
    whole = distance(r, f)
    of_real = sum(distance(without(r, video), f) - whole for video in r.videos)
    of_fake = sum(distance(r, without(f, video)) - whole for video in f.videos)
    expected = whole - (real - 1) / real * of_real - (fake - 1) / fake * of_fake
    said = found(fvd(r, f))
    assert said.value == pytest.approx(expected, abs=1e-6 * whole)
    assert said.bias == pytest.approx(whole - expected, abs=1e-6 * whole)


def test_clips_of_one_video_are_left_out_together() -> None:
    """Videos of 1, 2 and 3 clips: each counts by the share of the clips that stay."""
    r = drawn(1, 24, 4)
    names = [f"v{i}" for i in range(12) for _ in range(1 + i % 3)]
    r, f = ClipFeatures(r.values, names), drawn(2, 20, 4, 0.5)
    whole = distance(r, f)
    bias = sum(
        (1 - names.count(video) / 24) * (distance(without(r, video), f) - whole)
        for video in set(names)
    )
    bias += 19 / 20 * sum(distance(r, without(f, video)) - whole for video in f.videos)
    assert found(fvd(r, f)).value == pytest.approx(whole - bias, abs=1e-6 * whole)


@pytest.mark.parametrize("fake", [150, 450], ids=["equal", "unequal"])
def test_comes_closer_to_the_true_distance_than_the_distance_at_n_and_the_line(fake: int) -> None:
    """One distribution on both sides, so the true distance is 0; over 12 draws."""
    said = [found(fvd(drawn(2 * s, 150, 32), drawn(2 * s + 1, fake, 32))) for s in range(12)]
    values = torch.tensor([s.value for s in said])
    at_n = torch.tensor([s.value + s.bias for s in said])
    lines = torch.tensor([s.line for s in said])
    assert at_n.min() > 1
    assert abs(values.mean()) < 0.06 * at_n.mean()
    assert values.square().mean() < lines.square().mean()


@pytest.mark.parametrize(
    ("real", "fake", "radius", "shift"),
    [
        (24, 24, 0.0, 0.0),
        (24, 120, 0.0, 0.2),
        (120, 24, 0.0, 0.2),
        (64, 64, 0.45, 0.2),
        (144, 64, 0.45, 0.2),
    ],
)
def test_interval_holds_the_true_distance(
    real: int, fake: int, radius: float, shift: float
) -> None:
    """D = 16, from the least number of videos on, light tails and heavy, equal sides and unequal.

    Of 40 intervals at 95 %, fewer than 34 hold one time in 900.
    """
    scales = torch.arange(1, 17, dtype=torch.float64) ** -0.65
    truth = 16 * shift**2 + shift**2 * float(scales.square().sum())
    held = told = 0
    for draw in range(40):
        r, f = drawn(2 * draw, real, 16, 0, radius), drawn(2 * draw + 1, fake, 16, 0, radius)
        f = ClipFeatures(f.values * scales * (1 + shift) + shift, f.videos)
        said = found(fvd(ClipFeatures(r.values * scales, r.videos), f))
        if said.interval is not None:
            told += 1
            held += said.interval.low <= truth <= said.interval.high
    assert told >= 20
    assert held >= 34 / 40 * told


def test_interval_is_around_the_value_and_reaches_to_the_line() -> None:
    said = found(fvd(drawn(1, 100, 8), drawn(2, 100, 8, 0.3)))
    assert said.reliable
    assert said.interval is not None
    assert said.interval.low < min(said.value, said.line)
    assert max(said.value, said.line) < said.interval.high


def test_points_are_all_videos_and_halves() -> None:
    said = found(fvd(drawn(1, 100, 8), drawn(2, 60, 8, 0.3)))
    assert [(p.n_real, p.n_fake) for p in said.points] == [(100, 60), (50, 30)]
    assert said.line == pytest.approx(2 * said.points[0].value - said.points[1].value)


def test_few_videos_for_the_dimensions_are_called_unreliable_and_get_no_interval() -> None:
    said = found(fvd(drawn(1, 64, 50), drawn(2, 80, 50)))
    assert not said.reliable
    assert said.interval is None
    assert said.needs == 75
    assert said.reason == (
        "64 videos on the smaller side; it takes 75 for 50 dimensions and 1.0 clips a video"
    )


def test_enough_videos_are_called_reliable() -> None:
    said = found(fvd(drawn(1, 75, 50), drawn(2, 80, 50)))
    assert said.reliable
    assert said.reason == ""


@pytest.mark.parametrize("side", ["real", "fake"])
def test_heavy_tails_need_more_videos_whichever_side_has_them(side: str) -> None:
    """The same number of videos, told with light tails: a log-normal radius of 0.6 is 4.2."""
    sides = {"real": drawn(1, 80, 50), "fake": drawn(2, 90, 50)}
    assert found(fvd(**sides)).reliable
    sides[side] = drawn(3, 80, 50, radius=0.6)
    said = found(fvd(**sides))
    assert max(said.tails) > 1.5
    assert not said.reliable
    assert said.needs > 110
    assert "times a Gaussian's" in said.reason


def test_gaussian_tails_are_one() -> None:
    assert found(fvd(drawn(1, 400, 10), drawn(2, 400, 10, 0.5))).tails == pytest.approx(
        (1, 1), abs=0.1
    )


def test_several_clips_a_video_need_more_videos() -> None:
    real = drawn(1, 160, 50)
    shared = ClipFeatures(real.values, [f"video {i // 2}" for i in range(160)])
    assert found(fvd(real, drawn(2, 160, 50))).reliable
    said = found(fvd(shared, drawn(2, 160, 50)))
    assert not said.reliable
    assert said.needs == 113  # 75, and half as many again for the second clip


def test_the_mean_of_repeats_is_the_mean_of_their_values() -> None:
    repeats = [fvd(drawn(1, 60, 8), drawn(seed, 60, 8, 0.3)) for seed in (2, 3, 4)]
    alone = [found(repeat) for repeat in repeats]
    said = found(*repeats)
    assert said.value == pytest.approx(sum(a.value for a in alone) / 3)
    assert said.bias == pytest.approx(sum(a.bias for a in alone) / 3)


def test_order_of_files_moves_no_bit() -> None:
    real, fake = drawn(1, 60, 8), drawn(2, 60, 8, 0.3)
    turned = ClipFeatures(real.values.flip(0), list(real.videos)[::-1])
    assert found(fvd(turned, fake)) == found(fvd(real, fake))


def test_no_seed_decides_the_value() -> None:
    statistic = fvd(drawn(1, 60, 8), drawn(2, 60, 8, 0.3))
    assert found(statistic, seed=0).value == found(statistic, seed=1).value


def test_too_few_videos_are_refused() -> None:
    with pytest.raises(InputError, match="fake: clips from 3 videos"):
        found(fvd(drawn(1, 60, 8), drawn(2, 3, 8)))
