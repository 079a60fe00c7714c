"""How fast videos are shown, and how many of their frames say nothing new.

Both move every number that looks at motion, and neither is seen in the frames of a single video:
what two sides have of them is held against each other (`benchmarks.scores.side_notes`).
"""

import contextlib
from collections.abc import Sequence
from statistics import median

import torch

from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.videos.source import Paced, Selection, VideoSource, frame_rates

VIDEOS = 16  # that are looked into, spread over those asked for
FRAMES = 17  # of each, from its first on: 16 steps
BYTES = 64 * 2**20  # of frames that are held at once


def rate_range(source: VideoSource, used: Sequence[int]) -> tuple[float, float, float] | None:
    """Lowest, median and highest frames a second of these videos; None where none states any."""
    rates = frame_rates(source)
    stated = [rate for i in used if (rate := rates[i]) is not None]
    return (min(stated), median(stated), max(stated)) if stated else None


def repeated_share(source: VideoSource, used: Sequence[int]) -> float | None:
    """The share of frames that are, to the bit, the frame before them: 0.5 where all are doubled.

    Of the first `FRAMES` frames of some of these videos (fewer of large ones), if they lie on a
    disk: what is drawn for the occasion repeats nothing, and is costly to draw. None of others, and
    where videos have a single frame.
    """
    if not _is_stored(source):
        return None
    step = -(-len(used) // VIDEOS)
    same = steps = 0
    for index in used[::step]:
        height, width = source.sizes()[index]
        count = max(2, min(FRAMES, BYTES // (3 * height * width)))
        with contextlib.suppress(BadVideoError):  # what was measured could be read, this need not
            frames = source.read(index, range(min(count, source.frame_counts[index])))
            equal = (frames[1:] == frames[:-1]).flatten(1).all(1)
            same, steps = same + int(torch.count_nonzero(equal)), steps + len(equal)
    return same / steps if steps else None


def _is_stored(source: VideoSource) -> bool:
    while isinstance(source, Selection):
        source = source.base
    return isinstance(source, Paced)
