"""Clips, values, videos and options that the metrics refuse, each in one line."""

from typing import Any

import pytest
import torch
from made_clips import FAKE, FRAMES, QUICK, REAL, SIDE, clips, filled
from torch import Tensor

import leo_bench
from leo_bench.evaluation.errors import InputError

FLOATS = torch.rand(2, FRAMES, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (REAL.numpy(), "fake clips: ndarray; expected a tensor"),
        (REAL[0], r"fake clips: uint8 \[4, 3, 24, 24\]; expected \[B,T,3,H,W\]"),
        (REAL[:, :, :2], r"each clip has shape \[4, 2, 24, 24\]; expected"),
        (REAL[..., :3], "ambiguous colour axis"),
        (REAL.int(), "expected uint8 levels"),
        (FLOATS, "say value_range="),
        (clips(2, frames=3), "fake clips have 3 frames; this metric has clips of 4"),
        (REAL[..., :20], "clips are 24x20; this metric has clips of 24x24: give resolution="),
    ],
)
def test_wrong_clips_are_refused_in_one_line(given: Tensor, said: str) -> None:
    metric = filled()
    expected = metric.compute()
    with pytest.raises(InputError, match=said) as error:
        metric.update(given, real=False)
    assert "\n" not in str(error.value)
    assert metric.compute() == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (FLOATS * 2 - 1, r"floats span \[-1, 1\], where \[0,1\] is stated by value_range="),
        (FLOATS * 255, "is stated by value_range="),
        (FLOATS.log() / 0, "NaN or infinite"),
    ],
)
def test_wrong_values_are_refused_in_one_line(given: Tensor, said: str) -> None:
    metric = leo_bench.FrechetVideoDistance(**QUICK, value_range=(0, 1))
    with pytest.raises(InputError, match=said):
        metric.update(given, real=False)


@pytest.mark.parametrize("videos", [[1], [0, 1, -2], [0.0, 1.0, 2.0], [[0, 1, 2]]])
def test_wrong_videos_are_refused(videos: Any) -> None:
    metric = leo_bench.FrechetVideoDistance(**QUICK)
    with pytest.raises(InputError, match="expected 3 whole numbers from 0"):
        metric.update(REAL[:3], real=True, videos=videos)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"protocol": "stylegan"}, "no protocol 'stylegan'"),
        ({"protocol": "pytorch-fid"}, "has no fvd"),
        ({"extractor": "i3d"}, "no such extractor"),
        ({"extractor": None}, "i3d"),  # its weights are not here
        ({"frames": 0}, "must be 1 or more"),
        ({"frames": "many"}, "frames"),
        ({"resolution": 0}, "must be 1 or more"),
        ({"value_range": (0, 255)}, "expected"),
    ],
)
def test_wrong_options_are_refused_at_once(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        leo_bench.FrechetVideoDistance(**QUICK | options)
    assert "\n" not in str(error.value)


def test_one_clip_is_no_side() -> None:
    metric = leo_bench.FrechetVideoDistance(**QUICK)
    metric.update(REAL, real=True)
    metric.update(FAKE[:1], real=False)
    with pytest.raises(InputError, match=r"1 fake clips; a distance needs 2 or more: update"):
        metric.compute()
