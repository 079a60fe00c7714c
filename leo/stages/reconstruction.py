"""Reconstruction errors of an animator, compared with copying the source frame.

Where a person hardly moves, copying the source has a small error over the whole picture; so the
error inside the moving region is given, too.
"""

import math
from dataclasses import dataclass

from torch import Tensor

MOVES = 0.05  # a pixel moves where source and driving frame differ by more (mean of RGB, 0..1)


@dataclass(frozen=True)
class Judged:
    """Errors of reconstructed frames, and of the source frame in their place.

    Args:
        l1: mean absolute error, of 0..1, over all pixels.
        psnr, copy_psnr: dB, from the mean squared error over all frames.
        moving: share of pixels that move.
        moving_error: mean absolute error inside the moving region, over the copy's.
    """

    l1: float
    psnr: float
    copy_psnr: float
    moving: float
    moving_error: float

    def numbers(self) -> dict[str, float]:
        """By name, for the log."""
        return {
            "psnr": self.psnr,
            "copy_psnr": self.copy_psnr,
            "moving": self.moving,
            "moving_error": self.moving_error,
        }


def driving_frames(frame_count: int, wanted: int) -> list[int]:
    """Indices of driving frames: evenly spread over frames 1 to the last, which is included."""
    last = frame_count - 1
    return sorted({max(1, round(last * (i + 1) / wanted)) for i in range(wanted)})


def judge(source: Tensor, driving: Tensor, rebuilt: Tensor) -> Judged:
    """Errors of `rebuilt` and of `source` against `driving`: uint8 [N,3,R,R] each."""
    of_copy = (source.float() - driving.float()) / 255
    of_rebuilt = (rebuilt.float() - driving.float()) / 255
    moves = of_copy.abs().mean(dim=1, keepdim=True) > MOVES
    within = moves.expand_as(of_copy)
    return Judged(
        l1=float(of_rebuilt.abs().mean()),
        psnr=_psnr(of_rebuilt),
        copy_psnr=_psnr(of_copy),
        moving=float(moves.float().mean()),
        moving_error=float(of_rebuilt[within].abs().mean() / of_copy[within].abs().mean()),
    )


def _psnr(error: Tensor) -> float:
    mean_square = float((error**2).mean())
    return math.inf if mean_square == 0 else -10 * math.log10(mean_square)
