from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.distances.frechet import FrechetOptions, frechet_of_features
from leo_bench.evaluation.distances.frechet_influence import frechet_statistic
from leo_bench.evaluation.distances.influence import (
    ClipFeatures,
    Evaluation,
    WeightedStatistic,
    Weights,
    combine,
    mean_of,
)
from leo_bench.evaluation.distances.kernel import KernelOptions, kernel_distance, kernel_statistic
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.block_split import BlockSplit, deal, mean_over_blocks

KVD = KernelOptions(degree=3, coef0=1.0, dtype="float64")
FVD = FrechetOptions(covariance="unbiased", square_root="eigenvalues", dtype="float64")


def fvd(real: ClipFeatures, fake: ClipFeatures) -> WeightedStatistic:
    return frechet_statistic(real, fake, correction=1)


def kvd(real: ClipFeatures, fake: ClipFeatures) -> WeightedStatistic:
    return kernel_statistic(real, fake, KVD)


def plain_fvd(real: Tensor, fake: Tensor) -> float:
    return frechet_of_features(real, fake, FVD)


def plain_kvd(real: Tensor, fake: Tensor) -> float:
    return kernel_distance(real, fake, KVD)


METRICS = pytest.mark.parametrize(
    ("metric", "plain"), [(fvd, plain_fvd), (kvd, plain_kvd)], ids=["fvd", "kvd"]
)
Metric = Callable[[ClipFeatures, ClipFeatures], WeightedStatistic]
Plain = Callable[[Tensor, Tensor], float]


def drawn(seed: int, clips: int, dim: int, of_one: int, shift: float = 0.0) -> ClipFeatures:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(clips, dim, generator=generator, dtype=torch.float64) * (1 + shift) + shift
    return ClipFeatures(values, [f"video {i // of_one}" for i in range(clips)])


def some(clips: ClipFeatures, rows: Tensor) -> ClipFeatures:
    return ClipFeatures(clips.values[rows], [clips.videos[i] for i in rows.tolist()])


@METRICS
@pytest.mark.parametrize(("n", "m"), [(30, 40), (12, 9), (9, 30), (30, 9)])
def test_value_at_ones_is_the_distance(metric: Metric, plain: Plain, n: int, m: int) -> None:
    real, fake = drawn(1, n, 10, 3), drawn(2, m, 10, 2, 0.3)
    statistic = metric(real, fake)
    assert statistic.at(statistic.ones).value == pytest.approx(plain(real.values, fake.values))


@METRICS
@pytest.mark.parametrize(("n", "m"), [(30, 40), (12, 9), (9, 30), (30, 9)])
def test_influence_is_the_derivative_by_the_weight(
    metric: Metric, plain: Plain, n: int, m: int
) -> None:
    statistic = metric(drawn(1, n, 10, 3), drawn(2, m, 10, 2, 0.3))
    at = statistic.at(statistic.ones)
    step = 1e-6
    for side in ("real", "fake"):
        moved = []
        for sign in (1, -1):
            weights = statistic.ones
            getattr(weights, side)[1] += sign * step
            moved.append(statistic.at(weights).value)
        slope = (moved[0] - moved[1]) / (2 * step)
        assert getattr(at, side)[1].item() == pytest.approx(slope, rel=1e-5, abs=1e-7)


@METRICS
def test_influences_of_a_side_sum_to_zero(metric: Metric, plain: Plain) -> None:
    statistic = metric(drawn(1, 30, 10, 3), drawn(2, 40, 10, 2, 0.3))
    at = statistic.at(statistic.ones)
    assert at.real.sum().item() == pytest.approx(0, abs=1e-12)
    assert at.fake.sum().item() == pytest.approx(0, abs=1e-12)


