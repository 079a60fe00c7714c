"""Motion between two codes: what is diffused is the departure from the straight line (spec 3.7).

The paper's Sec. 6 gives the end points only. All codes are normalised. Legend: B batch, L frames,
M code dimensions; the ends are slots 0 and L-1, and L-2 slots are diffused.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def line(start_BM: Tensor, end_BM: Tensor, length: int) -> Tensor:
    """The straight line, exact at both ends: [B,L,M]."""
    there_L1 = torch.linspace(0, 1, length, device=start_BM.device)[:, None]
    return torch.lerp(start_BM[:, None], end_BM[:, None], there_L1)


def departure(window_BLM: Tensor) -> Tensor:
    """How far a window's inner codes lie off the line between its ends: [B,L,M] -> [B,L-2,M]."""
    straight_BLM = line(window_BLM[:, 0], window_BLM[:, -1], window_BLM.shape[1])
    return (window_BLM - straight_BLM)[:, 1:-1]


def departed(departure_BSM: Tensor, start_BM: Tensor, end_BM: Tensor) -> Tensor:
    """The line plus a departure from it, both ends clean: [B,L-2,M] -> [B,L,M]."""
    straight_BLM = line(start_BM, end_BM, departure_BSM.shape[1] + 2)
    return straight_BLM + F.pad(departure_BSM, (0, 0, 1, 1))
