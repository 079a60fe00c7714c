"""How long a piece of work will still take. Knows nothing of torch."""

import time

LEAST = 0.03  # share of the work that an estimate is made from, at least


class Countdown:
    """Pace and time left, counted from the first item done: what came before was preparation.

    For work that is taken up again, that is the first item done this time.
    """

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None  # when, and how many were done then

    def pace(self, done: int) -> float | None:
        """Items a second, `done` being done now; None at the first call."""
        if self._first is None:
            self._first = time.monotonic(), done
        began, first = self._first
        return (done - first) / max(time.monotonic() - began, 1e-9) if done > first else None

    def left(self, done: int, total: int) -> float | None:
        """Seconds until `total` are done; None below `LEAST` of what there was to do."""
        pace = self.pace(done)
        if pace is None or self._first is None:
            return None
        first = self._first[1]
        return None if done - first < LEAST * (total - first) else (total - done) / pace
