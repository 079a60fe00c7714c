"""`leo-bench`: the table of commands, and their exit codes.

Exit codes: 0 success; 1 a failed check or a regression; 2 bad input, in one line; 3 a failure of
network or device, or a bug with its traceback; 130 Ctrl-C. Results go to standard output, all else
to standard error. It is no failure if a reader closes the pipe early (`benchmarks.cli.streams`).
Heavy imports stay inside the commands, so that `--help` is quick.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import metadata
from types import FrameType
from typing import Annotated, cast

import typer

from leo_bench.benchmarks.cli import (
    ablate,
    adapt,
    animate,
    bundle,
    data,
    features,
    inspect,
    measure,
    plan,
    sample,
    score,
    scores,
    storage,
    study,
    study_answers,
    study_demo,
    study_export,
    study_metrics,
    study_results,
    study_serve,
    suite,
    tables,
    train,
)
from leo_bench.benchmarks.cli.arguments import CheckedGroup
from leo_bench.benchmarks.cli.options import with_groups, with_include
from leo_bench.benchmarks.cli.speed import speed_commands
from leo_bench.benchmarks.cli.streams import Outlet, open_streams
from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.files.printable import printable

MISUSE: type[Exception] = typer.BadParameter.__mro__[2]  # what typer raises; it has no public name

# In the order of `leo-bench --help`.
VERBS: dict[str, Callable[..., None]] = {
    "score": score.score,
    **measure.two_sided(),
    "features": features.features,
    "nearest": measure.nearest,
    "acd": scores.acd,
    "drift": scores.drift,
    "repetition": scores.repetition,
    "plan": plan.plan,
    "run": suite.run,
    "table": tables.table,
    "tables": tables.tables,
    "regress": tables.regress,
    "report": bundle.report,
    "cite": bundle.cite,
    "bundle": bundle.bundle,
    "check-bundle": bundle.check_bundle,
    "leaderboard": bundle.leaderboard,
    "list": inspect.list_kind,
    "doctor": inspect.doctor,
    "verify": inspect.verify,
    "explain": inspect.explain,
    "demo": suite.demo,
    "train": train.train,
    "encode": train.encode,
    "export": train.export,
    "sample": sample.sample,
    "edit": sample.edit,
    "animate": animate.animate,
    "adapt": adapt.adapt,
}
GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
    "ablate": (
        "The paper's ablations (Tables 4 and 5) on any data, compared in pairs.",
        {"lmc": ablate.lmc, "transition": ablate.transition, "table": ablate.ablation_table},
    ),
    "data": (
        "Data sets: list, info, prepare, verify.",
        {
            "list": data.list_data,
            "info": data.data_info,
            "prepare": data.prepare_data,
            "verify": data.verify_data,
        },
    ),
    "weights": (
        "External weights: list, fetch, verify.",
        {
            "list": storage.list_weights,
            "fetch": storage.fetch_weights,
            "verify": storage.verify_weights,
        },
    ),
    "cache": (
        "Features, numbers and packed frames kept from earlier runs.",
        {"info": storage.cache_info, "prune": storage.prune_cache},
    ),
    "study": (
        "User studies: clips, pages and answers of raters.",
        {
            "demo": study_demo.demo,
            "create": study.create,
            "plan": study.plan,
            "export": study_export.study_export,
            "serve": study_serve.serve,
            "invite": study_serve.invite,
            "forget": study_serve.forget,
            "simulate": study_answers.simulate,
            "metrics": study_metrics.study_metrics,
            "results": study_results.results,
        },
    ),
    "speed": ("Measure speed on this machine, as ratios within one run.", speed_commands()),
}


def _app() -> typer.Typer:
    whole = typer.Typer(
        name="leo-bench",
        cls=CheckedGroup,
        help="Measure human videos: every number with its protocol, interval and provenance.",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for name, verb in VERBS.items():
        whole.command(name)(with_include(with_groups(verb)))
    for group, (about, commands) in GROUPS.items():
        part = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)
        for name, verb in commands.items():
            part.command(name)(with_include(with_groups(verb)))
        whole.add_typer(part, name=group)
    return whole


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
