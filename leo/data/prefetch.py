"""Makes training batches ahead of time in a few threads, and yields them in order."""

import os
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Generic, TypeVar

from leo_bench.evaluation.videos.ahead import in_order

T = TypeVar("T")

MOST_THREADS = 8  # they share the CPU with training


def usual_threads() -> int:
    """The number of CPU cores, at least 2 and at most `MOST_THREADS`."""
    return min(MOST_THREADS, max(2, os.cpu_count() or 2))


class Prefetch(Generic[T]):
    """`make(step)` for every step, in order, computed ahead; an error is raised at its own step.

    Args:
        make: a pure function of the step; called from several threads.
        steps: in order.
        ahead: steps that may be ready or in the making; bounds the memory. None: 3 a thread.
        threads: None: `usual_threads`.
    """

    def __init__(
        self,
        make: Callable[[int], T],
        steps: range,
        ahead: int | None = None,
        threads: int | None = None,
    ) -> None:
        self.waited = 0.0  # seconds that the reader has waited
        threads = threads or usual_threads()
        self._make, self._steps, self._ahead = make, steps, ahead or 3 * threads
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="batch")

    def __iter__(self) -> Generator[T, None, None]:
        """Yields the batches; to be closed if it is not read to the end."""
        try:
            with closing(in_order(self._threads, self._make, self._steps, self._ahead - 1)) as made:
                for future in made:
                    yield self._wait(future)
        finally:
            self._threads.shutdown(wait=True, cancel_futures=True)

    def _wait(self, future: Future[T]) -> T:
        began = time.perf_counter()
        try:
            return future.result()
        finally:
            self.waited += time.perf_counter() - began
