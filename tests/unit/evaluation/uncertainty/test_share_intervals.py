"""Intervals of precision and recall: least widths, and how often they hold what they say."""

from statistics import fmean

import pytest
import torch

from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.distances.neighbours import precision, recall
from leo_bench.evaluation.uncertainty.paired_shares import wilson_interval
from leo_bench.evaluation.uncertainty.share_intervals import precision_interval, recall_interval


def drawn(seed: int, videos: int, shift: float = 0.0, radius: float = 0.0) -> ClipFeatures:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(videos, 8, generator=generator, dtype=torch.float64)
    logs = torch.randn(videos, 1, generator=generator, dtype=torch.float64)
    values = values * (radius * logs - radius**2).exp() + shift
    return ClipFeatures(values, [f"v{i:03}" for i in range(videos)])


@pytest.mark.parametrize("interval", [precision_interval, recall_interval])
def test_a_share_of_none_has_wilsons_width(interval: object) -> None:
    """Two sets far apart: no group of videos changes a flag, and the jackknife sees nothing."""
    assert callable(interval)
    real, fake = drawn(1, 32), drawn(2, 40, shift=100.0)
    found = interval(real, fake, seed=0)
    counted = 40 if interval is precision_interval else 32
    assert (found.low, found.high) == pytest.approx(wilson_interval(0, counted))
    assert found.high > 0.08


@pytest.mark.parametrize(("real", "fake"), [(31, 64), (64, 31), (16, 16)])
def test_no_interval_under_32_videos(real: int, fake: int) -> None:
    sides = drawn(1, real), drawn(2, fake)
    assert precision_interval(*sides, seed=0) is None
    assert recall_interval(*sides, seed=0) is None


def test_clips_of_one_video_do_not_narrow_it() -> None:
    real, fake = drawn(1, 40), drawn(2, 40, shift=100.0)
    copied = ClipFeatures(fake.values.repeat(3, 1), list(fake.videos) * 3)
    found = precision_interval(real, copied, seed=0)
    assert found is not None
    assert found.high == pytest.approx(wilson_interval(0, 40)[1])


@pytest.mark.parametrize(("shift", "radius"), [(0.7, 0.0), (0.5, 0.6)])
def test_intervals_hold_the_expected_share(shift: float, radius: float) -> None:
    """The least number of videos, light tails and heavy; 40 draws."""
    held = []
    for share, interval in ((precision, precision_interval), (recall, recall_interval)):
        draws = []
        for draw in range(40):
            sides = (
                drawn(2 * draw, 32, 0.0, radius),
                drawn(2 * draw + 1, 32, shift, radius),
            )
            found = interval(*sides, seed=draw)
            assert found is not None
            draws.append((share(sides[0].values, sides[1].values), found))
        mean = fmean(value for value, _ in draws)
        held.append(fmean(found.low <= mean <= found.high for _, found in draws))
    assert min(held) >= 0.85
