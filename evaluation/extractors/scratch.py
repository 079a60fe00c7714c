"""Arrays that a network keeps between calls, and pieces that fit a core's cache.

At its first use a new array costs a page fault every 4 kB: at a few MB, as much time as the
arithmetic on it.
"""

import math
import threading
from collections.abc import Iterator

from torch import Tensor

# Frames of the larger activations computed at a time: memory does not grow with the clip.
FRAMES = 8


class Scratch(threading.local):
    """Arrays that are kept between calls, for each thread its own.

    Args:
        like: a tensor of their device and dtype.
    """

    def __init__(self, like: Tensor) -> None:
        self._like = like
        self._kept: dict[str, Tensor] = {}

    def take(self, name: str, *shape: int) -> Tensor:
        """An array of any contents, until `name` is taken again."""
        size = math.prod(shape)
        kept = self._kept.get(name)
        if kept is None or len(kept) < size:
            kept = self._kept[name] = self._like.new_empty(size)
        return kept[:size].view(shape)


def chunks(count: int, size: int) -> Iterator[tuple[int, int]]:
    """`range(count)` in pieces: start and end of each."""
    for start in range(0, count, size):
        yield start, min(start + size, count)
