"""The quick warp is `grid_sample`, also outside the picture, and gives way where gradients flow."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.leo.networks.warp import warp


def case(sources: int, channels: int) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    maps = torch.randn(sources, channels, 6, 9, dtype=torch.float64, generator=random)
    grid = 1.6 * torch.randn(3, 5, 7, 2, dtype=torch.float64, generator=random)
    grid[0, 0] = torch.tensor([1.0, -1.0])  # on the outer pixels
    return maps, grid


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("channels", [3, 130])
@pytest.mark.parametrize("sources", [1, 3])
def test_it_is_grid_sample(sources: int, channels: int, align_corners: bool) -> None:
    maps, grid = case(sources, channels)
    expected = F.grid_sample(maps.expand(3, -1, -1, -1), grid, align_corners=align_corners)
    for layout in (torch.contiguous_format, torch.channels_last):
        found = warp(maps.contiguous(memory_format=layout), grid, align_corners)
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    found = warp(maps.float(), grid.float(), align_corners)
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0)


def test_gradients_are_grid_samples() -> None:
    maps, grid = case(3, 130)
    maps.requires_grad_()
    found = warp(maps, grid, align_corners=True)
    assert "GridSampler" in type(found.grad_fn).__name__
    with torch.no_grad():
        torch.testing.assert_close(warp(maps, grid, align_corners=True), found, atol=1e-12, rtol=0)


def test_a_flow_that_is_no_number_leaves_a_hole_and_does_no_harm() -> None:
    maps, grid = case(1, 130)
    grid[1, 2, 3] = torch.nan
    found = warp(maps, grid, align_corners=True)
    assert found[1, :, 2, 3].isnan().all()
    assert found.isnan().sum() == 130
