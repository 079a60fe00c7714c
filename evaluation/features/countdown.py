"""Estimates the time left of a piece of work; imports no torch."""

import time

LEAST = 0.03  # share of the work to be done before there is an estimate


class Countdown:
    """Pace and time left, measured from the first item done after the start or the resumption."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None  # when, and how many were done then

    def pace(self, done: int) -> float | None:
        """Items a second, now that `done` are done; None at the first call."""
        if self._first is None:
            self._first = time.monotonic(), done
        began, first = self._first
        return (done - first) / max(time.monotonic() - began, 1e-9) if done > first else None

    def left(self, done: int, total: int) -> float | None:
        """Seconds until `total` are done; None before the share `LEAST` is done."""
        pace = self.pace(done)
        if pace is None or self._first is None:
            return None
        first = self._first[1]
        return None if done - first < LEAST * (total - first) else (total - done) / pace
