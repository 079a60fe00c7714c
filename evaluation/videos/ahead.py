"""Runs work in a pool of threads, a bounded number of pieces ahead of the one that is taken."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future
from typing import TypeVar

A = TypeVar("A")
T = TypeVar("T")


def in_order(
    pool: Executor, work: Callable[[A], T], items: Iterable[A], ahead: int
) -> Generator[Future[T], None, None]:
    """`work(item)` of every item, in order, at most `ahead` + 1 begun and not yet taken.

    Closing it forgets those that have not begun.
    """
    waiting: deque[Future[T]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            del item  # it may be large, and belongs to its piece now
            if len(waiting) > ahead:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        for future in waiting:
            future.cancel()
