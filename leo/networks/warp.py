"""`grid_sample` of feature maps, several times faster on CPUs.

Each output pixel is a weighted sum of four pixels, and with channels last a pixel is contiguous:
torch's `embedding_bag`. With gradients, on GPUs and for few channels, `grid_sample` is used.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

FEW = 128  # channels; with fewer, preparing the sums can take longer than `grid_sample`


def warp(maps: Tensor, grid: Tensor, align_corners: bool) -> Tensor:
    """Sample maps at a grid: bilinear, zeros outside.

    Args:
        maps: [B,C,H,W], or [1,C,H,W] for all of them; fast if channels are last.
        grid: [B,H',W',2], x and y in -1..1.
        align_corners: whether -1 and 1 are the middles of the outer pixels, or their outer edges.

    Returns:
        [B,C,H',W'].
    """
    learns = torch.is_grad_enabled() and (maps.requires_grad or grid.requires_grad)
    if learns or maps.device.type != "cpu" or maps.shape[1] < FEW:
        every = maps.expand(len(grid), -1, -1, -1)
        return F.grid_sample(every, grid, align_corners=align_corners)
    _, channels, height, width = maps.shape
    columns, across = _ends(grid[..., 0], width, align_corners)
    rows, down = _ends(grid[..., 1], height, align_corners)
    if len(maps) > 1:
        rows = rows + height * torch.arange(len(maps), dtype=torch.int32)[:, None, None, None]
    places = rows[..., :, None] * width + columns[..., None, :]
    shares = down[..., :, None] * across[..., None, :]
    table = maps.permute(0, 2, 3, 1).reshape(-1, channels)
    found: Tensor = F.embedding_bag(
        places.view(-1, 4), table, per_sample_weights=shares.view(-1, 4), mode="sum"
    )
    return found.view(*grid.shape[:3], channels).permute(0, 3, 1, 2)


def _ends(at: Tensor, size: int, align_corners: bool) -> tuple[Tensor, Tensor]:
    """The two pixels beside each position on an axis and their shares; 0 outside: [...,2]."""
    position = (at + 1) * ((size - 1) / 2) if align_corners else ((at + 1) * size - 1) / 2
    first = position.floor()
    share = position - first
    ends = torch.stack((first, first + 1), dim=-1)
    shares = torch.stack((1 - share, share), dim=-1)
    inside = (ends >= 0) & (ends < size)
    # A position that is NaN has NaN shares, but its pixels must exist.
    return ends.nan_to_num().clamp(0, size - 1).int(), shares * inside
