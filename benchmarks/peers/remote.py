"""Tasks in processes of their own, run on demand, so that tasks of many programs can take turns.

Programs may need modules of one name, change global state, or crash; each has its own process.
"""

import contextlib
import os
import resource
import time
import traceback
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from leo_bench.benchmarks.peers.called import prepare
from leo_bench.benchmarks.peers.parts import Inputs

PATIENCE_SECONDS = 900.0  # for one answer: loaders of some peers can wait for each other for ever


class RemoteError(Exception):
    """A task could not be prepared or run; the message is one line."""


class RemoteTask:
    """A task of `called.prepare`, prepared in a process of its own; calling it runs it once.

    Raises:
        RemoteError: it cannot be prepared here.
    """

    def __init__(self, key: str, job: str, inputs: Inputs) -> None:
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve_silently, args=(theirs, key, job, inputs))
        self._process.start()
        theirs.close()
        self.value: float | None = None
        self.megabytes, self.seconds = 0.0, float("inf")
        self.error = ""  # of the run that failed, after which there is no other
        try:
            self.items, self.remark = self._received()
        except RemoteError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __call__(self) -> None:
        """Run once.

        `value` is that of this run, `megabytes` the process's peak so far, and `seconds` the
        fewest of the processor that a run took, which other load on the machine moves least.
        """
        with contextlib.suppress(BrokenPipeError):  # its process ended: that is received
            self._connection.send("run")
        self.value, self.megabytes, seconds = self._received()
        self.seconds = min(self.seconds, seconds)

    def close(self) -> None:
        """End the process, which has nothing to lose."""
        self._connection.close()  # which ends its loop
        self._process.join(timeout=10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()

    def _received(self) -> Any:
        try:
            if self._connection.poll(PATIENCE_SECONDS):
                answer = self._connection.recv()
            else:
                answer = f"it gave no answer within {PATIENCE_SECONDS:.0f} s"
        except EOFError:
            self._process.join()
            answer = f"its process ended with code {self._process.exitcode}"
        if isinstance(answer, str):
            self.error = answer
            raise RemoteError(answer)
        return answer


def processor_seconds() -> float:
    """Seconds of the processor: of this process, and of those it started that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def serve(connection: Connection, key: str, job: str, inputs: Inputs) -> None:
    """Prepare a task and run it whenever the other side sends a word, until that is closed.

    Sends what `RemoteTask` receives; a string is an error.
    """
    try:
        prepared = prepare(key, job, inputs)
        connection.send((prepared.items, prepared.remark))
        while connection.recv():
            began = processor_seconds()
            value = prepared.run()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            connection.send((value, peak, processor_seconds() - began))
    except EOFError:
        return
    except BaseException as error:
        lines = traceback.format_exception_only(error)[-1].split("\n")
        connection.send(lines[0])


def _serve_silently(connection: Connection, key: str, job: str, inputs: Inputs) -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)  # what peers print, libraries in C included
        os.dup2(nowhere.fileno(), 2)
    serve(connection, key, job, inputs)
