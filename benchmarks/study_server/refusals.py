"""Refusals of the server: a line for the browser, and a line in a log that cannot fill the disk."""

import threading
import time
from collections.abc import Callable, Mapping

Say = Callable[[str], None]

LINES = 30  # a period
PERIOD = 60.0  # seconds


class RefusedError(Exception):
    """A request is refused.

    Args:
        status: of HTTP.
        what: one line, with nothing of the request in it: for the browser and for the log.
        more: what the browser gets as JSON in place of the line.
        page: what it gets as HTML in place of the line.
    """

    def __init__(
        self, status: int, what: str, more: Mapping[str, object] | None = None, page: str = ""
    ) -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.more = more
        self.page = page


class RefusalLog:
    """Says at most `LINES` lines in each `PERIOD`, then how many more there were.

    Args:
        say: shows a line.
        clock: seconds that only grow.
    """

    def __init__(self, say: Say, clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._lock = threading.Lock()
        self._since = clock()
        self._said = self._left_out = 0

    def __call__(self, line: str) -> None:
        """Say a line, or count it."""
        with self._lock:
            if self._clock() - self._since >= PERIOD:
                self._flush()
                self._since, self._said = self._clock(), 0
            if self._said < LINES:
                self._said += 1
                self._say(line)
            else:
                self._left_out += 1

    def close(self) -> None:
        """Say how many lines were left out since the last one."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        if self._left_out:
            self._say(f"{self._left_out:,} more lines were left out")
            self._left_out = 0
