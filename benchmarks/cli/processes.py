"""Commands under torchrun: what each of several processes does, shows and says.

The first process shows results. The others are mute; if one fails, one line says why, and all end.
"""

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

import typer

from leo_bench.benchmarks.cli.streams import muted
from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.processes.team import ShareDone, TeamEnded, UnlikeError

# How a command works in several processes: "team" divides its videos by `evaluation.processes`,
# "own" divides its work by itself, "first" works in the first process alone.
Processes = Literal["team", "own", "first"]

# By these variables torchrun tells a process that there are others.
TOLD = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")

FIRST_SECONDS = 10.0  # in which the first process comes to the same bad input as another


def is_first() -> bool:
    """Whether this is the first of torchrun's processes, or the only one."""
    return os.environ.get("RANK", "0") == "0" or not _is_several()


def with_processes(command: Callable[..., None], processes: Processes) -> Callable[..., None]:
    """The command as each of several processes runs it."""
    if processes == "own":
        return command

    @functools.wraps(command)
    def divided(**options: Any) -> None:
        if not _is_several():
            command(**options)
        elif processes == "team":
            with _in_team():
                command(**options)
        elif is_first():
            from leo_bench.benchmarks.cli.screen import say

            say("note: this command works in one process; the others of torchrun do nothing")
            with _alone():
                command(**options)

    return divided


@contextmanager
def _alone() -> Iterator[None]:
    """Run a command as if there were no torchrun, which the libraries that it uses look for."""
    told = {name: os.environ.pop(name) for name in TOLD if name in os.environ}
    try:
        yield
    finally:
        os.environ |= told


@contextmanager
def _in_team() -> Iterator[None]:
    """Run a command as one of a team.

    Raises:
        TeamEnded: another process says why all end.
    """
    from leo_bench.evaluation.processes.torchrun import this_team

    team = this_team()
    with ExitStack() as ending:
        ending.callback(team.leave)
        try:
            if team.rank:
                with muted():
                    yield
            else:
                yield
        except ShareDone:
            return
        except typer.Exit:
            raise
        except Exception as error:
            code: int = getattr(error, "exit_code", InfrastructureError.exit_code)
            is_of_one = team.rank and not isinstance(error, UnlikeError)
            may_be_of_all = is_of_one and isinstance(error, InputError)
            if not team.failed(code, FIRST_SECONDS if may_be_of_all else 0):
                raise TeamEnded(code) from None
            if is_of_one:
                error.args = (f"rank {team.rank}: {error}",)
            raise


def _is_several() -> bool:
    return os.environ.get("WORLD_SIZE", "1") != "1"
