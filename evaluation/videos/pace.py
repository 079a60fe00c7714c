"""Frame rates of videos, and the share of frames that repeat the one before.

Both change every metric of motion; notes compare them between the two sides of a measurement
(`benchmarks.scores.stamp`).
"""

import contextlib
from collections.abc import Sequence
from statistics import median

import torch

from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.videos.source import Paced, Selection, VideoSource, frame_rates

VIDEOS = 16  # that are examined, spread evenly over those asked for
FRAMES = 17  # of each, from its first on: 16 steps
BYTES = 64 * 2**20  # of frames in memory at once


def rate_range(source: VideoSource, used: Sequence[int]) -> tuple[float, float, float] | None:
    """Lowest, median and highest frame rate of these videos; None if none states one."""
    rates = frame_rates(source)
    stated = [rate for i in used if (rate := rates[i]) is not None]
    return (min(stated), median(stated), max(stated)) if stated else None


def repeated_share(source: VideoSource, used: Sequence[int]) -> float | None:
    """Share of frames that equal the frame before them bit by bit: 0.5 where every one is doubled.

    It is measured on the first `FRAMES` frames (fewer of large ones) of up to `VIDEOS` of these
    videos. None for videos that are not stored, since rendered ones repeat nothing and are slow to
    render, and where all videos have a single frame.
    """
    if not _is_stored(source):
        return None
    step = -(-len(used) // VIDEOS)
    same = steps = 0
    for index in used[::step]:
        height, width = source.sizes()[index]
        count = max(2, min(FRAMES, BYTES // (3 * height * width)))
        with contextlib.suppress(BadVideoError):  # other frames than the measured ones
            frames = source.read(index, range(min(count, source.frame_counts[index])))
            equal = (frames[1:] == frames[:-1]).flatten(1).all(1)
            same, steps = same + int(torch.count_nonzero(equal)), steps + len(equal)
    return same / steps if steps else None


def _is_stored(source: VideoSource) -> bool:
    while isinstance(source, Selection):
        source = source.base
    return isinstance(source, Paced)
