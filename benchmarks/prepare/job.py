"""Types of a preparation: options, the work on one video, and the plan of a whole data set."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from leo_bench.benchmarks.prepare.resample import Frame
from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.files.schema import Data

StoreKind = Literal["jpeg", "lossless", "link"]


class PrepareOptions(Data):
    """What the user may choose; everything else is as published.

    Args:
        wide_crop: FaceForensics: one box a video instead of one a frame.
        storage: "published": frames are stored as the published scripts do, JPEG 75 included;
            "lossless": without the JPEG, which gives another data set.
        resolution: side of the stored frames; None: the published one.
        metadata: the data set's own list (TaichiHD: CSV, CelebV-HQ: JSON, UCF-101: folder of split
            lists), where it is not in the download.
        limit: largest number of videos of each split, for a trial.
        workers: number of videos processed at once; the result does not depend on it.
    """

    wide_crop: bool = False
    storage: Literal["published", "lossless"] = "published"
    resolution: int | None = None
    metadata: Path | None = None
    limit: int | None = None
    workers: int = 1

    def store(self, published: StoreKind) -> StoreKind:
        """How frames are stored, where the published scripts store them as `published`."""
        return "lossless" if self.storage == "lossless" else published


class LeftOutError(BadVideoError):
    """A readable video that is excluded from its data set; not a failure."""


@dataclass(frozen=True)
class Cut:
    """One prepared video, not yet stored.

    Args:
        frames: uint8 [H,W,3] each, RGB, in order; can be iterated once.
        fps: frames a second, stored where the format can; never used to resample.
        notes: events on the way, appended while `frames` is consumed.
    """

    frames: Iterator[Frame]
    fps: float = 25.0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Job:
    """One video to prepare.

    Args:
        name: '/'-separated, unique in its split, without suffix.
        sources: the files it is made from; a link points to the first.
        cut: starts the work. It may raise BadVideoError, and so may the iterator of frames.
    """

    split: str
    name: str
    sources: tuple[Path, ...]
    cut: Callable[[], Cut]


@dataclass(frozen=True)
class Plan:
    """What a download holds of a data set.

    Args:
        jobs: in the order of the prepared data set.
        store: how the frames are stored.
        missing: what the data set has and the download does not, one line each.
        notes: decisions about the data set as a whole.
    """

    jobs: tuple[Job, ...]
    store: StoreKind
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def train_first(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Jobs by name, those of the split "test" after all others."""
    return tuple(sorted(jobs, key=lambda job: (job.split == "test", job.name)))
