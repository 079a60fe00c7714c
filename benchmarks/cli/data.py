"""The commands `leo-bench data ...`: prepare, verify and list data sets."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from leo_bench.benchmarks.cli.options import SIDE, DataRoot


def prepare_data(
    name: Annotated[str, typer.Argument(help="Id of a data set (leo-bench data list).")],
    download: Annotated[
        Path, typer.Option("--from", help="Folder of the official download, as unpacked.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            envvar="LEO_BENCH_DATA",
            help="Folder of the prepared data sets; NAME becomes a folder in it.",
        ),
    ] = None,
    wide_crop: Annotated[
        bool,
        typer.Option(
            "--wide-crop", help="FaceForensics: crop by one box per video, not per frame."
        ),
    ] = False,
    storage: Annotated[
        Literal["published", "lossless"],
        typer.Option(help="Store frames as published (some sets: JPEG 75), or lossless."),
    ] = "published",
    resolution: Annotated[
        int | None,
        typer.Option(min=1, max=SIDE, help="Size of the prepared frames; default: as published."),
    ] = None,
    metadata: Annotated[
        Path | None, typer.Option(help="Official metadata file, if it is not in the download.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Prepare only the first n videos of each split.")
    ] = None,
    workers: Annotated[int, typer.Option(max=1024, help="Videos prepared in parallel.")] = 2,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Do not fail if the download lacks videos.")
    ] = False,
) -> None:
    """Prepare a data set from its official download; the same command continues where it stopped.

    Exit 1 if videos failed or the data set is partial; the report says which and why.

    Examples:

      leo-bench data prepare faceforensics --from FaceForensics_compressed --out data --wide-crop

      leo-bench data prepare taichihd --from downloads --metadata taichi-metadata.csv
    """
    from leo_bench.benchmarks.cli.screen import Bar, say
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.datasets.opening import data_root
    from leo_bench.benchmarks.datasets.preparation import JOURNAL
    from leo_bench.benchmarks.prepare.job import PrepareOptions
    from leo_bench.benchmarks.prepare.run import prepare as run
    from leo_bench.evaluation.files.kinds import FolderKind, made_by
    from leo_bench.evaluation.files.targets import Target, check_targets

    options = PrepareOptions(
        wide_crop=wide_crop,
        storage=storage,
        resolution=resolution,
        metadata=metadata,
        limit=limit,
        workers=workers,
    )
    root = data_root(out)
    check_targets(
        Target("--out", root, FolderKind("data root", lambda _folder: True)),  # holds any data
        Target("--out", root / name, made_by("data prepare", JOURNAL)),
    )
    bar = Bar(name, "videos")
    report = run(name, download, root, options, lambda done, total, last: bar(done, total))
    show(report.summary)
    for failure in report.failed:
        say(f"failed: {failure.split}/{failure.name}: {failure.reason}")
    for video in report.left_out:
        say(f"left out: {video.split}/{video.name}: {video.reason}")
    for gap in report.missing[:20]:
        say(f"missing: {gap}")
    if len(report.missing) > 20:
        say(f"missing: {len(report.missing) - 20} more, listed in {root / name / 'prepare.json'}")
    for note in report.notes:
        say(f"note: {note}")
    show(f"report: {root / name / 'prepare.json'}   picture: {root / name / 'montage.png'}")
    if report.failed or (report.lacks and not allow_missing):
        advice = "" if report.failed else "; --allow-missing accepts that"
        say(f"{name} is partial: {', '.join(report.lacks)}{advice}")
        raise typer.Exit(1)


def verify_data(
    name: Annotated[str, typer.Argument(help="A prepared data set, as ID or ID/SPLIT.")],
    data_root: DataRoot = None,
) -> None:
    """Open every video of a prepared split and compare it with the preparation's journal.

    Exit 1 if videos are unreadable, missing, or not of the preparation.

    Example: leo-bench data verify faceforensics/train
    """
    from leo_bench.benchmarks.cli.screen import out, say
    from leo_bench.benchmarks.datasets import load_dataset, parted
    from leo_bench.benchmarks.datasets.verify import verify as run

    identity, split = parted(name)
    report = run(load_dataset(identity), split, data_root)
    out(report.summary)
    out(f"frames {report.frames[0]} to {report.frames[1]}, sizes {list(report.sizes)}")
    out(f"fingerprint {report.fingerprint}")
    for bad in report.unreadable:
        say(f"unreadable: {bad.video}: {bad.reason}")
    for kind, names in (("gone", report.gone), ("foreign", report.foreign)):
        for found in names:
            say(f"{kind}: {found}")
    for note in report.notes:
        say(f"note: {note}")
    if not report.sound:
        raise typer.Exit(1)


def list_data(data_root: DataRoot = None) -> None:
    """List the data sets, and how many videos of each are prepared.

    Example: leo-bench data list
    """
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.benchmarks.datasets.verify import list_rows

    rows = []
    for row in list_rows(data_root):
        splits = [
            f"{split} {row.counts.get(split, 0)}/{'?' if expected is None else expected}"
            for split, expected in row.expected.items()
        ]
        state = "no" if not row.prepared else "partial" if row.gaps else "yes"
        rows.append([row.id, row.title, state, ", ".join(splits)])
    table("data sets", ["id", "title", "prepared", "videos by split"], rows)
