"""The verb that shows what this is: demo."""

import math
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command()(demo)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for records and the picture.")] = Path("demo"),
    workers: Annotated[int, typer.Option(help="Threads that render; changes no number.")] = 2,
) -> None:
    """Measure known damage to the embedded worlds under both of the paper's protocols.

    Needs no download. Exit 1 where a metric does not notice a damage.

    Example: leo-bench demo --out demo
    """
    from benchmarks.cli.screen import machinery, say, table
    from benchmarks.cli.screen import out as show
    from benchmarks.demo import UNTOUCHED, Line, not_noticed, run_demo
    from evaluation.record import Record, check_writable

    def cell(record: Record) -> str:
        low, high = record.interval or (math.nan, math.nan)
        return f"{record.value:.4g}  [{low:.4g}, {high:.4g}]"

    check_writable(out)
    lines: list[Line] = []
    for line in run_demo(out, lambda what: machinery(workers=workers, keep=True, what=what)):
        lines.append(line)
        say(f"{line.world}, {line.fake}: {cell(line.records[0])}")
    heads = [f"{r.metric.upper()}{r.frames} {r.protocol}" for r in lines[0].records]
    rows = [[line.world, line.fake, *map(cell, line.records)] for line in lines]
    first = lines[0].records[0]
    title = f"real: one half of each world, {first.n_real} clips a side, {first.extractor} [95 %]"
    table(title, ["world", "fake", *heads], rows)
    show(f"picture: {out / 'clips.png'}   records: {out / 'records'}")
    show("These numbers are of i3d-toy: not comparable with published ones.")
    missed = not_noticed(lines)
    for what in missed:
        say(f"not told from {UNTOUCHED}: {what}")
    if missed:
        raise typer.Exit(1)
