"""The commands table, tables and regress: what folders of records say."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from leo_bench.benchmarks.cli.headings import main_option

Records = Annotated[
    Path | None,
    main_option(help="Folder of records to show beside the published numbers."),
]


def table(
    name: Annotated[
        str | None,
        typer.Argument(help="1 to 6 (the paper's), or toy; none: all records.", metavar="TABLE"),
    ] = None,
    records: Records = None,
    rows: Annotated[
        str | None,
        main_option(help="Facts of records that tell rows apart.", show_default="model"),
    ] = None,
    columns: Annotated[
        str | None,
        main_option(help="Facts that tell columns apart.", show_default="benchmark,metric"),
    ] = None,
    where: Annotated[
        list[str] | None,
        main_option(help="Only records with FACT=VALUE or FACT=VALUE,VALUE.", metavar="FACT=VALUE"),
    ] = None,
    infinity: Annotated[
        bool, typer.Option("--infinity", help="Show FVD without small-sample bias too.")
    ] = False,
    format: Annotated[
        Literal["terminal", "markdown", "latex", "csv", "html"], main_option(help="Output format.")
    ] = "terminal",
) -> None:
    """Show a table of the paper with your numbers beside it, or a table of your records.

    With a name: published numbers, and yours with interval and difference. A difference is shown
    only if protocol, split, stride, counts and weights match the published ones; otherwise a
    footnote says why not. A model's numbers go to the row of its name: mocogan-hd, digan, tats,
    stylegan-v, mostgan-v, leo, leo-conditional, leo-without-lmc; any other name gets a new row.
    Tables 3 and 5 show the shares that `leo-bench study results --records` writes, in the rows of
    their methods.

    Without a name: every record of the folder. Facts are model, benchmark, metric, dataset,
    protocol, frames, resolution, network, seed and others; the last fact of --columns heads the
    columns, the others stand over it. Records of one cell are told apart by the facts in which
    they differ. Bold is the best of its column among numbers that were measured in one way.

    Examples:

      leo-bench table 1

      leo-bench table 2 --records records --format latex

      leo-bench table --records records --format latex

      leo-bench table --records records --rows model,network --columns metric --where frames=16
    """
    from leo_bench.evaluation.errors import InputError
    from leo_bench.reports.formats import FORMATS
    from leo_bench.reports.layouts import load_layout
    from leo_bench.reports.own_tables.filling import COLUMNS, ROWS, Wish, table_of
    from leo_bench.reports.tables import fill

    if name is not None:
        if rows or columns or where or infinity:
            raise InputError(
                f"table {name}: has rows and columns of its own; --rows, --columns, --where and "
                "--infinity are for `table --records R` without a name"
            )
        try:
            layout = load_layout(name)
        except InputError as error:
            if records is None and Path(name).is_dir():
                raise InputError(f"{error}; for the folder {name}: --records {name}") from None
            raise
        filled = fill(layout, records)
        typer.echo(FORMATS[format].write(filled), nl=False)
        _say_unused(filled.layout.id, filled.unused)
        return
    if records is None:
        raise InputError(
            "table: name a table (1 to 6, or toy), or a folder of records: --records R"
        )
    wish = Wish(_facts(rows, ROWS), _facts(columns, COLUMNS), where or (), infinity)
    typer.echo(FORMATS[format].write(table_of(records, wish)), nl=False)


def _facts(given: str | None, default: tuple[str, ...]) -> tuple[str, ...]:
    return default if given is None else tuple(part.strip() for part in given.split(","))


def tables(
    out: Annotated[Path, main_option(help="Folder for the files (table1.md, ...).")],
    records: Records = None,
    format: Annotated[
        list[str] | None,
        main_option(
            help="terminal, markdown, latex, csv or html.",
            metavar="FORMAT",
            show_default="the last four",
        ),
    ] = None,
) -> None:
    """Write every table to files; the toy table only if there are records of it.

    Examples:

      leo-bench tables --out tables

      leo-bench tables --records records --format latex --out paper/tables
    """
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.files.atomic import write_atomically
    from leo_bench.evaluation.files.kinds import made_by
    from leo_bench.evaluation.files.known_names import known_are
    from leo_bench.evaluation.files.targets import Target, check_targets, claimed
    from leo_bench.reports.formats import FORMATS
    from leo_bench.reports.layouts import list_layouts
    from leo_bench.reports.tables import fill

    names = format or ["markdown", "latex", "csv", "html"]
    for name in names:
        if name not in FORMATS:
            raise InputError(f"--format {name}: {known_are(name, FORMATS)}")
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


def regress(
    old: Annotated[Path, main_option(help="Folder of records before the change.")],
    new: Annotated[Path, main_option(help="Folder of records after the change.")],
    settings: Annotated[
        Path | None,
        typer.Option(
            help="Floors and false alarm rates as TOML.", show_default="reports/regression.toml"
        ),
    ] = None,
    markdown: Annotated[
        Path | None, main_option(help="Write a comment for a pull request to this file.")
    ] = None,
    junit: Annotated[Path | None, main_option(help="Write JUnit XML to this file.")] = None,
    summary: Annotated[
        Path | None,
        typer.Option(envvar="GITHUB_STEP_SUMMARY", help="Append the Markdown to this file."),
    ] = None,
) -> None:
    """Fail if a number got worse by more than chance and by more than its floor.

    What fails is shown first. docs/ci.md has workflows for GitHub and GitLab.

    Exit 0: no number did. 1: one did. 2: the folders measure different things, or bad input. 3: a
    number is missing or cannot be judged, as after a crash or with fewer than 8 videos of a side.

    Examples:

      leo-bench regress --old records/main --new records/change --markdown comment.md

      leo-bench regress --old records/main --new records/change --junit regress.xml
    """
    from leo_bench.benchmarks.cli.screen import out, say, table
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.files.atomic import write_atomically
    from leo_bench.evaluation.files.kinds import ANY_TEXT, JUNIT, MARKDOWN
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.reports.comparing import SETTINGS, compare, exit_code, load_settings
    from leo_bench.reports.regression_comment import markdown as as_markdown
    from leo_bench.reports.regression_text import (
        COLUMNS,
        LEGEND,
        in_order,
        provenance_changes,
        row,
        verdict,
    )
    from leo_bench.reports.regression_text import junit as as_junit

    check_targets(
        Target("--markdown", markdown, MARKDOWN),
        Target("--junit", junit, JUNIT),
        Target("--summary", summary, ANY_TEXT),
    )
    changes = in_order(compare(old, new, load_settings(settings or SETTINGS)))
    text = as_markdown(changes, old, new)
    if markdown is not None:
        write_atomically(markdown, text.encode())
    if junit is not None:
        write_atomically(junit, as_junit(changes).encode())
    if summary is not None:
        try:
            with summary.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise InputError(f"--summary {summary}: cannot be added to: {error.strerror}") from None
    table("", COLUMNS, [row(change) for change in changes])
    say(LEGEND)
    for change in changes:
        if change.why:
            say(f"{change.key}: {change.why}")
    for line in provenance_changes(changes):
        say(f"also changed: {line}")
    out(verdict(changes))
    raise typer.Exit(exit_code(changes))
