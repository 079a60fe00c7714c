"""Watches over the processes of a team: one that dies ends the others, with one line that names it.

Each process says on the board every second that it lives, and looks at the next one. A process on
the same machine is asked by its number, too, since torchrun ends the others at once where one dies.
"""

import json
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from leo_bench.evaluation.errors import InfrastructureError
from leo_bench.evaluation.processes.board import Board, Seat
from leo_bench.evaluation.processes.team import TeamEnded

BEAT_SECONDS = 1.0
# Own beats without one of another process, after which that one counts as dead. Where all stand
# still, as by Ctrl-Z, none is counted.
SILENT_BEATS = 10
CAUSE_SECONDS = 3.0  # for which the cause of torchrun's SIGTERM is looked for
LEAVE_SECONDS = 15.0  # that a process may take to leave its work
GOES_ON = "what was finished is kept, and the same command goes on from there"


class Member(NamedTuple):
    """A process of the team: machine and number."""

    rank: int
    host: str
    space: str  # of process numbers; machines and containers of one name have their own
    pid: int

    @property
    def text(self) -> str:
        """For messages."""
        return f"rank {self.rank} (process {self.pid} on {self.host})"

    def is_near(self, other: "Member") -> bool:
        """Whether both are of one machine."""
        return (self.host, self.space) == (other.host, other.space)

    def is_gone(self, seen_from: "Member") -> bool:
        """Whether it is a process of this machine that no longer runs."""
        if not self.is_near(seen_from):
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        with suppress(OSError, IndexError):  # Linux: a zombie still has its number
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return False


def member_here(rank: int) -> Member:
    """This process."""
    space = ""
    with suppress(OSError):  # Linux; the start tells apart machines of one name
        start = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = f"{start} {Path('/proc/self/ns/pid').readlink()}"
    return Member(rank, socket.gethostname(), space, os.getpid())


