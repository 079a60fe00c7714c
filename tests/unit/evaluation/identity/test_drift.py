"""Identity drift by hand: distances, bands, limits, where a video breaks."""

import math

import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.embedders import Embedded
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.identity.drift import bands, first_break, from_first, limits, survival
from leo_bench.evaluation.uncertainty.mean_intervals import mean_interval

NAN = math.nan


def embedded(rows: list[list[float]], found: list[bool] | None = None) -> Embedded:
    return Embedded(torch.tensor(rows), torch.tensor(found or [True] * len(rows)))


def test_distances_to_the_first_frame_by_hand() -> None:
    distances = from_first(embedded([[1, 0], [1, 0], [4, 4], [1, -2]]))
    assert distances is not None
    assert distances.tolist() == [0, 0, 5, 2]
    assert distances.dtype == torch.float64


def test_a_frame_that_shows_nobody_has_no_distance() -> None:
    distances = from_first(embedded([[1, 0], [0, 0], [1, 1]], [True, False, True]))
    assert distances is not None
    assert distances[[0, 2]].tolist() == [0, 1]
    assert distances[1].isnan()
    assert from_first(embedded([[0, 0], [1, 1]], [False, True])) is None


@pytest.mark.parametrize(
    ("distances", "run", "place"),
    [
        ([0, 0.1, 0.2, 0.1], 1, None),  # never
        ([0.9, 0.9, 0.9, 0.9], 2, 0),  # at once
        ([0, 0.9, 0, 0.9, 0.9, 0.1], 2, 3),  # a single one does not count
        ([0, 0.9, 0.9, 0.9, 0, 0], 3, 1),  # it finds back, but was broken
        ([0, 0, 0.9, 0.9], 3, None),  # too late for a run
        ([0, 0, 0.9, 0.9], 2, 2),
        ([0, 0.5, 0.5, 0.5], 1, None),  # at the threshold is not above it
        ([0, 0.9, NAN, 0.9, 0], 3, 1),  # nobody is not the same person
        ([0, NAN, 0, NAN, 0], 2, None),
        ([], 1, None),
    ],
)
def test_where_a_video_breaks(distances: list[float], run: int, place: int | None) -> None:
    assert first_break(distances, 0.5, run) == place


def test_survival_falls_where_videos_break() -> None:
    assert survival([None, 0, 2, 2], 4).tolist() == [0.75, 0.75, 0.25, 0.25]
    assert survival([None], 2).tolist() == [1, 1]


def videos(count: int, times: int, seed: int) -> Tensor:
    """Random walks about a rising mean, as drift is: strongly related from time to time."""
    chance = torch.Generator().manual_seed(seed)
    steps = torch.randn(count, times, generator=chance, dtype=torch.float64)
    return 3 + 0.01 * torch.arange(times) + steps.cumsum(1) / math.sqrt(times) + steps / 4


def test_the_mean_and_its_interval_at_each_time() -> None:
    some = videos(6, 5, seed=0)
    found = bands(some)
    torch.testing.assert_close(found.mean, some.mean(0))
    for time in range(5):
        alone = mean_interval({str(i): float(v) for i, v in enumerate(some[:, time])})
        assert alone is not None
        assert (found.low[time].item(), found.high[time].item()) == (alone.low, alone.high)
    assert bool((found.all_low <= found.low).all())
    assert bool((found.all_high >= found.high).all())
    assert bool((found.all_high - found.all_low > 1.2 * (found.high - found.low)).any())


def test_one_time_needs_no_wider_band() -> None:
    found = bands(videos(40, 1, seed=3))
    assert float(found.all_high - found.all_low) == pytest.approx(
        float(found.high - found.low), rel=0.1
    )


def test_the_wide_band_holds_the_whole_curve_as_often_as_it_says() -> None:
    truth = 3 + 0.01 * torch.arange(12)
    held = each = 0
    for seed in range(150):
        found = bands(videos(16, 12, seed))
        held += bool(((found.all_low <= truth) & (truth <= found.all_high)).all())
        each += bool(((found.low <= truth) & (truth <= found.high)).all())
    assert held / 150 > 0.9
    assert each < held - 10


@pytest.mark.parametrize("count", [6, 16])
@pytest.mark.parametrize("tail", ["skewed", "heavy"])
def test_the_wide_band_holds_skewed_curves_as_often_as_it_says(count: int, tail: str) -> None:
    """Squares of random walks (skewness 2.8), and log-normal levels; mean 1 at all times."""
    chance = torch.Generator().manual_seed(0)
    held = 0
    for _ in range(80):
        walks = torch.randn(count, 8, generator=chance, dtype=torch.float64).cumsum(1)
        walks /= torch.arange(1, 9).sqrt()
        curves = walks.square() if tail == "skewed" else (0.6 * walks - 0.18).exp()
        found = bands(curves)
        held += bool(((found.all_low <= 1) & (found.all_high >= 1)).all())
    assert held / 80 > 0.88


def test_no_band_over_all_times_under_six_videos() -> None:
    found = bands(videos(5, 4, seed=1))
    assert not found.low.isnan().any()
    assert found.all_low.isnan().all()
    assert found.all_high.isnan().all()


def test_missing_values_and_few_videos() -> None:
    some = videos(7, 4, seed=1)
    some[0, 2] = NAN
    some[:, 3] = NAN
    found = bands(some)
    assert found.mean[2].item() == pytest.approx(float(some[1:, 2].mean()))
    assert found.mean[3].isnan()
    assert found.low[3].isnan()
    assert not found.all_low[:3].isnan().any()
    few = bands(videos(3, 4, seed=1))
    assert not few.mean.isnan().any()
    assert few.low.isnan().all()
    assert few.all_high.isnan().all()


def test_still_videos_have_bands_of_no_width() -> None:
    found = bands(torch.zeros(6, 3, dtype=torch.float64))
    for curve in (found.mean, found.low, found.high, found.all_low, found.all_high):
        assert curve.tolist() == [0, 0, 0]


def test_limits_by_hand() -> None:
    distances = torch.tensor([[0, 1, 2], [0, 3, NAN], [0, 4, 5]], dtype=torch.float64)
    firsts = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 4.0]])
    found = limits(distances, firsts, 0.5)
    assert found.threshold == 3.0  # of 1, 2, 3, 4, 5: the zeros at the first time do not count
    assert found.others == 4.0  # of 5, 4, 3


@pytest.mark.parametrize(
    ("distances", "share", "line"),
    [
        (torch.zeros(3, 4), 1.0, "--share 1.0"),
        (torch.zeros(3, 4), 0.0, "--share 0.0"),
        (torch.zeros(1, 4), 0.9, "1 real videos at 4 times"),
        (torch.zeros(3, 1), 0.9, "3 real videos at 1 times"),
    ],
)
def test_no_limits_from_too_little(distances: Tensor, share: float, line: str) -> None:
    with pytest.raises(InputError, match=line):
        limits(distances.double(), torch.zeros(len(distances), 2), share)
