"""`leo-bench`: the table of verbs, and how a run ends.

Exit codes: 0 fine; 1 a regression or a failed check; 2 the user's input, in one line; 3 the
machinery underneath (network, device), or a bug, with its traceback; 130 Ctrl-C. Results go to
standard output, everything else to standard error. Heavy imports live inside the commands, and help
is plain text, so `--help` is quick.
"""

import os
import signal
import sys
import traceback
from types import FrameType

import typer

from benchmarks.cli import (
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
from evaluation.errors import InfrastructureError, InputError
from evaluation.printable import printable

app = typer.Typer(
    name="leo-bench",
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


def main() -> None:
    """Entry point of the `leo-bench` script."""
    before = signal.signal(signal.SIGINT, _stopped)
    try:
        app()
    except (InputError, InfrastructureError) as error:
        line = printable(" ".join(str(error).split()))
        print(f"leo-bench: {line}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    except Exception:  # Python's own 1 would tell a gate of a regression
        traceback.print_exc()
        sys.exit(InfrastructureError.exit_code)
    finally:
        signal.signal(signal.SIGINT, before)


def _stopped(number: int, frame: FrameType | None) -> None:
    """Ctrl-C: a word on what is left, then Python's own way out, exit code 130."""
    line = (
        "\nleo-bench: stopped; what was finished is kept, and the same command goes on from there\n"
    )
    os.write(2, line.encode())  # nothing else may write from here
    raise KeyboardInterrupt
