"""Work side by side, each piece on one thread of torch.

Convolutions, matrix products and long sums may round differently on two threads than on one. A
piece that is always computed on one thread has the same bits in a process of one thread, as
torchrun makes them, and in one of sixteen; many threads serve many pieces instead.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Self, TypeVar

import torch

A = TypeVar("A")
T = TypeVar("T")

# What a thread of a pool knows: how many threads whoever made it may use.
_made = threading.local()


class Lanes:
    """A pool of threads; `lanes` gives the process's.

    Args:
        count: pieces at once.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        allowed = threads()
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="lane")
        # All threads start now: what they set is theirs, but threads born later inherit the last
        # number set by anyone, which is put right below, by a thread that ends with it.
        together = threading.Barrier(count)
        for start in [self._pool.submit(_start, together, allowed) for _ in range(count)]:
            start.result()
        last = threading.Thread(target=torch.set_num_threads, args=(allowed,))
        last.start()
        last.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Forget pieces that have not begun, and end the threads."""
        self._pool.shutdown(cancel_futures=True)

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Begin a piece; it must not wait for another piece."""
        return self._pool.submit(work)

    def map(
        self, work: Callable[[A], T], items: Iterable[A], ahead: int | None = None
    ) -> Iterator[T]:
        """`map(work, items)` in order.

        At most `ahead` + 1 pieces are in the making or waiting to be taken; None: `count`.
        """
        ahead = self.count if ahead is None else ahead
        waiting: deque[Future[T]] = deque()
        try:
            for item in items:
                waiting.append(self._pool.submit(work, item))
                del item  # it may be large, and belongs to its piece now
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


@cache
def lanes(device: str) -> Lanes:
    """One lane a thread that the process may use on the CPU; one lane for a GPU."""
    return Lanes(threads() if device == "cpu" else 1)


def threads() -> int:
    """Threads that the process may use: as many as torch would, and no more than it has cores.

    torch's number is OMP_NUM_THREADS where that is set, else that of the cores.
    """
    allowed: int | None = getattr(_made, "allowed", None)
    return allowed or max(1, min(torch.get_num_threads(), _cores()))


def on_one_thread(work: Callable[[], T]) -> T:
    """What `work` gives, computed on a lane; where the caller is on one already, there."""
    if hasattr(_made, "allowed"):
        return work()
    return lanes("cpu").submit(work).result()


def _cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start(together: threading.Barrier, allowed: int) -> None:
    _made.allowed = allowed
    torch.set_num_threads(1)
    torch.get_num_threads()  # torch makes up a thread's mind when it is first asked: now
    together.wait()
