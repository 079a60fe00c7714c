"""Pieces of drawing side by side, each on one thread of torch.

Convolutions and matrix products may round differently on two threads than on one. A piece that is
always computed on one thread has the same bits in a process of one thread, as torchrun makes them,
and in one of sixteen; many threads serve many pieces instead.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import torch

A = TypeVar("A")
T = TypeVar("T")


class Lanes:
    """A pool of threads; `lanes` gives the process's.

    Args:
        count: pieces at once.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="leo-lane")
        # All threads start now: what they set is theirs, but threads born later inherit the last
        # number set by anyone, which is put right below.
        together = threading.Barrier(count)
        for start in [self._pool.submit(_start, together) for _ in range(count)]:
            start.result()
        torch.set_num_threads(threads)

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Begin a piece; it must not wait for another piece."""
        return self._pool.submit(work)

    def map(self, work: Callable[[A], T], items: Iterable[A]) -> Iterator[T]:
        """`map(work, items)` in order, begun at most `count` pieces ahead."""
        waiting: deque[Future[T]] = deque()
        try:
            for item in items:
                waiting.append(self._pool.submit(work, item))
                if len(waiting) > self.count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


@cache
def lanes(device: str) -> Lanes:
    """One lane a thread that torch would use on the CPU; one lane for a GPU."""
    return Lanes(torch.get_num_threads() if device == "cpu" else 1)


def _start(together: threading.Barrier) -> None:
    torch.set_num_threads(1)
    torch.get_num_threads()  # torch makes up a thread's mind when it is first asked: now
    together.wait()
