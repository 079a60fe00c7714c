"""Verbs for numbers that others can check: bundle, check-bundle, leaderboard."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command("bundle")(bundle)
    app.command("check-bundle")(check_bundle)
    app.command("leaderboard")(leaderboard)


def bundle(
    records: Annotated[Path, typer.Option(help="Folder of records, as --records made it.")],
    out: Annotated[Path, typer.Option(help="The .leo.zip to write.")],
    title: Annotated[str, typer.Option(help="What it is called on a page; absent: its name.")] = "",
    statistics: Annotated[
        bool,
        typer.Option(help="Mean and covariance of each side's features, to compute FVD from."),
    ] = True,
    workers: Annotated[int, typer.Option(min=1, help="Threads that read videos.")] = 2,
) -> None:
    """Pack records, digests and statistics for others to check offline; no frames, no features.

    Statistics are made from the videos again, or from the cache.

    Examples:

      leo-bench bundle --records records --out mine.leo.zip --title "LEO, our training"
    """
    from benchmarks.bundling import statistics_of
    from benchmarks.cli.screen import machinery, say
    from evaluation.record import check_writable
    from reports.bundles import SUFFIX, pack
    from reports.records import read_tree

    check_writable(out.parent)
    reading = machinery(workers=workers, keep=True)
    # A broken record is an error of `pack`; until then nothing is computed.
    tree = read_tree(records)
    made = statistics_of(tree, reading, say) if statistics and not tree.broken else {}
    manifest = pack(records, made, title or out.name.removesuffix(SUFFIX), out)
    count = sum(name.startswith("records/") and name.endswith(".json") for name in manifest.files)
    size = out.stat().st_size / 1e6
    say(f"{out}: {count} records, {len(made)} with statistics, {size:.1f} MB")


def check_bundle(
    path: Annotated[Path, typer.Argument(help="A .leo.zip.", metavar="BUNDLE")],
) -> None:
    """Check a bundle offline: digests, records, and each distance from its statistics.

    Exit 1 where a number contradicts its statistics.

    Examples:

      leo-bench check-bundle theirs.leo.zip
    """
    import tempfile

    from benchmarks.cli.screen import out, table
    from reports.bundles import check

    with tempfile.TemporaryDirectory() as scratch:
        found = check(path, Path(scratch))
    words = {True: "the same", False: "CONTRADICTED", None: "no statistics"}
    rows = [
        [
            checked.key,
            f"{checked.record.value:.6g}",
            "-" if checked.again is None else f"{checked.again:.6g}",
            words[checked.agrees],
        ]
        for checked in found.records
    ]
    table(found.manifest.title, ("number", "recorded", "again", ""), rows)
    out(f"{len(found.manifest.files)} digests are right; packed {found.manifest.created}")
    if not found.sound:
        raise typer.Exit(1)


def leaderboard(
    bundles: Annotated[Path, typer.Argument(help="Folder of .leo.zip files.")],
    out: Annotated[Path | None, typer.Option(help="Page; absent: FOLDER/index.html.")] = None,
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "leo-bench leaderboard",
) -> None:
    """A static page of many bundles: each benchmark's models, best first, each bundle checked.

    Examples:

      leo-bench leaderboard bundles/
    """
    import tempfile

    from benchmarks.cli.screen import say
    from evaluation.atomic import write_atomically
    from evaluation.errors import InputError
    from reports.bundles import SUFFIX, check
    from reports.leaderboard import render

    paths = sorted(bundles.glob(f"*{SUFFIX}"))
    if not paths:
        raise InputError(f"{bundles}: no *{SUFFIX} is in there; `leo-bench bundle` makes them")
    page = out or bundles / "index.html"
    with tempfile.TemporaryDirectory() as scratch:
        found = [check(path, Path(scratch) / str(i)) for i, path in enumerate(paths)]
        write_atomically(page, render(found, title).encode())
    say(f"{page}: {len(found)} bundles, {sum(len(b.records) for b in found)} numbers")
    for one in found:
        if not one.sound:
            say(f"{one.path}: a number in it contradicts its statistics")
