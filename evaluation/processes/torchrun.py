"""The team of the processes that torchrun starts.

torch.distributed's store alone serves: what the processes exchange in bulk goes through caches on
disk, which also keep it for the next command.
"""

import hashlib
import json
import math
import secrets
import shutil
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.places import UNKEPT
from leo_bench.evaluation.processes.board import Board, Seat, seat_of_environment
from leo_bench.evaluation.processes.team import (
    Alone,
    ShareDone,
    Team,
    TeamEnded,
    UnlikeError,
)
from leo_bench.evaluation.processes.watch import Watch

START_SECONDS = 120.0  # in which all processes come as far as the first of them
PATIENCE_SECONDS = 90.0  # for another machine's file: NFS keeps listings for up to 60 s
POLL_SECONDS = 0.5

SeenT = TypeVar("SeenT")


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

    Raises:
        InputError: these processes have been a team before.
        TeamEnded: likewise, and another one has said so.
    """

    def __init__(self, seat: Seat) -> None:
        self.rank, self.size = seat.rank, seat.size
        self._board = Board(seat)
        if self._board.look(f"left/{seat.rank}") is not None:  # what that one counted stands still
            if self._board.add("again", 1) > 1:
                raise TeamEnded(InputError.exit_code)
            raise InputError(
                "this torchrun has run a command before: start every command with a torchrun of "
                "its own"
            )
        self.name = self._board.put_first("name", secrets.token_hex(8))
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
        self._within(math.inf, lambda: is_so() or None)

    def _within(self, seconds: float, ask: Callable[[], SeenT | None]) -> SeenT | None:
        """The answer of the other processes; None: there is none in this time.

        Raises:
            TeamEnded: one of them failed or died.
        """
        until, pause = time.monotonic() + seconds, 0.01
        while (answer := ask()) is None and time.monotonic() < until:
            self._watch.check()
            time.sleep(pause)
            pause = min(2 * pause, POLL_SECONDS)
        return answer

    def _see(self, key: str, rank: int, folder: Path) -> None:
        """Wait for the mark of another process.

        Raises:
            InfrastructureError: the process does not come.
            UnlikeError: its mark does not appear.
        """
        told = self._within(START_SECONDS, lambda: self._board.look(key))
        if told is None:
            raise InfrastructureError(f"rank {rank} did not start within {START_SECONDS:.0f} s")
        mark = Path(told)
        patience = PATIENCE_SECONDS if mark.parent == folder else 0
        if self._within(patience, lambda: _lists(folder, mark.name) or None):
            return
        me = self._watch.me
        raise UnlikeError(
            f"{folder}: rank {me.rank} on {me.host} does not see what rank {rank} writes to "
            f"{mark.parent}; several processes share the cache: set LEO_BENCH_CACHE to one "
            "folder that all machines see"
        )


def _lists(folder: Path, name: str) -> bool:
    return any(path.name == name for path in folder.iterdir())
