"""3x3 convolutions of many channels on CPUs with a quarter of the multiplications.

Winograd's F(4x4, 3x3), Lavin & Gray 2016 (arXiv 1509.09308, Sec. 4): every 4x4 pixels of the result
follow from 6x6 of the input by 36 products of matrices between two transforms. The result differs
from the convolution's by rounding, 2.5e-6 of its size (the convolution's own error is 1e-6).

tiled = Tiled.of(weight)                    # None where the convolution itself is faster
y = tiled(x) if tiled.pays(x) else ...

Legend: B batch, C channels in, K out, H and W sides, T tiles of a picture, P positions in a tile.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.evaluation.winograd import both, tiling

MANY = 256  # channels; with fewer, moving the tiles costs what the multiplications save
SIDE = 32  # on smaller maps, reading the transformed weight, four times as large, costs the gain
_STEP = 4  # pixels of the result on a tile's side


# Evaluation at 0, 1, -1, 2, -2 and infinity.
FORM = tiling(_STEP, 3, [Fraction(point) for point in (0, 1, -1, 2, -2)])
_INPUT, _BACK = both(FORM.of_input).float(), both(FORM.back).float()


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
        squares = FORM.side**2
        for picture, place in zip(padded, made, strict=True):
            seen_PTC = _INPUT @ FORM.tiles(picture).reshape(squares, -1)
            found_PTK = torch.bmm(seen_PTC.view(squares, -1, channels), self._transformed)
            pixels = _BACK @ found_PTK.view(squares, -1)
            place.copy_(pixels.view(_STEP, _STEP, rows, columns, -1).permute(2, 0, 3, 1, 4))
        return made.view(count, height, width, -1).permute(0, 3, 1, 2)

    @cached_property
    def _transformed(self) -> Tensor:
        """The transformed weight, [P,C,K], made when it is first used."""
        return FORM.transformed(self.weight.permute(2, 3, 1, 0))
