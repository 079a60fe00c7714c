"""`leo-bench`: its entry point, and how a command ends: the exit codes.

Exit codes: 0 success; 1 a failed check or a regression; 2 bad input, in one line; 3 a failure of
network or device, or a bug with its traceback; 130 Ctrl-C. Results go to standard output, all else
to standard error. It is no failure if a reader closes the pipe early (`benchmarks.cli.streams`).
Heavy imports stay inside the commands, so that `--help` is quick.
"""

import os
import signal
import sys
import traceback
from importlib import metadata
from types import FrameType
from typing import Annotated, Any, cast

import typer

from leo_bench.benchmarks.cli.arguments import CheckedGroup
from leo_bench.benchmarks.cli.commands import COMMANDS, Verb
from leo_bench.benchmarks.cli.help_pages import HelpfulCommand, HelpfulGroup
from leo_bench.benchmarks.cli.help_text import WIDEST
from leo_bench.benchmarks.cli.options import with_groups, with_include
from leo_bench.benchmarks.cli.processes import is_first, with_processes
from leo_bench.benchmarks.cli.streams import Outlet, open_streams
from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.files.printable import printable
from leo_bench.evaluation.processes.team import TeamEnded

BAD_TORCHVISION = "operator torchvision::"  # ... does not exist: what its import raises
MISUSE: type[Exception] = typer.BadParameter.__mro__[2]  # what typer raises; it has no public name

ABOUT = """Measure human videos: each number with protocol, interval and provenance.

Start here:

  leo-bench demo

  leo-bench score --real real/ --fake fake/ --metrics fvd16 --extractor i3d-toy

  leo-bench COMMAND --help
"""


class _Commands(CheckedGroup):
    """All commands, in the order of their table: typer puts groups last."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names."""
        return [name for commands in COMMANDS.values() for name in commands]


def _app() -> typer.Typer:
    whole = typer.Typer(
        name="leo-bench",
        cls=_Commands,
        help=ABOUT,
        pretty_exceptions_enable=False,
        context_settings={
            "help_option_names": ["-h", "--help"],
            "max_content_width": WIDEST,
        },
        no_args_is_help=True,
        suggest_commands=False,
        rich_markup_mode=None,
    )
    for heading, commands in COMMANDS.items():
        for name, command in commands.items():
            if isinstance(command, Verb):
                _add(whole, name, command, heading)
                continue
            part = typer.Typer(
                cls=HelpfulGroup,
                help=command.about,
                short_help=command.summary,
                no_args_is_help=True,
                suggest_commands=False,
                rich_markup_mode=None,
            )
            for verb in command.verbs:
                _add(part, verb, command.verbs[verb], "Commands")
            whole.add_typer(part, name=name, rich_help_panel=heading)
    return whole


def _add(group: typer.Typer, name: str, verb: Verb, heading: str) -> None:
    group.command(name, cls=HelpfulCommand, short_help=verb.summary, rich_help_panel=heading)(
        with_include(with_groups(with_processes(verb.run, verb.processes)))
    )


app = _app()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"leo-bench {metadata.version('leo-bench')}")
        raise typer.Exit


@app.callback()
def leo_bench(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and stop.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Options of no command."""


def main() -> None:
    """Entry point of the `leo-bench` script."""
    stdout = open_streams()
    before = signal.signal(signal.SIGINT, _stopped)
    try:
        code = _ending()
    finally:
        signal.signal(signal.SIGINT, before)
    sys.exit(code or _unshown(stdout))


def _ending() -> int:
    """Run the command; -> its exit code."""
    try:
        ended = app(standalone_mode=False)
    except (InputError, InfrastructureError) as error:
        _say_line(str(error))
        return error.exit_code
    except TeamEnded as others:
        return others.exit_code
    except MISUSE as error:
        return _misused(error) if is_first() else InputError.exit_code
    except SystemExit as way_out:  # typer's, of completion; and with 1 where a pipe is closed
        if not way_out.code:
            return 0
        _say_line("a pipe was closed that the work needed")
        return InfrastructureError.exit_code
    except Exception as error:  # Python's own 1 would tell a gate of a regression
        if BAD_TORCHVISION in str(error):
            _say_line(
                f"{error}: torch and torchvision are of different builds; install both together, "
                "of one index (`leo-bench doctor` checks it)"
            )
        else:
            traceback.print_exc()
        return InfrastructureError.exit_code
    return ended if isinstance(ended, int) else 0


def _misused(error: Exception) -> int:
    """Typer's own refusal of a command line, in one line; help where no verb was given."""
    refused = cast(typer.BadParameter, error)
    from leo_bench.benchmarks.cli.refusals import refusal

    if refused.format_message().lstrip().startswith("Usage:"):
        refused.show()
    else:
        _say_line(refusal(refused))
    return InputError.exit_code


def _unshown(stdout: Outlet | None) -> int:
    """Whether results could not be shown although they were there: said in a line, exit code 2."""
    sys.stdout.flush()
    if stdout is None or stdout.failure is None:
        return 0
    _say_line(f"standard output: cannot be written: {stdout.failure.strerror}")
    return InputError.exit_code


def _say_line(text: str) -> None:
    line = printable(" ".join(text.split()))
    print(f"leo-bench: {line}", file=sys.stderr)  # noqa: T201


def _stopped(number: int, frame: FrameType | None) -> None:
    """Ctrl-C: a word on what is left, then Python's own way out, exit code 130."""
    line = (
        "\nleo-bench: stopped; what was finished is kept, and the same command goes on from there\n"
    )
    if is_first():
        os.write(2, line.encode())  # nothing else may write from here
    raise KeyboardInterrupt
