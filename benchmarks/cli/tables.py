"""Verbs that show the paper's tables: table, tables."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Records = Annotated[
    Path | None,
    typer.Option(help="Folder of records whose numbers stand beside the printed ones."),
]


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command("table")(table)
    app.command("tables")(tables)


def table(
    name: Annotated[str, typer.Argument(help="1 to 6 of the paper, or toy.")],
    records: Records = None,
    format: Annotated[
        Literal["terminal", "markdown", "latex", "csv", "html"], typer.Option(help="Of the output.")
    ] = "terminal",
) -> None:
    """A table of the paper: printed numbers, and measured ones with interval and difference.

    A difference stands only where protocol, split, stride, counts and weights are those that were
    published; else the measured number has a footnote that says why not. `leo-bench run` fills
    the folder. Numbers of a model stand in the row of its name there: mocogan-hd, digan, tats,
    stylegan-v, mostgan-v, leo, leo-conditional, leo-without-lmc; other names get rows of their own.

    Examples:

      leo-bench table 1

      leo-bench table 2 --records records --format latex
    """
    from leo_bench.reports.formats import FORMATS
    from leo_bench.reports.layouts import load_layout
    from leo_bench.reports.tables import fill

    filled = fill(load_layout(name), records)
    typer.echo(FORMATS[format].write(filled), nl=False)
    _say_unused(filled.layout.id, filled.unused)


def tables(
    out: Annotated[Path, typer.Option(help="Folder for the files, table1.md and so on.")],
    records: Records = None,
    format: Annotated[
        list[str] | None,
        typer.Option(
            help="terminal, markdown, latex, csv or html; may be given again; absent: the last "
            "four."
        ),
    ] = None,
) -> None:
    """Every table as files; the toy table where there are records for it.

    Examples:

      leo-bench tables --out tables

      leo-bench tables --records records --format latex --out paper/tables
    """
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.files.atomic import write_atomically
    from leo_bench.evaluation.files.kinds import made_by
    from leo_bench.evaluation.files.targets import Target, check_targets, claimed
    from leo_bench.reports.formats import FORMATS
    from leo_bench.reports.layouts import list_layouts
    from leo_bench.reports.tables import fill

    names = format or ["markdown", "latex", "csv", "html"]
    for name in names:
        if name not in FORMATS:
            raise InputError(f"--format {name}: known are {', '.join(FORMATS)}")
    check_targets(Target("--out", out, made_by("tables")))
    filled = [fill(layout, records) for layout in list_layouts()]
    written = []
    with claimed(out, "tables"):
        for table in filled:
            for name in names if table.has_numbers else ():
                path = out / f"{table.layout.id}.{FORMATS[name].ending}"
                write_atomically(path, FORMATS[name].write(table).encode())
                written.append(path)
    for path in written:
        show(path)
    unused = set.intersection(*(set(table.unused) for table in filled))
    _say_unused("any table", sorted(unused))


def _say_unused(what: str, keys: list[str] | tuple[str, ...]) -> None:
    from leo_bench.benchmarks.cli.screen import say

    if keys:
        more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
        say(f"{len(keys)} records belong to no cell of {what}: {', '.join(keys[:3])}{more}")
