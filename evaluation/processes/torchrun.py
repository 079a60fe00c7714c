"""The team of the processes that torchrun starts.

torch.distributed's store alone serves: what the processes exchange in bulk goes through caches on
disk, which also keep it for the next command.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.processes.board import Board, Seat, seat_of_environment
from leo_bench.evaluation.processes.team import Alone, ShareDone, Team, UnlikeError
from leo_bench.evaluation.processes.watch import Watch

PATIENCE_SECONDS = 60.0  # for a file of another machine to appear on a network file system
POLL_SECONDS = 0.5
UNKEPT = "unkept"  # in the cache: features of commands that keep none


@cache
def this_team() -> "Team":
    """The team of this process: of torchrun's processes, or this one alone.

    Raises:
        InputError: the environment is not one of torchrun's.
        InfrastructureError: the store of torchrun does not answer.
    """
    seat = seat_of_environment()
    return Alone() if seat is None else TorchrunTeam(seat)


class TorchrunTeam:
    """A `Team` of torchrun's processes; made in the main thread.

    Args:
        seat: of this process.
    """

    def __init__(self, seat: Seat) -> None:
        self.rank, self.size = seat.rank, seat.size
        self.name = hashlib.sha256(f"{seat.address} {seat.run}".encode()).hexdigest()[:16]
        self._board = Board(seat)
        self._watch = Watch(seat, self._board)
        self._shared: set[Path] = set()
        self._unkept: set[Path] = set()

    def each(self, work: str, pieces: int, do: Callable[[int], None]) -> None:
        """See `Team.each`."""
        stopped = f"{work}/stopped"
        while self._board.look(stopped) is None:
            self._watch.check()
            piece = self._board.add(f"{work}/claimed", 1) - 1
            if piece >= pieces:
                return
            try:
                do(piece)
            except BaseException:
                self._board.put(stopped, "")
                raise
            finally:
                self._board.add(f"{work}/done", 1)

    def wait(self, work: str, pieces: int) -> None:
        """See `Team.wait`."""
        done, claimed = f"{work}/done", f"{work}/claimed"
        self._until(lambda: self._board.add(done, 0) >= min(pieces, self._board.add(claimed, 0)))

    def after_first(self, point: str) -> None:
        """See `Team.after_first`."""
        if self.rank == 0:
            self._board.put(point, "")
        self._until(lambda: self._board.look(point) is not None)

    def add(self, work: str, count: int) -> int:
        """See `Team.add`."""
        return self._board.add(f"{work}/items", count)

    def agree(self, what: str, value: str) -> None:
        """See `Team.agree`."""
        me = self._watch.me
        key = hashlib.sha256(what.encode()).hexdigest()
        mine = json.dumps([me.rank, me.host, value])
        rank, host, other = json.loads(self._board.put_first(f"agree/{key}", mine))
        if other != value:
            raise UnlikeError(
                f"{what}: {value} in rank {me.rank} on {me.host}, but {other} in rank {rank} on "
                f"{host}; all processes must have the same"
            )

    def share_folder(self, folder: Path, *, keep: bool) -> Path:
        """See `Team.share_folder`."""
        if folder not in self._shared:
            self._check_shared(folder)
            self._shared.add(folder)
        if keep:
            return folder
        unkept = folder / UNKEPT / self.name
        self._unkept.add(unkept)
        return unkept

    def _check_shared(self, folder: Path) -> None:
        mark = folder / f".seen-{self.name}-{self.rank}"
        try:
            write_atomically(mark, b"")
        except InputError as error:
            raise InputError(
                f"{folder}: several processes share the cache, and it cannot be written: set "
                f"LEO_BENCH_CACHE to a folder that all of them can write to ({error})"
            ) from None
        seen = f"folder/{len(self._shared)}"
        self._board.put(f"{seen}/{self.rank}", str(mark))
        other = (self.rank - 1) % self.size
        try:
            self._see(f"{seen}/{other}", other, folder)
            self._board.add(f"{seen}/count", 1)
            self._until(lambda: self._board.add(f"{seen}/count", 0) >= self.size)
        finally:
            mark.unlink(missing_ok=True)

    def first_only(self) -> None:
        """See `Team.first_only`."""
        if self.rank:
            raise ShareDone

    def failed(self, code: int, patience: float = 0) -> bool:
        """See `Team.failed`."""
        return self._watch.failed(code, patience)

    def leave(self) -> None:
        """See `Team.leave`."""
        for folder in self._unkept if self.rank == 0 else ():
            shutil.rmtree(folder, ignore_errors=True)
        self._watch.leave()

    def _until(self, is_so: Callable[[], bool]) -> None:
        """Wait for the other processes.

        Raises:
            TeamEnded: one of them failed or died.
        """
        pause = 0.01
        while not is_so():
            self._watch.check()
            time.sleep(pause)
            pause = min(2 * pause, POLL_SECONDS)

    def _see(self, key: str, rank: int, folder: Path) -> None:
        """Wait for the mark of another process.

        Raises:
            UnlikeError: it does not appear.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        told = None
        while time.monotonic() < until:
            self._watch.check()
            told = told or self._board.look(key)
            if told is not None:
                name = Path(told).name
                if any(path.name == name for path in folder.iterdir()):
                    return
                if Path(told).parent != folder:
                    break
            time.sleep(0.02 if told is None else POLL_SECONDS)
        if told is None:
            raise InfrastructureError(f"rank {rank} did not start within {PATIENCE_SECONDS:.0f} s")
        me = self._watch.me
        raise UnlikeError(
            f"{folder}: rank {me.rank} on {me.host} does not see what rank {rank} writes to "
            f"{Path(told).parent}; several processes share the cache: set LEO_BENCH_CACHE to one "
            "folder that all machines see"
        )
