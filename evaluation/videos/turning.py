"""Orientation of pictures and videos, as EXIF or a display matrix states it.

For measurement pixels stay as stored, with a note. First frames and pictures to animate are turned
as every viewer and player turns them.

A turn is written as its steps, in this order: "t" transpose, "h" flip left and right, "v" flip top
and bottom; "" is none.
"""

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # importing torch takes seconds, and processes that only scan do without
    from torch import Tensor


# Orientations of EXIF (CIPA DC-008, tag 0x0112); 1 is upright.
_EXIF = {2: "h", 3: "hv", 4: "v", 5: "t", 6: "th", 7: "thv", 8: "tv"}

_WORDS = {
    "th": "a rotation by 90 degrees clockwise",
    "tv": "a rotation by 90 degrees counterclockwise",
    "hv": "a rotation by 180 degrees",
    "h": "a mirroring of left and right",
    "v": "a mirroring of top and bottom",
    "t": "a mirroring along the diagonal",
    "thv": "a mirroring along the other diagonal",
}


def turn_of_exif(orientation: object) -> str:
    """The turn of an EXIF orientation; "" for values outside the standard."""
    return _EXIF.get(orientation, "") if isinstance(orientation, int) else ""


def turn_of_matrix(matrix: bytes) -> str | None:
    """The turn of a display matrix; None for a rotation that is no multiple of 90 degrees.

    Args:
        matrix: nine int32 of this machine, a b u c d v x y w: the point (p, q) is shown at
            (a p + c q + x, b p + d q + y) (ISO/IEC 14496-12, 6.2.2; libavutil/display.h).
    """
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix)
    if a and d and not b and not c:
        return ("h" if a < 0 else "") + ("v" if d < 0 else "")
    if b and c and not a and not d:
        return "t" + ("h" if c < 0 else "") + ("v" if b < 0 else "")
    return None


def turned(frames: "Tensor", turn: str) -> "Tensor":
    """[...,H,W] as shown; a copy unless `turn` is ""."""
    import torch

    if "t" in turn:
        frames = frames.transpose(-1, -2)
    axes = [axis for step, axis in (("h", -1), ("v", -2)) if step in turn]
    return torch.flip(frames, axes).contiguous() if turn else frames


def turned_size(height: int, width: int, turn: str) -> tuple[int, int]:
    """Height and width as shown."""
    return (width, height) if "t" in turn else (height, width)


def not_applied(turn: str) -> str:
    """The note of a measurement."""
    return f"{_WORDS[turn]} is stated, and not applied"


def applied(turn: str) -> str:
    """The note where a picture or video was turned."""
    return f"{_WORDS[turn]} is stated, and applied"
