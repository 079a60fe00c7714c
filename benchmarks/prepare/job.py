"""The words of a preparation: options, one video's work, and the plan of a whole data set."""

from collections.abc import Callable, Iterator
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
        wide_crop: FaceForensics: one box a video in place of one a frame.
        storage: "published" keeps frames as the published scripts do, JPEG 75 included; "lossless"
            spares them the JPEG, and is another data set.
        resolution: side of the stored frames; None: the published one.
        metadata: the data set's own list (TaichiHD: CSV, CelebV-HQ: JSON, UCF-101: folder of split
            lists), where it does not lie in the download.
        limit: at most so many videos of each split; for a try.
        workers: videos worked on at once; the result does not depend on it.
    """

    wide_crop: bool = False
    storage: Literal["published", "lossless"] = "published"
    resolution: int | None = None
    metadata: Path | None = None
    limit: int | None = None
    workers: int = 1


class LeftOutError(BadVideoError):
    """A video that can be read, but that its data set is better without; no failure."""


@dataclass(frozen=True)
class Cut:
    """One prepared video, not yet stored.

    Args:
        frames: uint8 [H,W,3] each, RGB, in order; read once.
        fps: frames a second, kept where the store has room for it; never used to resample.
        notes: what happened to it, filled while `frames` is consumed.
    """

    frames: Iterator[Frame]
    fps: float = 25.0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Job:
    """One video to prepare.

    Args:
        name: '/'-separated, unique in its split, without suffix.
        sources: the files it is made from; the first is the one a link would point to.
        cut: starts the work; may raise BadVideoError, as may the frames it gives.
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
        store: how the frames are kept.
        missing: what the data set has and the download does not, one line each.
        notes: what was decided for the data set as a whole.
    """

    jobs: tuple[Job, ...]
    store: StoreKind
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def store_for(options: PrepareOptions, published: StoreKind) -> StoreKind:
    """How frames are kept under `options` where the published scripts keep them as `published`."""
    return "lossless" if options.storage == "lossless" else published
