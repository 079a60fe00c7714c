"""The verb that makes a page to look at: report."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command("report")(report)


def report(
    records: Annotated[Path, typer.Option(help="Folder of records, as --records made it.")],
    out: Annotated[Path, typer.Option(help="The .html to write.")],
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "leo-bench report",
    run: Annotated[
        list[Path] | None, typer.Option(help="A LEO run whose losses to show; may be repeated.")
    ] = None,
    videos: Annotated[
        int,
        typer.Option(min=0, help="Clips of each kind and side of a comparison; 0: no clips."),
    ] = 2,
    workers: Annotated[int, typer.Option(min=1, help="Threads that read videos.")] = 2,
) -> None:
    """One HTML file of a folder of records: tables, curves, clips, provenance, methods to cite.

    The page fetches nothing; clips, curves and numbers are inside. Exit 1 where a record cannot be
    read or contradicts itself: it is named, and not on the page.

    Examples:

      leo-bench report --records records --out report.html

      leo-bench report --records records --run runs/faceforensics --videos 4 --out report.html
    """
    from leo_bench.benchmarks.cli.screen import resources, say
    from leo_bench.benchmarks.publishing.clips import clip_rows
    from leo_bench.evaluation.files.atomic import write_atomically
    from leo_bench.evaluation.files.kinds import PAGE
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.reports.curves import can_draw, loss_curves
    from leo_bench.reports.formats.hypertext import as_element
    from leo_bench.reports.layouts import list_layouts
    from leo_bench.reports.page import Extras, render
    from leo_bench.reports.records import read_tree
    from leo_bench.reports.tables import fill

    check_targets(Target("--out", out, PAGE))
    tree = read_tree(records)
    if not can_draw():
        say("note: without curves: matplotlib is not installed (extra: report)")
    curves = [curve for folder in run or () if can_draw() for curve in loss_curves(folder)]
    reading = resources(workers=workers, keep=False, what="clips")
    clips = clip_rows(tree, videos, reading, say) if videos else {}
    # A broken record is named on the page, and stops the tables alone.
    filled = [] if tree.broken else [fill(layout, records) for layout in list_layouts()]
    tables = {t.layout.title: as_element(t) for t in filled if t.has_measured}
    page = render(tree, title, Extras(tables, clips, curves))
    write_atomically(out, page.encode())
    say(f"{out}: {len(tree.records)} records, {len(page) / 1e6:.1f} MB")
    for why in tree.broken.values():
        say(f"not on the page: {why}")
    if tree.broken:
        raise typer.Exit(1)
