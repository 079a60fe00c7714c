"""Scans videos in other processes; imports no torch, so that they start quickly and stay small.

Such a process is this module, run by the same interpreter: places come and outcomes go through a
pipe, until it is closed. So the process ends with the one that started it, however that one ends,
and a script that opens videos needs no `if __name__ == "__main__"`, as one of `multiprocessing`
would.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from leo_bench.evaluation.errors import BadVideoError, InfrastructureError
from leo_bench.evaluation.videos.ahead import in_order
from leo_bench.evaluation.videos.source import Skipped
from leo_bench.evaluation.videos.stored import Layout, Place, Stored

Outcome = Stored | Skipped

_CHUNK = 32  # videos that a process scans in one go
_PROGRAM = f"from {__name__} import serve; serve()"


def scanned(layout: Layout, place: Place) -> Outcome:
    """Scan one video."""
    try:
        return replace(layout.scan(place), state=place.state)
    except BadVideoError as error:
        return Skipped(error.video, error.reason)


class ScanProcesses:
    """Processes that scan, as a context that ends them at once.

    Args:
        layout: scans.
        count: of processes.
    """

    def __init__(self, layout: Layout, count: int) -> None:
        self._layout = layout
        self._all = [_Process() for _ in range(count)]
        self._idle: SimpleQueue[_Process] = SimpleQueue()
        for process in self._all:
            self._idle.put(process)
        self._pool = ThreadPoolExecutor(count)  # each thread asks one process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End all processes."""
        for process in self._all:
            process.kill()
        self._pool.shutdown(cancel_futures=True)
        for process in self._all:
            process.close()

    def each(self, places: Sequence[Place]) -> Generator[Outcome, None, None]:
        """The outcome of each place, in order.

        Raises:
            InfrastructureError: a process has ended.
        """
        chunks = (places[at : at + _CHUNK] for at in range(0, len(places), _CHUNK))
        ahead = 4 * len(self._all)
        with closing(in_order(self._pool, self._scan, chunks, ahead)) as futures:
            for future in futures:
                yield from future.result()

    def _scan(self, places: Sequence[Place]) -> list[Outcome]:
        process = self._idle.get()
        try:
            return process.scan(self._layout, places)
        finally:
            self._idle.put(process)


class _Process:
    def __init__(self) -> None:
        self._here, there = Pipe()
        path = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
        self._process = subprocess.Popen(
            # -P: the current folder is not on its path.
            [sys.executable, "-P", "-c", _PROGRAM, str(there.fileno())],
            pass_fds=(there.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C reaches the process that started it
        )
        there.close()

    def scan(self, layout: Layout, places: Sequence[Place]) -> list[Outcome]:
        """The outcomes of places, in order."""
        try:
            self._here.send((layout, places))
            answer = self._here.recv()
        except (EOFError, OSError):
            raise InfrastructureError(
                f"a process that reads videos {self._end()}, at {places[0].name} or one of the"
                f" {len(places) - 1} after it; what was found before is kept: run the command again"
            ) from None
        if isinstance(answer, Exception):
            raise answer
        found: list[Outcome] = answer
        return found

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        """Free what belongs to a killed process, which nobody asks any more."""
        self._process.communicate()
        self._here.close()

    def _end(self) -> str:
        """How the process ended, in words."""
        status = self._process.wait()
        if status < 0:
            return f"was ended by {signal.Signals(-status).name}"
        said = self._process.stderr.read().decode(errors="replace") if self._process.stderr else ""
        reason = (said.strip() or "it gave no reason").splitlines()[-1]
        return f"ended with status {status} ({reason})"


def serve() -> None:
    """Scan what the process that started this one sends, until that one is gone."""
    there = Connection(int(sys.argv[1]))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # nobody reads what a library prints
    while True:
        try:
            layout, places = there.recv()
        except EOFError:
            return
        try:
            answer: object = [scanned(layout, place) for place in places]
        except Exception as error:  # raised again in the process that asked
            answer = error
        try:
            there.send(answer)
        except BrokenPipeError:
            return
