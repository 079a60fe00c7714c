"""The model of a data set's TOML file: splits, expected counts and default protocol."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data, Named, list_named, load_named

FOLDER = Path(__file__).parent


class Split(Data):
    """One split of a data set.

    Args:
        videos: number of videos that the paper used, or that the data set lists; None: unknown.
        listed: number of videos in the data set's own metadata, where it differs from `videos`.
        frames: length of its rendered videos; None: that of the data set.
    """

    videos: int | None = None
    listed: int | None = None
    frames: int | None = None


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


class Dataset(Named):
    """A data set as its TOML file describes it.

    Args:
        id: name of the file, and of the folder under the data root.
        layout: "prepared": on disk, as `leo-bench data prepare` leaves it; "world": rendered.
        download: what to fetch and from where, in one sentence.
        resolutions: side lengths that are reported, by papers or by this project.
        stored: side of the prepared frames; None: that of the download.
        frames: length of a rendered video.
    """

    title: str
    domain: Literal["face", "body"]
    layout: Literal["prepared", "world"]
    paper: str = ""
    homepage: str = ""
    licence: str
    download: str = ""
    resolutions: tuple[int, ...]
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
        return self

    def split(self, name: str | None) -> str:
        """Return `name`, or the split used for evaluation if `name` is None.

        Raises:
            InputError: there is no such split; the message lists those that exist.
        """
        if name is None:
            return self.evaluation.split
        if name not in self.splits:
            raise InputError(f"{self.id} has no split {name!r}; it has {', '.join(self.splits)}")
        return name


def dataset_ids() -> set[str]:
    """The ids of all shipped data sets."""
    return {path.stem for path in FOLDER.glob("*.toml")}


def list_datasets() -> list[Dataset]:
    """All shipped data sets, sorted by id."""
    return list_named(Dataset, FOLDER)


def load_dataset(name: str) -> Dataset:
    """The data set with this id.

    Raises:
        InputError: there is none; the message lists the known ids.
    """
    return load_named(Dataset, FOLDER, name, "data set")
