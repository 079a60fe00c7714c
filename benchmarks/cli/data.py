"""The commands `leo-bench data ...`: prepare, verify, list and describe data sets."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from leo_bench.benchmarks.cli.headings import effort_option, main_option
from leo_bench.benchmarks.cli.options import SIDE, DataRoot

if TYPE_CHECKING:
    from leo_bench.benchmarks.datasets.info import DatasetInfo


def prepare_data(
    name: Annotated[
        str, typer.Argument(help="Id of a data set (leo-bench data list).", metavar="DATASET")
    ],
    download: Annotated[
        Path, main_option("--from", help="Folder of the official download, as unpacked.")
    ],
    out: Annotated[
        Path | None,
        main_option(
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
        typer.Option(
            min=1, max=SIDE, help="Size of the prepared frames.", show_default="as published"
        ),
    ] = None,
    metadata: Annotated[
        Path | None, main_option(help="Official metadata file, if it is not in the download.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Prepare only the first n videos of each split.")
    ] = None,
    workers: Annotated[int, effort_option(max=1024, help="Videos prepared in parallel.")] = 2,
    allow_missing: Annotated[
        bool, main_option("--allow-missing", help="Do not fail if the data set is partial.")
    ] = False,
) -> None:
    """Prepare a data set from its official download; the same command continues where it stopped.

    Several processes divide the videos: torchrun --nproc-per-node N --no-python -- leo-bench data
    prepare ...

    Exit 1 if videos failed, or if the data set is partial and neither --allow-missing nor --limit
    says that this is meant; the report says why.

    Examples:

      leo-bench data prepare faceforensics --from FaceForensics_compressed --out data --wide-crop

      leo-bench data prepare taichihd --from downloads --metadata taichi-metadata.csv
    """
    from leo_bench.benchmarks.cli.next_step import say_next
    from leo_bench.benchmarks.cli.screen import Bar, say
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.datasets.opening import data_root
    from leo_bench.benchmarks.datasets.preparation import JOURNAL
    from leo_bench.benchmarks.prepare.job import PrepareOptions
    from leo_bench.benchmarks.prepare.run import prepare as run
    from leo_bench.evaluation.files.kinds import FolderKind, made_by
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.evaluation.processes.torchrun import this_team

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
    report = run(
        name, download, root, options, lambda done, total, last: bar(done, total), this_team()
    )
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
    place = [] if root == data_root(None) else ["--data-root", root]
    say_next("fvd", "--dataset", name, "--frames", 16, "--fake", "YOUR_VIDEOS", *place)


def verify_data(
    name: Annotated[
        str, typer.Argument(help="A prepared data set, as ID or ID/SPLIT.", metavar="DATASET")
    ],
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
    """List the data sets, and how many videos of each are on this machine.

    Example: leo-bench data list
    """
    from leo_bench.benchmarks.cli.screen import out, table
    from leo_bench.benchmarks.datasets.dataset import DATASETS
    from leo_bench.benchmarks.datasets.info import infos

    rows = []
    for found in infos(data_root):
        splits = [
            f"{name} {split.here}/{'?' if split.expected is None else split.expected}"
            for name, split in found.splits.items()
        ]
        rows.append([found.id, found.title, found.here, ", ".join(splits)])
    table("data sets", ["id", "title", "here", "videos by split"], rows)
    for name, path in DATASETS.own().items():
        out(f"{name}: {path}")


def data_info(
    name: Annotated[str, typer.Argument(help="A data set, as ID or FILE.toml.", metavar="DATASET")],
    data_root: DataRoot = None,
    json: Annotated[
        Literal["-"] | None, main_option(help="-: as JSON, on standard output.")
    ] = None,
) -> None:
    """Show a data set: origin, size, licence, splits, preparation, what is here, the next command.

    Examples:

      leo-bench data info faceforensics

      leo-bench data info mine/walks.toml --json -
    """
    from leo_bench.benchmarks.cli.screen import document, out, wrapped
    from leo_bench.benchmarks.datasets import load_dataset
    from leo_bench.benchmarks.datasets.info import info

    found = info(load_dataset(name), data_root, name)
    if json is not None:
        document(found.model_dump_json(indent=1) + "\n")
        return
    out(f"{found.id}: {found.title}" if found.title else found.id)
    for line in _facts(found):
        out(wrapped(line))
    out(f"next: {found.next}")


def _facts(found: "DatasetInfo") -> Iterator[str]:
    """What `data info` says, line by line."""
    if found.definition is not None:
        yield f"defined in {found.definition}"
    for name, value in (("homepage", found.homepage), ("paper", found.paper)):
        if value:
            yield f"{name}: {value}"
    yield f"licence: {found.licence}"
    if found.download:
        yield f"download: {found.download}"
        yield f"size of the download: {found.download_size}"
    if found.preparation is not None:
        yield f"prepared: recipe: {found.preparation.source}"
        for step, what in found.preparation.model_dump(exclude={"source"}).items():
            yield f"prepared: {step}: {what}"
    acd = "no usual ACD" if found.acd is None else f"ACD by {found.acd}"
    yield f"scored: split {found.scored_split}, protocol {found.protocol}, {acd}"
    for name, split in found.splits.items():
        expected = "an unknown number" if split.expected is None else f"{split.expected:,}"
        listed = "" if split.listed is None else f" ({split.listed:,} in its metadata)"
        where = split.problem or split.place or ""
        where = where and f": {where}"
        yield f"split {name}: {split.here:,} videos here, of {expected}{listed}{where}"
    if found.folder is None:
        yield "here: yes, rendered when it is read"
    elif found.here == "no":
        unread = any(split.problem for split in found.splits.values())
        what = "no video was found" if unread else "nothing is"
        yield f"here: no; {what} in {found.folder}"
    else:
        gaps = f": {', '.join(found.gaps)}" if found.gaps else ""
        foreign = "; not prepared by leo-bench" if found.by_leo_bench is False else ""
        yield f"here: {found.here}{gaps}{foreign}"