class Watch:
    """The watch of one process; made in its main thread.

    Args:
        seat: of this process.
        board: of the main thread.
    """

    def __init__(self, seat: Seat, board: Board) -> None:
        self._seat, self._board, self._me = seat, board, member_here(seat.rank)
        self._others: dict[int, Member] = {}
        self._over, self._code, self._losing = threading.Event(), 0, threading.RLock()
        self._main, self._leaving = threading.get_ident(), threading.Lock()
        self._is_ending = False
        board.put(f"member/{seat.rank}", json.dumps(self._me))
        board.put(f"beat/{seat.rank}", "0")  # one that dies before its next beat falls silent, too
        self._before = signal.signal(signal.SIGTERM, self._terminated)
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    @property
    def me(self) -> Member:
        """This process."""
        return self._me

    def failed(self, code: int, patience: float = 0) -> bool:
        """This process has failed: the others end, too; whether it is the one to say why."""
        until = time.monotonic() + patience
        try:
            while self._board.look("failed") is None and time.monotonic() < until:
                time.sleep(0.05)
            self._board.put("failed", str(code))
            return self._board.add("told", 1) == 1
        except InfrastructureError as error:
            self._say_lost(error)
            return False

    def leave(self) -> None:
        """This process has done all that it has to do."""
        with self._leaving:
            self._over.set()
        with suppress(InfrastructureError):
            self._board.put(f"left/{self._seat.rank}", "")
        # A thread within the store's C++ when Python ends would abort the process.
        self._thread.join(LEAVE_SECONDS)
        signal.signal(signal.SIGTERM, self._before)

    def check(self) -> None:
        """Raise what ends this process.

        Raises:
            TeamEnded: another process failed or died.
        """
        if self._code:
            raise TeamEnded(self._code)

    def _run(self) -> None:
        """Beat and look, until this process leaves or another one has failed."""
        try:
            code = self._looked()
        except InfrastructureError as error:
            if self._over.is_set():
                return
            self._say_lost(error)
            code = error.exit_code
        if code is not None:
            self._end(code)

    def _looked(self) -> int | None:
        """The exit code, once another process has failed; None, once this one has left.

        Raises:
            InfrastructureError: the store does not answer.
        """
        board = Board(self._seat)
        beats, heard, heard_at = 0, "", 0
        watched = self._next(board, self._seat.rank)
        while not self._over.wait(BEAT_SECONDS):
            beats += 1
            board.put(f"beat/{self._seat.rank}", str(beats))
            for rank in range(self._seat.size):
                self._member(board, rank)  # while the store answers
            if (code := board.look("failed")) is not None:
                return int(code)
            if watched is not None and board.look(f"left/{watched}") is not None:
                watched, heard, heard_at = self._next(board, watched), "", beats
            if watched is None:
                continue
            beat = board.look(f"beat/{watched}") or ""
            if beat != heard:
                heard, heard_at = beat, beats
            silent = bool(heard) and beats - heard_at > SILENT_BEATS
            if silent or self._gone(board, watched):
                return self._say_dead(board, watched)
        return None

    def _next(self, board: Board, rank: int) -> int | None:
        """The next process, in a ring, that has not left; None: there is no other."""
        ring = [(rank + step) % self._seat.size for step in range(1, self._seat.size)]
        there = (r for r in ring if r != self._seat.rank and board.look(f"left/{r}") is None)
        return next(there, None)

    def _gone(self, board: Board, rank: int) -> bool:
        """Whether a process of this machine has ended without leaving."""
        member = self._member(board, rank)
        # It may have left since it was looked for.
        return (
            member is not None
            and member.is_gone(self._me)
            and board.look(f"left/{rank}") is None
            and board.look("failed") is None
        )

    def _member(self, board: Board, rank: int) -> Member | None:
        if rank not in self._others and (told := board.look(f"member/{rank}")) is not None:
            self._others[rank] = Member(*json.loads(told))
        return self._others.get(rank)

    def _say_dead(self, board: Board, rank: int) -> int:
        """Say that a process died, unless another has said it; the exit code."""
        code = InfrastructureError.exit_code
        board.put("failed", str(code))
        if board.add("told", 1) == 1:
            member = self._member(board, rank)
            who = f"rank {rank}" if member is None else member.text
            _say(_died(who))
        return code

    def _say_lost(self, error: InfrastructureError) -> None:
        """Say that the store does not answer, or who died on this machine; once a machine."""
        with self._losing:
            if self._code:
                return
            self._code = error.exit_code
        here = [member for member in self._others.values() if member.is_near(self._me)]
        alive = [member.rank for member in here if not member.is_gone(self._me)]
        if self._me.rank <= min(alive, default=self._me.rank):
            dead = next((member for member in here if member.is_gone(self._me)), None)
            _say(_died(dead.text) if dead else f"{error}; {GOES_ON}")

    def _end(self, code: int) -> None:
        """End the main thread's work; if it does not leave in time, end the process."""
        with self._leaving:
            if self._over.is_set():
                return
            self._code = code
            if not self._is_ending:
                signal.pthread_kill(self._main, signal.SIGTERM)
        if not self._over.wait(LEAVE_SECONDS):
            os._exit(code)

    def _terminated(self, number: int, frame: FrameType | None) -> None:
        """SIGTERM: of the watch, of torchrun because a process died, or of the user.

        Raises:
            TeamEnded: the first time; a second one would interrupt what the first cleans up.
        """
        if self._is_ending:
            return
        self._is_ending = True
        try:
            raise TeamEnded(self._code or self._cause())
        except InfrastructureError as error:
            self._say_lost(error)
            raise TeamEnded(error.exit_code) from None

    def _cause(self) -> int:
        """Find the cause of a SIGTERM, and say it if no other process has; the exit code.

        Raises:
            InfrastructureError: the store does not answer.
        """
        until = time.monotonic() + CAUSE_SECONDS
        while not self._code and time.monotonic() < until:
            if (code := self._board.look("failed")) is not None:
                return int(code)
            for rank in range(self._seat.size):
                if rank != self._seat.rank and self._gone(self._board, rank):
                    return self._say_dead(self._board, rank)
            time.sleep(0.1)
        if not self._code and self.failed(InfrastructureError.exit_code):
            _say(f"stopped by SIGTERM; {GOES_ON}")
        return self._code or InfrastructureError.exit_code


def _died(who: str) -> str:
    return f"{who} has died, as by kill -9 or for want of memory; the others end; {GOES_ON}"


def _say(text: str) -> None:
    """One line on standard error, which Python's own streams may have muted."""
    os.write(2, f"leo-bench: {text}\n".encode())
