"""Verbs that look: list, doctor, verify, explain."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command("list")(list_kind)
    app.command()(doctor)
    app.command()(verify)
    app.command()(explain)


def list_kind(
    kind: Annotated[
        Literal["datasets", "protocols", "suites", "extractors", "configs"],
        typer.Argument(help="What to list."),
    ],
) -> None:
    """Data sets, protocols, suites, extractors, or configs of LEO.

    Example: leo-bench list protocols
    """
    from benchmarks.cli.screen import table
    from benchmarks.listing import LISTINGS

    listing = LISTINGS[kind]()
    table(kind, listing.columns, listing.rows)


def doctor() -> None:
    """Versions, weights, devices, shadowed packages, and certificates of the extractors.

    Exit 1 where something is wrong.

    Example: leo-bench doctor
    """
    from benchmarks.cli.screen import table
    from benchmarks.doctor import examine

    findings = examine()
    table("doctor", ["check", "state", "what"], [[f.check, f.state, f.what] for f in findings])
    if any(f.state == "wrong" for f in findings):
        raise typer.Exit(1)


Record = Annotated[Path, typer.Argument(help="A record that leo-bench wrote.")]
Workers = Annotated[int, typer.Option(help="Threads that read and resize; changes no number.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Extract everything again.")]


def verify(record: Record, workers: Workers = 2, no_cache: NoCache = False) -> None:
    """Compute a record's number again; exit 1 where it differs, with what changed.

    Example: leo-bench verify records/taichihd-train-stored-16f-s4-digan/mine/fvd.json
    """
    from benchmarks.again import compare
    from benchmarks.cli.screen import machinery, out
    from evaluation.record import read_record

    comparison = compare(read_record(record), machinery(workers=workers, keep=not no_cache))
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
