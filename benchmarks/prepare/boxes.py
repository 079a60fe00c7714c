"""Which part of a frame a published preparation keeps."""

from typing import NamedTuple

import numpy as np

from leo_bench.benchmarks.prepare.resample import Frame

MASK_THRESHOLD = 5  # universome/stylegan-v@3fecd69 preprocess_ffs.py, on a scale of 0..765


class Box(NamedTuple):
    """A part of a frame in whole pixels; `right` and `bottom` are the first outside."""

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
    """Where a FaceForensics mask is not white; None where it is white all over.

    Columns and rows count whose mean of the three channels' summed distance from white is over the
    threshold (spec metrics.md 12, from preprocess_ffs.py, itself from TGANv2). First and last such
    line are the bounds, and slicing leaves the last one out: our reading, worth one pixel.
    """
    distance = (255 - mask.astype(np.int64)).sum(axis=2)  # [H,W], 0..765
    columns = np.flatnonzero(distance.mean(axis=0) > MASK_THRESHOLD)
    rows = np.flatnonzero(distance.mean(axis=1) > MASK_THRESHOLD)
    if len(columns) == 0 or len(rows) == 0:
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1]))


def squared(box: Box) -> Box:
    """The shorter side grown to the longer one, by half the difference on either side.

    In whole pixels: an odd difference leaves the box one off square. It may leave the picture.
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
    """What numpy's slicing gives for `box`, a negative bound counted from the far end included.

    A box that leaves the picture at the left or top so becomes empty, one that leaves it at the
    right or bottom is cut short: what preprocess_ffs.py does (spec metrics.md 12).
    """
    return frame[box.top : box.bottom, box.left : box.right]


def inside(box: Box, height: int, width: int) -> bool:
    """Whether every pixel of `box` lies in a picture of that size."""
    return box.left >= 0 and box.top >= 0 and box.right <= width and box.bottom <= height


def central_square(height: int, width: int) -> Box:
    """The largest centred square; an odd rest is left at the right or bottom."""
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    return Box(left, top, left + side, top + side)
