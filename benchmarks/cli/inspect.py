"""Verbs that look: list, doctor, verify, explain."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from evaluation.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command("list")(list_kind)
    app.command()(doctor)
    app.command()(verify)
    app.command()(explain)


def list_kind(
    kind: Annotated[
        Literal[
            "datasets",
            "protocols",
            "suites",
            "frame-protocols",
            "extractors",
            "embedders",
            "configs",
            "methods",
            "tables",
        ],
        typer.Argument(help="What to list."),
    ],
) -> None:
    """Data sets, suites, configs of LEO; protocols, networks, methods, tables.

    Example: leo-bench list protocols
    """
    from benchmarks.cli.screen import table
    from benchmarks.listing import LISTINGS

    listing = LISTINGS[kind]()
    table(kind, listing.columns, listing.rows)


def doctor(
    metrics: Annotated[
        bool,
        typer.Option("--metrics", help="Instead: what each metric answers to graded damage."),
    ] = False,
    videos: Annotated[
        int | None, typer.Option(help="With --metrics: videos a side; absent: 48.")
    ] = None,
) -> None:
    """Versions, weights, devices, shadowed packages, and certificates of the extractors.

    Exit 1 where something is wrong. With --metrics: a metric that does not grow with damage that it
    should see, or moves with damage that it should not, is wrong; some minutes.

    Examples:

      leo-bench doctor

      leo-bench doctor --metrics
    """
    if metrics:
        _doctor_of_metrics(videos)
        return
    if videos is not None:
        raise InputError("--videos goes with --metrics")
    from benchmarks.cli.screen import table
    from benchmarks.doctor import examine

    findings = examine()
    table("doctor", ["check", "state", "what"], [[f.check, f.state, f.what] for f in findings])
    if any(f.state == "wrong" for f in findings):
        raise typer.Exit(1)


def _doctor_of_metrics(videos: int | None) -> None:
    from benchmarks.cli.screen import machinery, out, say, table
    from benchmarks.metric_readings import LEVEL
    from benchmarks.sensitivity import STILL, VIDEOS, WRONG, examine_metrics

    rows, wrong = [], 0
    count = VIDEOS if videos is None else videos
    for found, verdict in examine_metrics(
        lambda what: machinery(workers=2, keep=True, what=what), videos=count
    ):
        change = found.changes[-1]
        moved = "" if change is None else f"{_signed(change.low)} to {_signed(change.high)}"
        values = "  ".join(f"{value:.4g}" for value in (found.untouched, *found.values))
        amounts = "  ".join(f"{amount:.3g}" for amount in found.amounts)
        rows.append([found.world, found.metric, found.damage, amounts, values, moved, verdict])
        wrong += verdict in WRONG
    columns = ["world", "metric", "damage", "amounts", "value: no damage, then each amount"]
    title = f"answers to graded damage, {count} videos a side"
    table(title, [*columns, f"largest less none, {100 * LEVEL:g} %", "answer"], rows)
    out("grows: the largest amount is told from none, and no step surely goes down")
    out(
        "still: no amount is told from none, but for what moves the number by at most "
        f"{100 * STILL:g} % of the metric's largest growth here"
    )
    out("identity-swap: where in 128 frames the other person comes in, so less is more damage")
    if wrong:
        say(f"{wrong} of {len(rows)} answers are not as they should be")
        if count < VIDEOS:
            say(f"{count} videos may be too few for small answers; {VIDEOS} are the usual number")
        raise typer.Exit(1)


def _signed(value: float) -> str:
    """Three digits, and no power of ten where the number is large."""
    return f"{value:+.0f}" if abs(value) >= 100 else f"{value:+.3g}"


Record = Annotated[Path, typer.Argument(help="A record that leo-bench wrote.")]
Workers = Annotated[int, typer.Option(help="Threads that read and resize; changes no number.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Extract everything again.")]


def verify(record: Record, workers: Workers = 2, no_cache: NoCache = False) -> None:
    """Compute a record's number again; exit 1 where it differs, with what changed.

    Example: leo-bench verify records/taichihd-train-stored-16f-s4-digan/mine/fvd.json
    """
    from benchmarks.again import compare, compare_score
    from benchmarks.cli.screen import machinery, out
    from evaluation.score_record import ScoreRecord, read_any_record

    found, how = read_any_record(record), machinery(workers=workers, keep=not no_cache)
    comparison = (
        compare_score(found, how) if isinstance(found, ScoreRecord) else compare(found, how)
    )
    for line in comparison.lines:
        out(line)
    if not comparison.same:
        raise typer.Exit(1)


def explain(
    a: Annotated[Path, typer.Argument(help="A record.")],
    b: Annotated[Path, typer.Argument(help="Another record.")],
    workers: Workers = 2,
) -> None:
    """Which settings differ between two records, and how far each one moves the number.

    Every setting of B is put into A alone, and A is measured again.

    Example: leo-bench explain digan.json stylegan-v.json
    """
    from benchmarks.again import differences
    from benchmarks.cli.screen import machinery, out, table
    from evaluation.record import read_record

    first, second = read_record(a), read_record(b)
    found = differences(first, second, machinery(workers=workers, keep=True))
    out(f"A {a}: {first.value_float64:.6g} ({first.protocol})")
    out(f"B {b}: {second.value_float64:.6g} ({second.protocol})")
    rows = [[d.setting, d.a, d.b, d.value, d.moves] for d in found]
    table("settings that differ", ["setting", "A", "B", "A with B's", "moves A by"], rows)
