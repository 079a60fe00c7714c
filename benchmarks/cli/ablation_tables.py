"""The command `leo-bench ablate table`, and the tables at the end of each ablation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leo_bench.benchmarks.cli.headings import main_option

if TYPE_CHECKING:
    from leo_bench.benchmarks.ablations.record import AblationRecord


def ablation_table(
    records: Annotated[
        list[Path],
        typer.Argument(
            help="Files OUT/lmc.json (or history.json) of one or more data sets.", metavar="FILE"
        ),
    ],
    markdown: Annotated[Path | None, main_option(help="Also write the table to this file.")] = None,
) -> None:
    """Show several records of one ablation as the paper's table, one column for each.

    Example: leo-bench ablate table lmc-faces/lmc.json lmc-bodies/lmc.json --markdown table4.md
    """
    from leo_bench.benchmarks.ablations.record import read_ablation
    from leo_bench.evaluation.files.kinds import MARKDOWN
    from leo_bench.evaluation.files.targets import Target, check_targets

    check_targets(Target("--markdown", markdown, MARKDOWN))
    _show([read_ablation(path) for path in records], markdown)


def finish(record: "AblationRecord", out: Path) -> None:
    """Show and write the tables of a new record; exit 3 if parts failed."""
    from leo_bench.benchmarks.cli.screen import say
    from leo_bench.evaluation.errors import InfrastructureError

    _show([record], out / f"{record.ablation}.md")
    say(f"record: {out / record.ablation}.json")
    if record.unfinished:
        say(f"{len(record.unfinished)} parts failed; run the same command again to continue")
        raise typer.Exit(InfrastructureError.exit_code)


def _show(found: "list[AblationRecord]", markdown: Path | None) -> None:
    from leo_bench.benchmarks.ablations.ablation import load_ablation
    from leo_bench.benchmarks.ablations.table import all_measures, as_markdown, paper_table, remarks
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.cli.screen import table as show_table
    from leo_bench.evaluation.files.atomic import write_atomically

    ablation = load_ablation(found[0].ablation)
    if markdown is not None:
        write_atomically(markdown, as_markdown(ablation, found).encode())
    grids = [paper_table(ablation, found), *map(all_measures, found)]
    for grid in grids:
        show_table(grid.title, grid.columns, grid.rows)
    for record in found:
        for line in remarks(record):
            show(line)
