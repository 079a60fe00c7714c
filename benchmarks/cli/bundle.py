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


def check_bundle(
    path: Annotated[Path, typer.Argument(help="A .leo.zip.", metavar="BUNDLE")],
) -> None:
    """Check a bundle offline: digests, records, and each number from statistics and influences.

    "Not checked" is said of each number that the bundle cannot give again. Exit 1 where one
    contradicts the rest of the bundle.

    Examples:

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
    bundles: Annotated[Path, typer.Argument(help="Folder of .leo.zip files.")],
    out: Annotated[Path | None, typer.Option(help="Page; absent: FOLDER/index.html.")] = None,
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "leo-bench leaderboard",
) -> None:
    """A static page of many bundles: each benchmark's models, best first, each bundle checked.

    A bundle that cannot be read, or whose numbers contradict one another, has no place on it: it is
    named, and the exit code is 1.

    Examples:

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
