"""What an LMDM is told besides the first code of a window: the codes before it, and an anchor.

Ours. The paper tells a window its first code alone (Eq. 4), so the direction of motion is drawn
anew at every seam. The codes before the window are fed to the network in slots before its own. The
anchor, the first code of the video, is fed in every slot. Legend: B batch, L frames of a window, P
slots before it, M code dimensions, N channels of the network's input.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.leo.diffusion.codes import Windows


class Told(NamedTuple):
    """What a window is told besides its first code; all codes are normalised.

    Args:
        before: codes before the window, float32 [B,P,M], the last one next to it. Those that are
            not told are the window's first code.
        known: how many of them are told, int64 [B], 0 to P.
        anchor: the first code of the video, float32 [B,M].
        size: how much the window moves, float32 [B,2], see `MotionPrior`; 1 where it plays no part.
    """

    before: Tensor
    known: Tensor
    anchor: Tensor
    size: Tensor


@dataclass(frozen=True)
class Context:
    """What windows of a model are told besides their first codes.

    Args:
        history: codes told at most, the window's first one included; 1 is the paper's.
        anchor: whether the first code of the video is told.
        factor: the slots before a window are a multiple of it (`UNet1dConfig.factor`).
    """

    history: int
    anchor: bool
    factor: int

    @property
    def slots(self) -> int:
        """Slots before a window, P; of them, `history` - 1 at most hold codes."""
        return -(-(self.history - 1) // self.factor) * self.factor

    def channels(self, code_size: int) -> int:
        """Channels of what windows are told, behind those of the codes."""
        return (1 if self.slots else 0) + (code_size if self.anchor else 0)

    def drawn(self, windows: Windows, index_B: Tensor, random: torch.Generator) -> Told:
        """What windows of training are told; codes are those of `windows`.

        Half of the windows are told no code before them, the others 1 to `history` - 1, all
        numbers alike; at the beginning of a video those that there are. A window that begins its
        video has its first code as the anchor. Elsewhere the anchor is any code of the video, so
        that no distance between anchor and window is new when a long video is sampled.
        """
        count = len(index_B)
        before_BPM, there_B = windows.before(index_B, self.slots)
        told_B = torch.randint(1, max(2, self.history), (count,), generator=random)
        told_B = told_B * torch.randint(2, (count,), generator=random)
        told_B = told_B.minimum(there_B).clamp(max=self.history - 1)
        place_B = torch.rand(count, generator=random, dtype=torch.float64)
        begins_B = windows.starts[index_B] == windows.sequences[index_B, 0]
        anchor_BM = windows.anywhere(index_B, place_B * ~begins_B)
        first_BM = windows.take(index_B)[:, 0]
        return Told(_kept(before_BPM, told_B, first_BM), told_B, anchor_BM, torch.ones(count, 2))

    def given(self, first_BM: Tensor, before_BKM: Tensor | None, anchor_BM: Tensor | None) -> Told:
        """What a window is told that begins with `first_BM` and goes on from `before_BKM`.

        Args:
            first_BM: the first code of the window.
            before_BKM: codes before it, any number of them; None: there are none.
            anchor_BM: the first code of the video; None: the earliest of the codes given.
        """
        if before_BKM is None:
            before_BKM = first_BM[:, None][:, :0]
        if anchor_BM is None:
            anchor_BM = torch.cat([before_BKM, first_BM[:, None]], dim=1)[:, 0]
        told = min(before_BKM.shape[1], self.history - 1)
        filled = first_BM[:, None].expand(-1, self.slots - told, -1)
        last_BKM = before_BKM[:, before_BKM.shape[1] - told :]
        count_B = torch.full((len(first_BM),), told)
        size_B2 = torch.ones(len(first_BM), 2)
        return Told(torch.cat([filled, last_BKM], dim=1), count_B, anchor_BM, size_B2)

    def fed(self, codes_BLM: Tensor, told: Told, shown_BSX: Tensor) -> Tensor:
        """The network's input: a window of noised codes, and what it is told: [B,P+L,N].

        Channels: codes; whether a slot's code is told, 1 or 0; the anchor less the window's first
        code; what else is shown of the last S slots.
        """
        parts = [torch.cat([told.before, codes_BLM], dim=1)]
        if self.slots:
            length = codes_BLM.shape[1]
            back_P = torch.arange(self.slots, -length, -1, device=codes_BLM.device)
            clean_BL = (back_P >= 0) & (back_P <= told.known[:, None])
            parts.append(clean_BL[..., None].to(codes_BLM.dtype))
        if self.anchor:
            away_BM = told.anchor - codes_BLM[:, 0]
            parts.append(away_BM[:, None].expand(-1, parts[0].shape[1], -1))
        empty = parts[0].shape[1] - shown_BSX.shape[1]
        parts.append(F.pad(shown_BSX, (0, 0, empty, 0)))
        return torch.cat(parts, dim=2)


def _kept(before_BPM: Tensor, count_B: Tensor, first_BM: Tensor) -> Tensor:
    """The last `count` codes before a window, its first code in place of the others."""
    back_P = torch.arange(before_BPM.shape[1], 0, -1)
    return torch.where((back_P <= count_B[:, None])[..., None], before_BPM, first_BM[:, None])
