"""Work side by side, each piece on one thread of torch, as many pieces as memory allows.

Convolutions, matrix products and long sums may round differently on two threads than on one. Work
that always runs on one thread gives the same bits in a process of one thread, as torchrun starts
them, and in one of sixteen. Several threads work on several pieces instead.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from functools import cache
from itertools import islice, repeat
from pathlib import Path
from typing import Self, TypeVar

import torch

from leo_bench.evaluation.processes.board import processes_here
from leo_bench.evaluation.videos.ahead import in_order

A = TypeVar("A")
T = TypeVar("T")

# A stored frame on its way into a network: as decoded with those that the decoder keeps, as RGB, as
# floats (measured with H.264 of 2160x3840: 330 to 400 MB).
READING_BYTES_A_PIXEL = 48
# For stored frames at one time, whatever the number of readers.
READING_BYTES = 640 * 2**20

# In a thread of a pool: how many threads the pool's maker may use, and torch's number in its maker.
_made = threading.local()


class Lanes:
    """A pool of threads; `lanes` gives the process's.

    Args:
        count: pieces at once.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        allowed, torchs = threads(), getattr(_made, "torchs", None) or torch.get_num_threads()
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="lane")
        # Start all threads now. torch's thread count is per thread, but later threads inherit the
        # last count set anywhere, so one more thread sets it back.
        together = threading.Barrier(count)
        for start in [self._pool.submit(_start, together, allowed, torchs) for _ in range(count)]:
            start.result()
        last = threading.Thread(target=torch.set_num_threads, args=(torchs,))
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
        with closing(in_order(self._pool, work, items, ahead)) as futures:
            for future in futures:
                found = future.result()
                del future  # nothing here keeps what is used up
                yield found
                del found

    def read_ahead(self, items: Iterator[T]) -> Iterator[T]:
        """The items, each made on a lane while the one before it is used."""
        for found in self.map(lambda _: list(islice(items, 1)), repeat(None), ahead=1):
            if not found:
                return
            yield found.pop()


@cache
def lanes(device: str) -> Lanes:
    """One lane a thread that the process may use on the CPU; one lane for a GPU."""
    return Lanes(threads() if device == "cpu" else 1)


def threads() -> int:
    """Threads that the process may use: as many as torch would, and no more than it has cores.

    torch's number is OMP_NUM_THREADS where that is set, else that of the cores.
    """
    allowed: int | None = getattr(_made, "allowed", None)
    return allowed or max(1, min(torch.get_num_threads(), cores()))


def cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def on_one_thread(work: Callable[[], T]) -> T:
    """What `work` gives, computed on a lane; where the caller is on one already, there."""
    if hasattr(_made, "allowed"):
        return work()
    return lanes("cpu").submit(work).result()


def side_by_side(pieces: Sequence[Callable[[], T]]) -> list[T]:
    """What the pieces give, in order: on a lane, idle lanes take part of them.

    A piece may call it again, since a lane waits only for what another lane has begun. Elsewhere
    the pieces run one after another.
    """
    if not hasattr(_made, "allowed"):
        return [piece() for piece in pieces]
    left, found = deque(enumerate(pieces)), dict[int, T]()

    def take() -> None:
        while left:
            try:
                index, piece = left.popleft()
            except IndexError:  # another lane was faster
                return
            found[index] = piece()

    pool = lanes("cpu")
    helpers = [pool.submit(take) for _ in range(min(pool.count, len(pieces)) - 1)]
    try:
        take()
    finally:
        left.clear()
        begun = [helper for helper in helpers if not helper.cancel()]
        wait(begun)
    for helper in begun:
        helper.result()
    return [found[index] for index in range(len(pieces))]


def readers(wanted: int, pixels: int) -> int:
    """How many of `wanted` readers may hold a frame of so many pixels at one time; at least 1."""
    return max(1, min(wanted, READING_BYTES // (READING_BYTES_A_PIXEL * max(1, pixels))))


def available_bytes() -> int:
    """Memory that this process could still take: of the machine, or of its container if less.

    Processes of torchrun on one machine have an equal share each.
    """
    free = [_of_machine()]
    try:  # Linux, cgroup v2
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        if limit != "max":
            used = Path("/sys/fs/cgroup/memory.current").read_text()
            free.append(int(limit) - int(used))
    except (OSError, ValueError):
        pass
    return max(0, min(free)) // processes_here()


def _start(together: threading.Barrier, allowed: int, torchs: int) -> None:
    _made.allowed, _made.torchs = allowed, torchs
    torch.set_num_threads(1)
    torch.get_num_threads()  # the first call fixes this thread's count
    together.wait()


def _of_machine() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    # Not Linux: half of what is built in.
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
