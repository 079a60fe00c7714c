"""Masks like FaceForensics' for videos that have none: white with a dark oval on the face.

With them `data prepare faceforensics` can be tested on real videos of other sources. The face must
start in the middle of the clip; the oval follows it by template matching, so that the boxes vary
from frame to frame as real ones do. This is not a face detector.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from leo_bench.benchmarks.prepare.resample import Frame

# Centre and half axes as shares of the picture: eyes at a third of the crop, as in FaceForensics.
CENTRE = (0.5, 0.545)  # x, y
AXES = (0.23, 0.285)
REACH = 4  # pixels that a face may move from one frame to the next
MEMORY = 0.9  # weight of the old template in the update

Grey = NDArray[np.float64]  # [H,W]


def mask_frames(frames: Iterator[Frame]) -> Iterator[Frame]:
    """uint8 [H,W,3] each -> uint8 [H,W,3] each: 255 outside the oval, 0 inside."""
    patch: Grey | None = None
    left = top = 0
    for frame in frames:
        grey = frame.mean(axis=2)
        height, width = grey.shape
        half_w, half_h = round(AXES[0] * width), round(AXES[1] * height)
        if patch is None:
            left, top = round(CENTRE[0] * width) - half_w, round(CENTRE[1] * height) - half_h
            patch = grey[top : top + 2 * half_h, left : left + 2 * half_w]
        left, top = _nearest(grey, patch, left, top)
        patch = (
            MEMORY * patch + (1 - MEMORY) * grey[top : top + 2 * half_h, left : left + 2 * half_w]
        )
        y, x = np.mgrid[:height, :width]
        oval = ((x - left - half_w) / half_w) ** 2 + ((y - top - half_h) / half_h) ** 2 <= 1
        mask = np.full(frame.shape, 255, dtype=np.uint8)
        mask[oval] = 0
        yield mask


def _nearest(grey: Grey, patch: Grey, left: int, top: int) -> tuple[int, int]:
    """Position of the best match of `patch` within `REACH` of (left, top), as (x, y)."""
    height, width = patch.shape
    places = [
        (x, y)
        for y in range(max(0, top - REACH), min(grey.shape[0] - height, top + REACH) + 1)
        for x in range(max(0, left - REACH), min(grey.shape[1] - width, left + REACH) + 1)
    ]
    return min(
        places, key=lambda p: _unlikeness(grey[p[1] : p[1] + height, p[0] : p[0] + width], patch)
    )


def _unlikeness(part: Grey, patch: Grey) -> float:
    return float(np.abs(part - patch)[::4, ::4].mean())
