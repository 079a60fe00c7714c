"""A team of processes that run the same command; imports no torch.

Work is divided into pieces that the processes claim one after another. What a process makes goes
into a cache on disk that all see. The first process alone computes numbers, shows and writes them,
and makes whatever is missing by itself, so no result depends on the others.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from leo_bench.evaluation.errors import InputError


class ShareDone(BaseException):
    """Ends a command in every process but the first, once its share of the work is done."""


class TeamEnded(BaseException):
    """Ends a command at once: another process failed or died, and one of them has said so.

    Args:
        exit_code: of this process.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__()
        self.exit_code = exit_code


class UnlikeError(InputError):
    """The processes differ in what must be the same in all of them."""


class Team(Protocol):
    """The processes of a command, as one of them sees them.

    Args:
        rank: of this process; the first is 0.
        size: number of processes.
    """

    @property
    def rank(self) -> int:
        """0 to size - 1."""

    @property
    def size(self) -> int:
        """Number of processes."""

    def each(self, work: str, pieces: int, do: Callable[[int], None]) -> None:
        """Call `do` with each piece, 0 to pieces - 1, that no other process has claimed.

        After an error in any process, no further pieces are claimed.

        Args:
            work: a name that all processes give to this work, and to no other.
            pieces: their number, the same in all processes.
            do: does one piece; its error is raised here.
        """

    def wait(self, work: str, pieces: int) -> None:
        """Wait until every claimed piece is done."""

    def after_first(self, point: str) -> None:
        """Wait until the first process has come to this point; it does not wait.

        Args:
            point: a name that all processes give to this point, and to no other.
        """

    def add(self, work: str, count: int) -> int:
        """Count `count` more items of this work as done; the number that all processes did."""

    def agree(self, what: str, value: str) -> None:
        """Check that all processes that come here have the same value.

        Raises:
            UnlikeError: another process has another value.
        """

    def share_folder(self, folder: Path, *, keep: bool) -> Path:
        """Check that all processes see this folder.

        Args:
            folder: is made where it is missing.
            keep: else a folder in it is given that the first process removes when it leaves.

        Raises:
            UnlikeError: this process does not see what another one writes there.
            InputError: it cannot write there.
        """

    def first_only(self) -> None:
        """Go on in the first process only.

        Raises:
            ShareDone: this is another one.
        """

    def failed(self, code: int, patience: float = 0) -> bool:
        """End all processes with this exit code; whether this one is to say why.

        Args:
            code: the exit code.
            patience: seconds in which another process may say the same before.
        """

    def leave(self) -> None:
        """This process has done all that it has to do."""


class Alone:
    """A `Team` of one process."""

    rank, size = 0, 1

    def __init__(self) -> None:
        self._items: Counter[str] = Counter()

    def each(self, work: str, pieces: int, do: Callable[[int], None]) -> None:
        """See `Team.each`."""
        for piece in range(pieces):
            do(piece)

    def wait(self, work: str, pieces: int) -> None:
        """See `Team.wait`: nobody else is at work."""

    def after_first(self, point: str) -> None:
        """See `Team.after_first`: this is the first."""

    def add(self, work: str, count: int) -> int:
        """See `Team.add`."""
        self._items[work] += count
        return self._items[work]

    def agree(self, what: str, value: str) -> None:
        """See `Team.agree`: there is no other value."""

    def share_folder(self, folder: Path, *, keep: bool) -> Path:
        """See `Team.share_folder`: nobody else looks."""
        return folder

    def first_only(self) -> None:
        """See `Team.first_only`: this is the first."""

    def failed(self, code: int, patience: float = 0) -> bool:
        """See `Team.failed`: nobody else says why."""
        return True

    def leave(self) -> None:
        """See `Team.leave`: nobody else asks."""
