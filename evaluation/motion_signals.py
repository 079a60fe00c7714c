"""Motion signals without a network: small grey pictures, and the directions they move in.

grid = Luminance()                         # a `FrameEmbedder`, for `evaluation.frame_features`
axes = principal_axes(signals)             # of real videos' departures from their own means
signal = values @ axes                     # [T,256] -> [T,20]

No flow, and nothing of who is seen that stays as it is: what a video's frames have in common drops
out of every comparison within it (`evaluation.recurrence`).

Letters: T frames, D dimensions, K axes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from evaluation.embedders import Embedded
from evaluation.errors import InputError

SIDE = 16  # of the grey pictures
AXES = 20  # as many as LEO's codes have numbers

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class Luminance:
    """The central square in grey, brought to SIDE x SIDE by area: each 0..1."""

    name: str = f"luminance-{SIDE}"
    dim: int = SIDE * SIDE
    weights: str = "none"
    weights_verified: bool = True
    device: str = "cpu"

    def __call__(self, frames: Tensor) -> Embedded:
        """uint8 [T,3,H,W] -> [T,256]."""
        height, width = frames.shape[-2:]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        square = frames[:, :, top : top + side, left : left + side].double() / 255
        grey = (square * torch.tensor(LUMA, dtype=torch.float64)[:, None, None]).sum(1)
        small = adaptive_avg_pool2d(grey, SIDE).flatten(1)
        return Embedded(small.float(), torch.ones(len(frames), dtype=torch.bool))


def principal_axes(signals: Iterable[Tensor], count: int = AXES) -> Tensor:
    """The directions in which videos depart most from their own means: [T,D] each -> [D,K].

    K is `count`, or fewer where fewer are of any size.

    Raises:
        InputError: nothing moves in them, or they are no numbers.
    """
    scatter = torch.zeros((), dtype=torch.float64)
    for signal in signals:
        centred = signal.double() - signal.double().mean(0)
        scatter = scatter + centred.T @ centred
    if scatter.ndim == 0 or not bool(torch.isfinite(scatter).all()) or not scatter.any():
        raise InputError("nothing moves in the calibration videos (they are still, or empty)")
    sizes, axes = torch.linalg.eigh(scatter)
    largest_first: Tensor = axes.flip(1)[:, :count]
    return largest_first[:, sizes.flip(0)[:count] > 1e-9 * sizes[-1]]