@METRICS
def test_weight_zero_leaves_the_video_out(metric: Metric, plain: Plain) -> None:
    real, fake = drawn(1, 30, 10, 3), drawn(2, 40, 10, 2, 0.3)
    statistic = metric(real, fake)
    weights = statistic.ones
    weights.real[statistic.real_videos.index("video 4")] = 0
    kept = torch.tensor([i for i in range(30) if i // 3 != 4])
    found = statistic.at(weights)
    assert found.value == pytest.approx(plain(real.values[kept], fake.values))
    assert found.real[statistic.real_videos.index("video 4")] == 0


@METRICS
def test_scale_of_the_weights_does_not_matter(metric: Metric, plain: Plain) -> None:
    statistic = metric(drawn(1, 30, 10, 3), drawn(2, 40, 10, 2, 0.3))
    ones = statistic.ones
    assert statistic.at(Weights(3 * ones.real, 7 * ones.fake)).value == pytest.approx(
        statistic.at(ones).value
    )


@METRICS
def test_order_of_clips_moves_no_bit(metric: Metric, plain: Plain) -> None:
    real, fake = drawn(1, 30, 10, 3), drawn(2, 40, 10, 2, 0.3)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(4))
    one, other = metric(real, fake), metric(some(real, order), fake)
    assert one.real_videos == other.real_videos
    assert one.at(one.ones).value == other.at(other.ones).value
    assert torch.equal(one.at(one.ones).real, other.at(other.ones).real)


def test_mean_over_repeats_has_the_mean_value_and_all_videos() -> None:
    fake = drawn(3, 20, 4, 1, 0.3)
    real = drawn(1, 40, 4, 1)
    parts = [fvd(some(real, torch.arange(i, i + 20)), fake) for i in (0, 10, 20)]
    mean = mean_of(parts)
    values = [part.at(part.ones).value for part in parts]
    assert mean.at(mean.ones).value == pytest.approx(sum(values) / 3)
    assert len(mean.real_videos) == 40


def test_difference_to_itself_has_no_influences() -> None:
    statistic = fvd(drawn(1, 30, 4, 1), drawn(2, 30, 4, 1, 0.3))
    zero = combine([(1.0, statistic), (-1.0, statistic)])
    at = zero.at(zero.ones)
    assert at.value == 0
    assert at.real.abs().max() == 0
    assert at.fake.abs().max() == 0


def test_difference_shares_the_real_videos_by_name() -> None:
    real = drawn(1, 30, 4, 1)
    first, second = fvd(real, drawn(2, 30, 4, 1, 0.3)), fvd(real, drawn(3, 30, 4, 1, 0.5))
    both = combine([(1.0, first), (-1.0, second)])
    expected = first.at(first.ones).real - second.at(second.ones).real
    assert torch.allclose(both.at(both.ones).real, expected)


def test_dealing_depends_on_names_and_salt_only() -> None:
    names = [f"video {i}" for i in range(23)]
    dealt = dict(zip(names, deal(names, 4, "a").tolist(), strict=True))
    turned = dict(zip(names[::-1], deal(names[::-1], 4, "a").tolist(), strict=True))
    assert dealt == turned
    assert deal(names, 4, "b").tolist() != list(dealt.values())


def test_dealt_parts_differ_by_one_video_at_most() -> None:
    counts = torch.bincount(deal([f"video {i}" for i in range(23)], 4, "a"))
    assert sorted(counts.tolist()) == [5, 6, 6, 6]


@pytest.mark.parametrize("dealing", [(2, 2, 1), (3, 3, 2), (2, 6, 1), (9, 3, 2)], ids=str)
def test_blocks_use_every_video_equally_often(dealing: tuple[int, int, int]) -> None:
    seen = Weights(torch.zeros(18).double(), torch.zeros(18).double())
    inner = fvd(drawn(1, 18, 2, 1), drawn(2, 18, 2, 1, 0.3))

    def evaluations(each: Sequence[Weights]) -> Sequence[Evaluation]:
        for weights in each:
            seen.real.add_(weights.real)
            seen.fake.add_(weights.fake)
        return inner.evaluations([inner.ones for _ in each])

    watched = WeightedStatistic(inner.real_videos, inner.fake_videos, 18, 18, 2, evaluations)
    mean_over_blocks(watched, BlockSplit(*dealing, "a"))
    assert len(set(seen.real.tolist())) == 1
    assert len(set(seen.fake.tolist())) == 1


def test_mean_over_halves_is_the_mean_of_their_distances() -> None:
    real, fake = drawn(1, 12, 3, 1), drawn(2, 16, 3, 1, 0.3)
    statistic = fvd(real, fake)
    halves = []
    for half in (0, 1):
        rows = [
            torch.tensor([i for i, v in enumerate(side.videos) if part[videos.index(v)] == half])
            for side, videos, part in (
                (real, statistic.real_videos, deal(statistic.real_videos, 2, "a")),
                (fake, statistic.fake_videos, deal(statistic.fake_videos, 2, "a")),
            )
        ]
        halves.append(plain_fvd(real.values[rows[0]], fake.values[rows[1]]))
    found = mean_over_blocks(statistic, BlockSplit(2, 2, 1, "a"))
    assert found.value == pytest.approx(sum(halves) / 2)


def test_clips_without_a_video_are_refused() -> None:
    with pytest.raises(InputError, match="5 clips with features, 4 names of videos"):
        ClipFeatures(torch.zeros(5, 2), ["a"] * 4)
