"""A team of threads in the place of processes."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from leo_bench.evaluation.processes.team import ShareDone, UnlikeError


@dataclass
class Shared:
    """What the threads tell each other."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    counters: Counter[str] = field(default_factory=Counter)
    texts: dict[str, str] = field(default_factory=dict)
    points: dict[str, threading.Event] = field(default_factory=dict)
    done_by: dict[int, list[int]] = field(default_factory=dict)


class ThreadTeam:
    """A `Team` as one of the threads sees it."""

    def __init__(self, rank: int, size: int, shared: Shared) -> None:
        self.rank, self.size, self.shared = rank, size, shared

    def each(self, work: str, pieces: int, do: Callable[[int], None]) -> None:
        while (piece := self.add(f"{work}/claimed", 1) - 1) < pieces:
            self.shared.done_by.setdefault(self.rank, []).append(piece)
            try:
                do(piece)
            finally:
                self.add(f"{work}/done", 1)

    def wait(self, work: str, pieces: int) -> None:
        while self.add(f"{work}/done", 0) < min(pieces, self.add(f"{work}/claimed", 0)):
            threading.Event().wait(0.01)

    def after_first(self, point: str) -> None:
        with self.shared.lock:
            come = self.shared.points.setdefault(point, threading.Event())
        if self.rank == 0:
            come.set()
        assert come.wait(10)

    def add(self, work: str, count: int) -> int:
        with self.shared.lock:
            self.shared.counters[work] += count
            return self.shared.counters[work]

    def agree(self, what: str, value: str) -> None:
        with self.shared.lock:
            if self.shared.texts.setdefault(what, value) != value:
                raise UnlikeError(f"{what}: {value}")

    def share_folder(self, folder: Path, *, keep: bool) -> Path:
        return folder

    def first_only(self) -> None:
        if self.rank:
            raise ShareDone

    def failed(self, code: int, patience: float = 0) -> bool:
        return True

    def leave(self) -> None:
        pass


def as_team(
    size: int, run: Callable[[ThreadTeam], None]
) -> tuple[Shared, list[BaseException | None]]:
    """Run a function in as many threads; what they shared, and the exception of each."""
    shared, ended = Shared(), list[BaseException | None]([None] * size)

    def one(rank: int) -> None:
        try:
            run(ThreadTeam(rank, size, shared))
        except BaseException as error:
            ended[rank] = error

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return shared, ended
