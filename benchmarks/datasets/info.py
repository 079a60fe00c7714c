"""`leo-bench data info` and `data list`: what a data set is, and how much of it is on this machine.

No video is decoded: videos that leo-bench did not prepare are counted by their files.
"""

from pathlib import Path
from shlex import quote
from typing import Literal

from leo_bench.benchmarks.datasets.dataset import DATASETS, Dataset, Preparation, list_datasets
from leo_bench.benchmarks.datasets.opening import (
    data_root,
    dataset_folder,
    prepare_line,
    split_place,
)
from leo_bench.benchmarks.datasets.preparation import JOURNAL, PrepareReport, read_report
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.videos.discover import OpenOptions, discover

State = Literal["yes", "partial", "no"]


class SplitInfo(Data):
    """One split.

    Args:
        expected: number of videos that the paper used or the data set lists; None: unknown.
        here: number of videos on this machine.
        place: where they are; None: they are rendered, or nothing is there.
        problem: why they cannot be counted; None: they can, or nothing is there.
    """

    expected: int | None
    listed: int | None
    here: int
    place: str | None
    problem: str | None = None


class DatasetInfo(Data):
    """A data set, and how much of it is on this machine.

    Args:
        definition: its TOML file; None: it is shipped.
        download_size: "unknown" where no source states it.
        folder: of its splits; None: it is rendered.
        here: whether all, some or nothing of it is on this machine.
        gaps: why it is partial.
        by_leo_bench: whether `leo-bench data prepare` made it; None: it needs no preparation.
        next: the command to run next, with what has to be done before it.
    """

    id: str
    title: str
    layout: str
    definition: str | None
    paper: str
    homepage: str
    licence: str
    download: str
    download_size: str
    preparation: Preparation | None
    protocol: str
    acd: str | None
    scored_split: str
    resolution: int | None
    splits: dict[str, SplitInfo]
    folder: str | None
    here: State
    gaps: tuple[str, ...]
    by_leo_bench: bool | None
    next: str


def info(dataset: Dataset, root: Path | None = None, name: str | None = None) -> DatasetInfo:
    """What a data set is, and how much of it is here.

    Args:
        dataset: of `load_dataset`.
        root: the data root; None: see `data_root`.
        name: as commands take it; None: the id.

    Raises:
        InputError: the report of its preparation is damaged.
    """
    root, name = data_root(root), name or dataset.id
    is_world = dataset.layout == "world"
    folder = None if is_world else dataset_folder(dataset, root)
    report = read_report(folder) if folder and dataset.layout == "prepared" else None
    splits = {split: _split(dataset, split, root, report) for split in dataset.splits}
    is_begun = folder is not None and (folder / JOURNAL).exists()
    none = not (is_world or is_begun or any(split.here for split in splits.values()))
    gaps = () if none else _gaps(splits, report, is_begun=is_begun)
    here: State = "no" if none else "partial" if gaps else "yes"
    evaluation = dataset.evaluation
    own = DATASETS.own().get(name, Path(name) if name != dataset.id else None)
    return DatasetInfo(
        id=dataset.id,
        title=dataset.title,
        layout=dataset.layout,
        definition=None if own is None else str(own),
        paper=dataset.paper,
        homepage=dataset.homepage,
        licence=dataset.licence or "not stated",
        download=dataset.download,
        download_size=dataset.download_size or "unknown",
        preparation=dataset.preparation,
        protocol=evaluation.protocol,
        acd=evaluation.acd,
        scored_split=evaluation.split,
        resolution=evaluation.resolution,
        splits=splits,
        folder=None if folder is None else str(folder),
        here=here,
        gaps=gaps,
        by_leo_bench=is_begun if dataset.layout == "prepared" and not none else None,
        next=_next(dataset, name, root, report, here),
    )


def infos(root: Path | None = None) -> list[DatasetInfo]:
    """Every data set, shipped and included.

    Raises:
        InputError: as `info`.
    """
    return [info(dataset, root) for dataset in list_datasets()]


def _split(dataset: Dataset, split: str, root: Path, report: PrepareReport | None) -> SplitInfo:
    of_toml = dataset.splits[split]
    if dataset.layout == "world":
        return SplitInfo(expected=of_toml.videos, listed=None, here=of_toml.videos or 0, place=None)
    place: Path | None
    counted, problem = 0, None
    try:
        place = split_place(dataset, split, root)
    except InputError:  # nothing is there, or it is not fully prepared
        place = None
    if place is not None and report is None:
        try:
            counted = len(discover(place, OpenOptions()).places)
        except InputError as error:  # it holds no videos, or several kinds of media
            problem = str(error)
    return SplitInfo(
        expected=of_toml.videos,
        listed=of_toml.listed,
        here=counted if report is None else report.videos.get(split, 0),
        place=None if place is None else str(place),
        problem=problem,
    )


def _gaps(
    splits: dict[str, SplitInfo], report: PrepareReport | None, *, is_begun: bool
) -> tuple[str, ...]:
    if report is not None:
        return report.gaps
    if is_begun:
        return ("its preparation is not finished",)
    return tuple(
        f"{name} has {split.here} of {split.expected or 'its'} videos"
        for name, split in splits.items()
        if split.here < (split.expected or 1)
    )


def _next(
    dataset: Dataset, name: str, root: Path, report: PrepareReport | None, here: State
) -> str:
    measure = f"leo-bench fvd --dataset {quote(name)} --frames 16 --fake YOUR_VIDEOS"
    if here == "yes":
        return measure
    if dataset.preparation is None:
        place = dataset_folder(dataset, root)
        return f"put the videos of each split below {place}, then {measure}"
    return prepare_line(dataset, root, "DOWNLOAD" if report is None else report.download)
