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
    """Measure LEO's samples and known damage to the embedded worlds, under both protocols.

    Needs no download. Exit 1 where a metric does not notice a damage.

    Example: leo-bench demo --out demo
    """
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.cli.screen import resources, say, table
    from leo_bench.benchmarks.demo import Cell, run_demo
    from leo_bench.evaluation.files.kinds import made_by
    from leo_bench.evaluation.files.targets import Target, check_targets, claimed
    from leo_bench.evaluation.metrics import ALL_COVER

    def text(cell: Cell) -> str:
        low, high = cell.record.interval or (math.nan, math.nan)
        value = f"{cell.record.value:.3g} [{low:.3g}, {high:.3g}]"
        if cell.worse_by is None:
            return value
        mark = "" if cell.noticed else " ?"
        return f"{value}\n{cell.worse_by.low:+.3g} to {cell.worse_by.high:+.3g}{mark}"

    check_targets(Target("--out", out, made_by("demo")))
    lines = []
    with claimed(out, "demo"):
        for line in run_demo(out, lambda what: resources(workers=workers, keep=True, what=what)):
            lines.append(line)
            say(f"{line.world}, {line.fake}: {line.cells[0].record.value:.4g}")
    records = [cell.record for cell in lines[0].cells]
    heads = [f"{r.metric.upper()}{r.frames} {r.protocol}" for r in records]
    rows = [[f"{line.world}, {line.label}", *map(text, line.cells)] for line in lines]
    title = f"{records[0].extractor}, {records[0].n_real} clips a side; value [95 % interval]"
    table(f"{title}; below it: how much worse than the other half", ["fake", *heads], rows)
    show(f"pictures: {out / 'clips.png'}, {out / 'motions.png'}   records: {out / 'records'}")
    show(ALL_COVER)
    show("?: this metric cannot tell the row from untouched video (the interval contains 0).")
    show("These numbers are of i3d-toy: not comparable with published ones.")
    missed = [line for line in lines if line.missed]
    for line in missed:
        say(f"not told from no damage by every metric: {line.world}, {line.fake}")
    if missed:
        raise typer.Exit(1)
