"""Which part of a frame a published preparation keeps."""

from typing import NamedTuple

import numpy as np

from leo_bench.benchmarks.prepare.resample import Frame

MASK_THRESHOLD = 5  # universome/stylegan-v@3fecd69 preprocess_ffs.py, on a scale of 0..765


class Box(NamedTuple):
    """A part of a frame in whole pixels; `right` and `bottom` are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top


def mask_box(mask: Frame) -> Box | None:
    """The box around the part of a FaceForensics mask that is not white; None: all of it is white.

    A column or row belongs to the box if the mean over its pixels of the distance from white,
    summed over the three channels, exceeds MASK_THRESHOLD (preprocess_ffs.py, after TGANv2). The
    bounds are the first and the last such line, the last one exclusive: decided here, and worth one
    pixel.
    """
    distance = (255 - mask.astype(np.int64)).sum(axis=2)  # [H,W], 0..765
    columns = np.flatnonzero(distance.mean(axis=0) > MASK_THRESHOLD)
    rows = np.flatnonzero(distance.mean(axis=1) > MASK_THRESHOLD)
    if len(columns) == 0 or len(rows) == 0:
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1]))


def squared(box: Box) -> Box:
    """The box with its shorter side grown to the longer one, by half the difference on each side.

    The halves are whole pixels, so an odd difference leaves the box one pixel off square. The
    result may exceed the picture.
    """
    grow = abs(box.width - box.height) // 2
    if box.width < box.height:
        return box._replace(left=box.left - grow, right=box.right + grow)
    return box._replace(top=box.top - grow, bottom=box.bottom + grow)


def union(first: Box, second: Box) -> Box:
    """The smallest box around both."""
    return Box(
        min(first.left, second.left),
        min(first.top, second.top),
        max(first.right, second.right),
        max(first.bottom, second.bottom),
    )


def sliced(frame: Frame, box: Box) -> Frame:
    """`frame[top:bottom, left:right]`, with NumPy's rule that negative bounds count from the end.

    So a box that leaves the picture at the left or top gives an empty array, and one that leaves it
    at the right or bottom is clipped, as in preprocess_ffs.py (universome/stylegan-v@3fecd69).
    """
    return frame[box.top : box.bottom, box.left : box.right]


def inside(box: Box, height: int, width: int) -> bool:
    """Whether `box` lies within a picture of this size."""
    return box.left >= 0 and box.top >= 0 and box.right <= width and box.bottom <= height


def central_square(height: int, width: int) -> Box:
    """The largest centred square; an odd remainder is left at the right or bottom."""
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    return Box(left, top, left + side, top + side)
