"""`leo-bench`: the table of verbs, and how a run ends.

Exit codes: 0 fine; 1 a regression or a failed check; 2 the user's input, in one line; 3 the
machinery underneath (network, device), or a bug, with its traceback; 130 Ctrl-C. Results go to
standard output, everything else to standard error; a reader that leaves early is no failure
(`benchmarks.cli.streams`). Heavy imports live inside the commands, and help is plain text, so
`--help` is quick.
"""

import os
import signal
import sys
import traceback
from importlib import metadata
from types import FrameType
from typing import Annotated, cast

import typer

from leo_bench.benchmarks.cli import (
    ablate,
    adapt,
    animate,
    bundle,
    cache,
    data,
    drift,
    identity,
    inspect,
    measure,
    nearest,
    regress,
    repetition,
    report,
    sample,
    showcase,
    speed,
    suite,
    tables,
    train,
    weights,
)
from leo_bench.benchmarks.cli.arguments import CheckedGroup
from leo_bench.benchmarks.cli.streams import Outlet, open_streams
from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.files.printable import printable

MISUSE: type[Exception] = typer.BadParameter.__mro__[2]  # what typer raises; it has no public name

app = typer.Typer(
    name="leo-bench",
    cls=CheckedGroup,
    help="Measure human videos: every number with its protocol, interval and provenance.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

measure.register(app)
nearest.register(app)
identity.register(app)
drift.register(app)
repetition.register(app)
suite.register(app)
tables.register(app)
regress.register(app)
report.register(app)
bundle.register(app)
inspect.register(app)
showcase.register(app)
train.register(app)
sample.register(app)
animate.register(app)
adapt.register(app)
app.add_typer(ablate.app, name="ablate")
app.add_typer(data.app, name="data")
app.add_typer(weights.app, name="weights")
app.add_typer(cache.app, name="cache")
app.add_typer(speed.app, name="speed")


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
    """Measure human videos: every number with its protocol, interval and provenance."""


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
    except MISUSE as error:
        return _misused(error)
    except SystemExit:  # typer's and rich's way out, with 1, where a pipe is closed
        _say_line("a pipe was closed that the work needed")
        return InfrastructureError.exit_code
    except Exception:  # Python's own 1 would tell a gate of a regression
        traceback.print_exc()
        return InfrastructureError.exit_code
    return ended if isinstance(ended, int) else 0


def _misused(error: Exception) -> int:
    """Typer's own refusal of a command line, in one line; help where no verb was given."""
    refused = cast(typer.BadParameter, error)
    what = refused.format_message()
    if what.lstrip().startswith("Usage:"):
        refused.show()
    else:
        of = "leo-bench" if refused.ctx is None else refused.ctx.command_path
        _say_line(f"{what.rstrip('.')}; see `{of} --help`")
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
    os.write(2, line.encode())  # nothing else may write from here
    raise KeyboardInterrupt
