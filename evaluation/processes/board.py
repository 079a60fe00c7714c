"""What the processes of a team tell each other: short texts and counters in torch's TCPStore.

torchrun holds the store; the environment that it gives to its processes says where.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple, TypeVar

from torch.distributed import DistError
from torch.distributed.rendezvous import rendezvous

from leo_bench.evaluation.errors import InfrastructureError, InputError

CONNECT_SECONDS = 120.0  # until all machines of a job have started

ResultT = TypeVar("ResultT")


class Seat(NamedTuple):
    """A process's place among those of torchrun.

    Args:
        rank: among all processes.
        size: their number.
        local_rank: among those of this machine.
        address: host and port of the store.
        run: names this start of this job.
    """

    rank: int
    size: int
    local_rank: int
    address: str
    run: str


def seat_of_environment() -> Seat | None:
    """The seat that torchrun's variables state; None where there is one process.

    Raises:
        InputError: the variables are incomplete or no numbers.
    """
    told = os.environ
    if told.get("WORLD_SIZE", "1") == "1":
        return None
    try:
        return Seat(
            rank=int(told["RANK"]),
            size=int(told["WORLD_SIZE"]),
            local_rank=int(told.get("LOCAL_RANK", "0")),
            address=f"{told['MASTER_ADDR']}:{told['MASTER_PORT']}",
            run=f"{told.get('TORCHELASTIC_RUN_ID', '')}-"
            f"{told.get('TORCHELASTIC_RESTART_COUNT', '0')}",
        )
    except (KeyError, ValueError) as error:
        raise InputError(
            f"WORLD_SIZE is {told['WORLD_SIZE']}, and {error} is wrong or missing: start several "
            "processes with `torchrun --nproc-per-node N --no-python -- leo-bench ...`"
        ) from None


def processes_here() -> int:
    """How many of torchrun's processes share this machine; 1 without torchrun."""
    told = os.environ.get("LOCAL_WORLD_SIZE", "1")
    return int(told) if told.isdigit() and int(told) else 1


class Board:
    """Texts and counters by name, seen by all processes; an object for each thread.

    Args:
        seat: of this process.
    """

    def __init__(self, seat: Seat) -> None:
        self._address, self._run = seat.address, seat.run
        seconds = timedelta(seconds=CONNECT_SECONDS)
        self._store, _, _ = self._asked(lambda: next(rendezvous("env://", timeout=seconds)))

    def put(self, key: str, text: str) -> None:
        """Set a text."""
        self._asked(lambda: self._store.set(self._full(key), text))

    def look(self, key: str) -> str | None:
        """A text; None where it is not set. Does not wait."""
        there = self._asked(lambda: self._store.check([self._full(key)]))
        return self._asked(lambda: self._store.get(self._full(key))).decode() if there else None

    def put_first(self, key: str, text: str) -> str:
        """Set a text unless there is one; what stands there then."""
        there: bytes = self._asked(lambda: self._store.compare_set(self._full(key), "", text))
        return there.decode()

    def add(self, key: str, count: int) -> int:
        """Add to a counter; what it stands at then."""
        counted: int = self._asked(lambda: self._store.add(self._full(key), count))
        return counted

    def _full(self, key: str) -> str:
        return f"leo-bench/{self._run}/{key}"

    def _asked(self, ask: Callable[[], ResultT]) -> ResultT:
        try:
            return ask()
        except (DistError, RuntimeError) as error:
            reason = str(error).partition("\n")[0]
            raise InfrastructureError(
                f"the store of torchrun's processes at {self._address} does not answer ({reason}): "
                "torchrun or the first process has ended"
            ) from None
