"""Arrays that a network keeps between calls, and pieces that fit a core's cache.

At its first use a new array costs a page fault every 4 kB: at a few MB, as much time as the
arithmetic on it.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

# Frames of the larger activations computed at a time: memory does not grow with the clip.
FRAMES = 8


class Scratch:
    """Sets of arrays that are kept between calls: as many as there were calls at one time.

    Which threads call is of no account, since a pool may run two calls at a time on any of 16.

    Args:
        like: a tensor of their device and dtype.
    """

    def __init__(self, like: Tensor) -> None:
        self._like = like
        self._unused: list[dict[str, Tensor]] = []
        self._of_thread = threading.local()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold a set of arrays for one call, in this thread."""
        try:
            arrays = self._unused.pop()
        except IndexError:
            arrays = {}
        self._of_thread.arrays = arrays
        try:
            yield
        finally:
            del self._of_thread.arrays
            self._unused.append(arrays)

    def take(self, name: str, *shape: int) -> Tensor:
        """An array of any contents from the set that is held, until `name` is taken again."""
        size = math.prod(shape)
        arrays: dict[str, Tensor] = self._of_thread.arrays
        kept = arrays.get(name)
        if kept is None or len(kept) < size:
            kept = arrays[name] = self._like.new_empty(size)
        return kept[:size].view(shape)


def chunks(count: int, size: int) -> Iterator[tuple[int, int]]:
    """`range(count)` in pieces: start and end of each."""
    for start in range(0, count, size):
        yield start, min(start + size, count)
