"""Opens a split of a data set as a VideoSource, with notes on unexpected counts.

Prepared data lies in `ROOT/DATASET/SPLIT/VIDEO`, as `leo-bench data prepare` leaves it. In place of
the folder `SPLIT` there may be a `SPLIT.zip`, such as a zip file in StyleGAN-V's layout. A data set
of layout "folder" lies where its TOML file says.
"""

import os
from pathlib import Path
from shlex import quote

from leo_bench.benchmarks.datasets.dataset import Dataset
from leo_bench.benchmarks.datasets.preparation import JOURNAL, read_report
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.source import Selection, VideoSource


def data_root(given: Path | None = None) -> Path:
    """`given`, else LEO_BENCH_DATA, else `leo-bench/data` in XDG_DATA_HOME (~/.local/share)."""
    own = given or os.environ.get("LEO_BENCH_DATA")
    if own:
        return Path(own).expanduser()
    home = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    return home / "leo-bench" / "data"


def open_dataset(
    dataset: Dataset,
    split: str | None = None,
    root: Path | None = None,
    resolution: int | None = None,
    options: OpenOptions | None = None,
    frames: int | None = None,
) -> VideoSource:
    """Open a split of a data set.

    Args:
        dataset: of `load_dataset`.
        split: name of the split; None: the one used for evaluation.
        root: the data root; None: see `data_root`.
        resolution: side at which a world is rendered. Prepared videos are returned as stored: the
            protocol defines how they are resized.
        options: how files are opened.
        frames: number of frames needed of each video. A world is rendered that far if its default
            length is shorter.

    Raises:
        InputError: no such split, or it is not prepared; the message gives the command to run.
    """
    split = dataset.split(split)
    if dataset.layout == "world":
        from leo_bench.benchmarks.worlds.world import WorldShape, open_world

        own, default = dataset.splits[split], WorldShape()
        shape = WorldShape(
            resolution=resolution or dataset.evaluation.resolution or default.resolution,
            frames=max(own.frames or dataset.frames or default.frames, frames or 1),
            count=own.videos or default.count,
        )
        return open_world(dataset.id, split, shape)
    place = split_place(dataset, split, data_root(root))
    videos = open_videos(place, options or OpenOptions())
    count = len(videos.names)
    notes = expectation_notes(dataset, split, count, dataset_folder(dataset, data_root(root)))
    return Selection(videos, range(count), f"{dataset.id}/{split}", more_notes=notes)


def dataset_folder(dataset: Dataset, root: Path) -> Path:
    """The folder of a data set's splits: its own, or the one of its id in the data root."""
    return root / dataset.id if dataset.root is None else Path(dataset.root)


def split_place(dataset: Dataset, split: str, root: Path) -> Path:
    """The folder or file of a split's videos, or the zip file of the split's name.

    Raises:
        InputError: there is neither, or the preparation was not finished.
    """
    folder, path = dataset_folder(dataset, root), dataset.splits[split].path
    if dataset.layout == "prepared" and (folder / JOURNAL).exists() and read_report(folder) is None:
        raise InputError(
            f"{folder} is not fully prepared: run `{prepare_line(dataset, root)}` again"
        )
    places = [folder / path] if path else [folder / split, folder / f"{split}.zip"]
    for place in places:
        if place.exists():
            return place
    if dataset.preparation is None:
        raise InputError(
            f"{dataset.id}/{split}: nothing is at {places[0]}; put its videos there, or say where "
            f"they are by root and [splits.{split}] path in its TOML file"
        )
    raise InputError(
        f"{dataset.id}/{split} is not in {root}: run `{prepare_line(dataset, root)}`; DOWNLOAD "
        f"holds {dataset.download}"
    )


def prepare_line(dataset: Dataset, root: Path, download: str = "DOWNLOAD") -> str:
    """The command that prepares a data set below a data root from a download."""
    places = f"--from {quote(download)} --out {quote(str(root))}"
    return f"leo-bench data prepare {dataset.id} {places}"


def expectation_notes(dataset: Dataset, split: str, count: int, folder: Path) -> tuple[str, ...]:
    """How a split of `count` videos differs from what is expected, and how it was prepared.

    Args:
        dataset: the data set.
        split: of it.
        count: number of its videos that are there.
        folder: `dataset_folder`.
    """
    notes = []
    expected, listed = dataset.splits[split].videos, dataset.splits[split].listed
    if expected is not None and count != expected:
        of_list = f"; its metadata lists {listed:,}" if listed else ""
        notes.append(
            f"{dataset.id}/{split} holds {count:,} videos, {expected:,} are expected{of_list}"
        )
    if dataset.layout == "folder":
        return tuple(notes)
    report = read_report(folder)
    if report is None:
        notes.append(f"{dataset.id} was not prepared by leo-bench: its preprocessing is not known")
        return tuple(notes)
    chosen = {k: v for k, v in report.options.items() if v not in (None, False, "published")}
    if chosen:
        options = ", ".join(f"{name}={value}" for name, value in sorted(chosen.items()))
        notes.append(f"{dataset.id} was prepared with {options}")
    if gaps := report.gaps_of(split):
        notes.append(f"{dataset.id} is partial: {', '.join(gaps)}")
    return tuple(notes)
