"""The model of a data set's TOML file: splits, expected counts and default protocol."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from leo_bench.benchmarks.datasets.definitions import Definitions, absolute, is_toml, parted
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.known_names import did_you_mean
from leo_bench.evaluation.files.schema import Data, Named, load_toml, with_right_id
from leo_bench.evaluation.protocols.of_clips import load_protocol
from leo_bench.evaluation.protocols.of_frames import load_frame_protocol
from leo_bench.evaluation.records.distance import slug

FOLDER = Path(__file__).parent
DATASETS = Definitions("data set", "splits", FOLDER)


class Split(Data):
    """One split of a data set.

    Args:
        videos: number of videos that the paper used, or that the data set lists; None: unknown.
        listed: number of videos in the data set's own metadata, where it differs from `videos`.
        frames: length of its rendered videos; None: that of the data set.
        path: of its videos, below the data set's `root`; None: the split's name.
    """

    videos: int | None = None
    listed: int | None = None
    frames: int | None = None
    path: str | None = None


class Strides(Data):
    """Number of video frames from one clip frame to the next, on each side of a comparison."""

    real: int = 1
    fake: int = 1


class Evaluation(Data):
    """The defaults with which the data set is scored.

    Args:
        protocol: id of an evaluation protocol.
        split: the split that real clips come from.
        acd: id of the frame protocol of the ACD; None: there is no default.
        resolution: side in pixels to which frames are resized; None: as stored.
        strides: strides by protocol id. A protocol that is absent keeps its own default. Scores of
            single frames take the strides of `protocol`, so they see the frames that the distances
            see.
    """

    protocol: str
    split: str
    acd: str | None = None
    resolution: int | None = None
    strides: dict[str, Strides] = Field(default_factory=dict)


class Preparation(Data):
    """What `leo-bench data prepare` makes of each video, in words, and whose recipe it is."""

    crop: str
    resize: str
    frames: str
    storage: str
    source: str


class Dataset(Named):
    """A data set as its TOML file describes it.

    Args:
        id: name of the file, and of the folder under the data root.
        layout: "folder": files as they are; "prepared": on disk, as `leo-bench data prepare` leaves
            it; "world": rendered.
        root: folder of the splits; relative paths are taken from the TOML file's folder. None: that
            folder for "folder", and `DATA_ROOT/ID` for "prepared".
        download: what to fetch and from where, and the layout that the preparation expects.
        download_size: of all that is fetched; "": unknown.
        preparation: what is made of the download; None: it is not prepared by leo-bench.
        resolutions: side lengths that are reported, by papers or by this project.
        stored: side of the prepared frames; None: that of the download.
        frames: length of a rendered video.
    """

    title: str = ""
    domain: Literal["face", "body"] | None = None
    layout: Literal["folder", "prepared", "world"]
    root: str | None = None
    paper: str = ""
    homepage: str = ""
    licence: str = ""
    download: str = ""
    download_size: str = ""
    preparation: Preparation | None = None
    resolutions: tuple[int, ...] = ()
    stored: int | None = None
    frames: int | None = None
    evaluation: Evaluation
    splits: dict[str, Split]

    @model_validator(mode="after")
    def _consistent(self) -> "Dataset":
        if self.evaluation.split not in self.splits:
            raise ValueError(f"evaluation split {self.evaluation.split!r} is not in splits")
        if self.layout == "world" and (
            self.frames is None or any(split.videos is None for split in self.splits.values())
        ):
            raise ValueError("a world needs frames, and videos in each split")
        placed = self.root is not None or any(split.path for split in self.splits.values())
        if self.layout == "world" and placed:
            raise ValueError("a world has no files: root and path say nothing")
        return self

    def split(self, name: str | None) -> str:
        """Return `name`, or the split used for evaluation if `name` is None.

        Raises:
            InputError: there is no such split; the message lists those that exist.
        """
        if name is None:
            return self.evaluation.split
        if name not in self.splits:
            raise InputError(
                f"{self.id} has no split {name!r}; {did_you_mean(name, self.splits)}it has "
                f"{', '.join(self.splits)}"
            )
        return name


def list_datasets() -> list[Dataset]:
    """All data sets, shipped ones first, then those of included folders; sorted by id.

    Raises:
        InputError: a file in an included folder is wrong.
    """
    return [_load(path) for path in DATASETS.files()]


def load_dataset(name: str) -> Dataset:
    """The data set with this id, or of a file of the user's own (`*.toml`).

    Raises:
        InputError: there is none, and the message lists the known ids; or the file is wrong.
    """
    return _load(DATASETS.file_of(name))


def names_dataset(spec: str) -> bool:
    """Whether a source is a data set, as `ID`, `ID/SPLIT`, `FILE.toml` or `FILE.toml/SPLIT`.

    A path that exists is not taken for an id.
    """
    name, _ = parted(spec)
    if is_toml(name):
        return not Path(name).expanduser().is_dir()
    return DATASETS.knows(name) and not Path(spec).exists()


def absolute_dataset(spec: str) -> str:
    """`FILE.toml/SPLIT` with an absolute path, for the id of an included data set too.

    Shipped data sets, and names of none, are returned as they are.
    """
    name, split = parted(spec)
    path = Path(name).expanduser() if is_toml(name) else DATASETS.own().get(name)
    if path is None or not path.exists() or DATASETS.is_shipped(path):
        return spec
    return str(absolute(path)) + (f"/{split}" if split else "")


def dataset_now(spec: str) -> str:
    """A data set of a record: where its file is gone, an included one of the same id instead."""
    name, split = parted(spec)
    if not is_toml(name) or Path(name).expanduser().exists():
        return spec
    moved = DATASETS.own().get(Path(name).stem)
    return spec if moved is None else absolute_dataset(f"{moved}/{split}" if split else str(moved))


def _load(path: Path) -> Dataset:
    dataset = with_right_id(load_toml(Dataset, path), path)
    return dataset if DATASETS.is_shipped(path) else _of_the_user(dataset, path)


def _of_the_user(dataset: Dataset, path: Path) -> Dataset:
    """A data set of the user's own with paths made absolute.

    Raises:
        InputError: it is a world, its id or a split cannot be part of a path, or a protocol that
            it names does not exist.
    """
    if dataset.layout == "world":
        raise InputError(
            f"{path}: layout is 'world', which only the embedded worlds have; known for files of "
            "yours are 'folder', 'prepared'"
        )
    for name in (dataset.id, *dataset.splits):
        if slug(name) != name:
            raise InputError(f"{path}: {name!r} becomes a folder's name; try {slug(name)!r}")
    folder = absolute(path).parent
    root = dataset.root if dataset.layout == "prepared" else dataset.root or "."
    evaluation = dataset.evaluation
    changes = {
        key: str(absolute(folder / value))
        for key, value in (("protocol", evaluation.protocol), ("acd", evaluation.acd))
        if value is not None and is_toml(value)
    }
    evaluation = evaluation.model_copy(update=changes)
    try:
        load_protocol(evaluation.protocol)
        if evaluation.acd is not None:
            load_frame_protocol(evaluation.acd)
    except InputError as error:
        raise InputError(f"{path}: evaluation: {error}") from None
    root = None if root is None else str(absolute(folder / Path(root).expanduser()))
    return dataset.model_copy(update={"root": root, "evaluation": evaluation})
