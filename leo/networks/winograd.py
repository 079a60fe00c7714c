"""3x3 convolutions of many channels on CPUs with a quarter of the multiplications.

Winograd's F(4x4, 3x3), Lavin & Gray 2016 (arXiv 1509.09308, Sec. 4): every 4x4 pixels of the result
follow from 6x6 of the input by 36 products of matrices between two transforms. The result differs
from the convolution's by rounding, 2.5e-6 of its size (the convolution's own error is 1e-6).

tiled = Tiled.of(weight)                    # None where the convolution itself is faster
y = tiled(x) if tiled.pays(x) else ...

Legend: B batch, C channels in, K out, H and W sides, T tiles of a picture.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

MANY = 256  # channels; with fewer, moving the tiles costs what the multiplications save
SIDE = 32  # on smaller maps, reading the transformed weight, four times as large, costs the gain
_STEP = 4  # pixels of the result on a tile's side
_TILE = 6


# Evaluation at 0, 1, -1, 2, -2 and infinity: of the input, the weight, and back; float64.
INPUT = torch.tensor(
    (
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
    dtype=torch.float64,
)
WEIGHT = torch.tensor(
    (
        (1 / 4, 0, 0),
        (-1 / 6, -1 / 6, -1 / 6),
        (-1 / 6, 1 / 6, -1 / 6),
        (1 / 24, 1 / 12, 1 / 6),
        (1 / 24, -1 / 12, 1 / 6),
        (0, 0, 1),
    ),
    dtype=torch.float64,
)
BACK = torch.tensor(
    (
        (1, 1, 1, 1, 1, 0),
        (0, 1, -1, 2, -2, 0),
        (0, 1, 1, 4, 4, 0),
        (0, 1, -1, 8, -8, 1),
    ),
    dtype=torch.float64,
)
# The same along both axes of a tile.
_INPUT, _WEIGHT, _BACK = (torch.kron(m, m).float() for m in (INPUT, WEIGHT, BACK))


@dataclass(frozen=True)
class Tiled:
    """A 3x3 convolution, zeros around.

    Args:
        weight: float32 [K,C,3,3], on the CPU.
    """

    weight: Tensor

    @staticmethod
    def of(weight: Tensor) -> "Tiled | None":
        """The convolution, or None where a plain one is faster or the weight has a gradient."""
        wide = min(weight.shape[:2]) >= MANY
        cpu = weight.device.type == "cpu" and weight.dtype == torch.float32
        return Tiled(weight) if wide and cpu and not weight.requires_grad else None

    def pays(self, x: Tensor) -> bool:
        """Whether a map [B,C,H,W] is large enough, of whole tiles, in float32, without gradient."""
        fits = all(side >= SIDE and side % _STEP == 0 for side in x.shape[2:])
        exact = x.dtype == torch.float32 and not torch.is_autocast_enabled(x.device.type)
        return fits and exact and not (torch.is_grad_enabled() and x.requires_grad)

    def __call__(self, x: Tensor) -> Tensor:
        """float32 [B,C,H,W] -> [B,K,H,W], channels last; one picture at a time, for the cache."""
        count, channels, height, width = x.shape
        padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
        rows, columns = height // _STEP, width // _STEP
        made = x.new_empty(count, rows, _STEP, columns, _STEP, len(self.weight))
        down, across, _ = padded.stride()[1:]
        for picture, place in zip(padded, made, strict=True):
            tiles = picture.as_strided(
                (_TILE, _TILE, rows, columns, channels),
                (down, across, _STEP * down, _STEP * across, 1),
                picture.storage_offset(),
            )
            seen_36TC = _INPUT @ tiles.reshape(_TILE**2, -1)
            found_36TK = torch.bmm(seen_36TC.view(_TILE**2, -1, channels), self._transformed)
            pixels = _BACK @ found_36TK.view(_TILE**2, -1)
            place.copy_(pixels.view(_STEP, _STEP, rows, columns, -1).permute(2, 0, 3, 1, 4))
        return made.view(count, height, width, -1).permute(0, 3, 1, 2)

    @cached_property
    def _transformed(self) -> Tensor:
        """The transformed weight, [36,C,K], made when it is first used."""
        along_9N = self.weight.permute(2, 3, 1, 0).reshape(9, -1)
        return (_WEIGHT @ along_9N).view(_TILE**2, *self.weight.shape[1::-1])
