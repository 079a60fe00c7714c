"""How far frame 1 stands out: step and sharpness over those of later frames."""

import pytest
import torch

from leo_bench.benchmarks.evidence.first_frames import sharpness_ratio, step_ratio


def test_a_step_twice_as_large_and_a_first_frame_twice_as_sharp() -> None:
    stripes = torch.zeros(5, 3, 8, 8, dtype=torch.uint8)
    stripes[:, :, :, ::2] = 40
    assert sharpness_ratio(stripes) == 1
    sharper = stripes.clone()
    sharper[0] *= 2
    assert sharpness_ratio(sharper) == 2
    levels = torch.tensor([0, 20, 30, 40, 50], dtype=torch.uint8)
    assert step_ratio(levels[:, None, None, None].expand(5, 3, 8, 8)) == pytest.approx(2)
