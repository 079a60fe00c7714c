"""The commands report, cite, bundle, check-bundle, leaderboard: records for others to see."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from leo_bench.benchmarks.cli.headings import effort_option, main_option


def report(
    records: Annotated[Path, main_option(help="Folder of records, as written by --records.")],
    out: Annotated[Path, main_option(help="The .html file to write.", metavar="FILE")],
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "leo-bench report",
    run: Annotated[
        list[Path] | None, main_option(help="A LEO run whose losses to plot.", metavar="FOLDER")
    ] = None,
    videos: Annotated[
        int,
        typer.Option(min=0, help="Clips shown of each kind and side of a comparison."),
    ] = 2,
    workers: Annotated[int, effort_option(min=1, help="Threads that read videos.")] = 2,
) -> None:
    """Write a folder of records as one HTML page: tables, curves, clips, provenance, citations.

    The page is one file and loads nothing else. Exit 1 if a record cannot be read or contradicts
    itself: it is named, and left out.

    Examples:

      leo-bench report --records records --out report.html

      leo-bench report --records records --run runs/faceforensics --videos 4 --out report.html
    """
    from leo_bench.benchmarks.cli.screen import resources, say
    from leo_bench.benchmarks.datasets.dataset import list_datasets
    from leo_bench.benchmarks.publishing.clips import clip_rows
    from leo_bench.evaluation.files.atomic import write_atomically
    from leo_bench.evaluation.files.kinds import PAGE
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.reports.curves import can_draw, loss_curves
    from leo_bench.reports.formats.hypertext import as_element
    from leo_bench.reports.grid import grid_of
    from leo_bench.reports.layouts import list_layouts
    from leo_bench.reports.own_tables.numbers import numbers_in
    from leo_bench.reports.page import Extras, render
    from leo_bench.reports.records import read_tree
    from leo_bench.reports.tables import fill

    check_targets(Target("--out", out, PAGE))
    tree = read_tree(records)
    if not can_draw():
        say("note: no curves: matplotlib is not installed (extra: report)")
    curves = [curve for folder in run or () if can_draw() for curve in loss_curves(folder)]
    reading = resources(workers=workers, keep=False, what="clips")
    clips = clip_rows(tree, videos, reading, say) if videos else {}
    # A broken record is named on the page, and stops the tables alone.
    filled = [] if tree.broken else [fill(layout, records) for layout in list_layouts()]
    tables = [as_element(grid_of(t)) for t in filled if t.has_measured]
    titles = {dataset.id: dataset.title for dataset in list_datasets()}
    page = render(tree, title, Extras(tables, clips, curves, titles))
    write_atomically(out, page.encode())
    say(f"{out}: {len(numbers_in(tree))} numbers, {len(page) / 1e6:.1f} MB")
    for why in tree.broken.values():
        say(f"not on the page: {why}")
    if tree.broken:
        raise typer.Exit(1)


def cite(
    place: Annotated[
        Path, typer.Argument(help="A record, or a folder of records.", metavar="RECORD|FOLDER")
    ],
    format: Annotated[
        Literal["text", "markdown", "latex", "bibtex"],
        main_option(help="bibtex: the entries alone; latex: the paragraphs alone."),
    ] = "text",
) -> None:
    """Write the sentences that a paper needs on its numbers, and BibTeX of what they cite.

    Each number with its interval; protocol, clips, network, weights, seed and versions; why it is
    not comparable with published numbers. Numbers that were made in one way share a paragraph.

    Examples:

      leo-bench cite fvd.json

      leo-bench cite records --format latex > numbers.tex

      leo-bench cite records --format bibtex > references.bib
    """
    from leo_bench.reports.citing import cited

    typer.echo(cited(place, format), nl=False)


def bundle(
    records: Annotated[Path, main_option(help="Folder of records, as written by --records.")],
    out: Annotated[Path, main_option(help="The .leo.zip file to write.", metavar="FILE")],
    title: Annotated[
        str, typer.Option(help="Title on pages.", show_default="the file's name")
    ] = "",
    statistics: Annotated[
        bool,
        typer.Option(
            help="Include mean and covariance of each side's features, to compute FVD from."
        ),
    ] = True,
    workers: Annotated[int, effort_option(min=1, help="Threads that read videos.")] = 2,
) -> None:
    """Pack records, digests and statistics into a file that others can check offline.

    It holds no frames and no features. Statistics are computed from the videos, or from the cache.

    Example:

      leo-bench bundle --records records --out mine.leo.zip --title "LEO, our training"
    """
    from leo_bench.benchmarks.cli.next_step import say_next
    from leo_bench.benchmarks.cli.screen import resources, say
    from leo_bench.benchmarks.publishing.statistics import statistics_of
    from leo_bench.evaluation.files.kinds import BUNDLE
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.reports.bundles import SUFFIX, pack
    from leo_bench.reports.records import read_tree

    check_targets(Target("--out", out, BUNDLE))
    reading = resources(workers=workers, keep=True)
    # A broken record is an error of `pack`; until then nothing is computed.
    tree = read_tree(records)
    made = statistics_of(tree, reading, say) if statistics and not tree.broken else {}
    manifest = pack(records, made, title or out.name.removesuffix(SUFFIX), out)
    count = sum(name.startswith("records/") and name.endswith(".json") for name in manifest.files)
    size = out.stat().st_size / 1e6
    say(f"{out}: {count} records, {len(made)} with statistics, {size:.1f} MB")
    say_next("check-bundle", out)


def check_bundle(
    path: Annotated[Path, typer.Argument(help="A .leo.zip.", metavar="BUNDLE")],
) -> None:
    """Check a bundle offline: digests, records, and every number that its statistics give.

    A number that the bundle cannot reproduce is "not checked". Exit 1 if a number contradicts the
    rest of the bundle.

    Example:

      leo-bench check-bundle theirs.leo.zip
    """
    import tempfile

    from leo_bench.benchmarks.cli.screen import out, table
    from leo_bench.reports.bundles import check

    with tempfile.TemporaryDirectory() as scratch:
        found = check(path, Path(scratch))
    rows = [
        [checked.key if i == 0 else "", number.name, number.recorded, number.again, number.verdict]
        for checked in found.records
        for i, number in enumerate(checked.numbers)
    ]
    table(found.manifest.title, ("record", "number", "recorded", "again", ""), rows)
    out(f"{len(found.manifest.files)} digests are right; packed {found.manifest.created}")
    if not found.sound:
        raise typer.Exit(1)


def leaderboard(
    bundles: Annotated[Path, typer.Argument(help="Folder of .leo.zip files.", metavar="FOLDER")],
    out: Annotated[
        Path | None,
        main_option(help="Page to write.", show_default="FOLDER/index.html", metavar="FILE"),
    ] = None,
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "leo-bench leaderboard",
) -> None:
    """Write a static page of many bundles: the models of each benchmark, best first.

    Every bundle is checked. One that cannot be read or contradicts itself is left out and named,
    and the exit code is 1.

    Example:

      leo-bench leaderboard bundles/
    """
    import tempfile

    from leo_bench.benchmarks.cli.screen import say
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.files.atomic import write_atomically
    from leo_bench.evaluation.files.kinds import PAGE
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.reports.bundles import SUFFIX, check
    from leo_bench.reports.leaderboard import contradictions, render

    page = out or bundles / "index.html"
    check_targets(Target("--out", page, PAGE))
    paths = sorted(bundles.glob(f"*{SUFFIX}"))
    if not paths:
        raise InputError(f"{bundles}: no *{SUFFIX} is in there; `leo-bench bundle` makes them")
    found, refused = [], {}
    with tempfile.TemporaryDirectory() as scratch:
        for i, path in enumerate(paths):
            try:
                bundle = check(path, Path(scratch) / str(i))
            except InputError as error:
                refused[path.name] = str(error)
                continue
            if bundle.sound:
                found.append(bundle)
            else:
                refused[path.name] = f"{path}: {contradictions(bundle)}"
        if found:
            write_atomically(page, render(found, title, refused).encode())
    for why in refused.values():
        say(f"refused: {why}")
    if not found:
        raise InputError(f"{bundles}: none of {len(paths)} bundles is sound; no page is written")
    say(f"{page}: {len(found)} bundles, {sum(len(b.records) for b in found)} numbers")
    if refused:
        raise typer.Exit(1)
