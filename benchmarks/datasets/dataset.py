"""One data set as data: `ID.toml` beside this file; every fact in it names its source."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data, Named, list_named, load_named

FOLDER = Path(__file__).parent


class Split(Data):
    """One split of a data set.

    Args:
        videos: how many the paper used, or the data set lists; None where nobody says.
        listed: how many the data set's own metadata lists, where that is another number.
        frames: length of its rendered videos; None: the data set's.
    """

    videos: int | None = None
    listed: int | None = None
    frames: int | None = None


class Strides(Data):
    """Video frames from one clip frame to the next, on each side of a comparison."""

    real: int = 1
    fake: int = 1


class Evaluation(Data):
    """How the data set is scored where the user does not say.

    Args:
        protocol: id of an evaluation protocol.
        split: the split that real clips come from.
        acd: id of the frame protocol for identity; None: there is no usual one.
        resolution: side in pixels that frames are brought to; None: as stored.
        strides: by protocol id; a protocol that is absent keeps its own default. Scores of frames
            take those of `protocol`, so that they see the frames that the distances see.
    """

    protocol: str
    split: str
    acd: str | None = None
    resolution: int | None = None
    strides: dict[str, Strides] = Field(default_factory=dict)


class Dataset(Named):
    """What is known of a data set before one looks at the disk.

    Args:
        id: the file's name, and the folder's under the data root.
        layout: "prepared" lies on disk as `leo-bench data prepare` leaves it; "world" is rendered.
        download: what to fetch and from where, in one sentence.
        resolutions: sides that papers, or we, report at.
        stored: side of the prepared frames; None: as the download has them.
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
        """`name` if the data set has such a split; None gives the one that evaluation uses.

        Raises:
            InputError: there is no such split; the message lists those there are.
        """
        if name is None:
            return self.evaluation.split
        if name not in self.splits:
            raise InputError(f"{self.id} has no split {name!r}; it has {', '.join(self.splits)}")
        return name


def list_datasets() -> list[Dataset]:
    """Every data set that is shipped, by id."""
    return list_named(Dataset, FOLDER)


def load_dataset(name: str) -> Dataset:
    """The data set of that id.

    Raises:
        InputError: there is none; the message lists the known ones.
    """
    return load_named(Dataset, FOLDER, name, "data set")
