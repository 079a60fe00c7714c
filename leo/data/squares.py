"""Square crops of frames: chosen by a box and a framing, and cut out."""

from typing import NamedTuple

import torch
from torch import Tensor

from leo_bench.evaluation.embedders.boxes import Box
from leo_bench.leo.framing import Framing


class Square(NamedTuple):
    """A square in pixels of a frame; it may reach beyond the frame."""

    left: int
    top: int
    side: int

    def outside(self, height: int, width: int) -> dict[str, int]:
        """Pixels beyond each edge of a frame that it crosses: {"left": 12}."""
        beyond = {
            "left": -self.left,
            "top": -self.top,
            "right": self.left + self.side - width,
            "bottom": self.top + self.side - height,
        }
        return {edge: pixels for edge, pixels in beyond.items() if pixels > 0}


def square_around(box: Box, framing: Framing) -> Square:
    """The square in which a box lies as `framing` says, to the nearest pixels."""
    side = (box.bottom - box.top) / framing.height
    left = (box.left + box.right) / 2 - (0.5 + framing.right) * side
    top = (box.top + box.bottom) / 2 - (0.5 + framing.down) * side
    return Square(round(left), round(top), max(1, round(side)))


def middle_square(height: int, width: int) -> Square:
    """The largest square in the middle of a frame; of odd differences, half is cut off."""
    side = min(height, width)
    return Square((width - side) // 2, (height - side) // 2, side)


def cropped(frames: Tensor, square: Square) -> Tensor:
    """[...,H,W] -> [...,side,side]; beyond the frame, its edge is repeated."""
    rows = torch.arange(square.top, square.top + square.side).clamp(0, frames.shape[-2] - 1)
    columns = torch.arange(square.left, square.left + square.side).clamp(0, frames.shape[-1] - 1)
    return frames[..., rows[:, None], columns]
