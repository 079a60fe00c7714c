"""The source `nearest:TRAINING?start=SOURCE`: for each video, the nearest training video.

nearest:toy-faces/train?start=toy-faces/test

A baseline that copies its training data: every video is real. Its score shows what copying is worth
to a metric. The distance is the mean squared difference of the first frames' pixels, both resized
to `side` x `side`.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from leo_bench.benchmarks.sources.locations import split_query
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data, parse
from leo_bench.evaluation.videos.source import Skipped, VideoSource, WrappedVideos

WORKERS = 2  # threads that read first frames
PEAK = 255.0


class NearestQuery(Data):
    """The options after the `?`.

    Args:
        start: the videos whose first frames are compared with those of the training videos.
        side: side of the pictures that are compared, in pixels.
        frames: shortest length of a training video.
    """

    start: str
    side: int = Field(default=32, ge=1)
    frames: int = Field(default=1, ge=1)


def open_nearest(location: str, open_source: Callable[[str], VideoSource]) -> "NearestVideos":
    """Open `nearest:LOCATION`.

    Raises:
        InputError: a wrong option, or no training video is long enough.
        BadVideoError: a video cannot be read.
    """
    where, options = split_query(location)
    query = parse(NearestQuery, options, where=f"nearest:{location}")
    return find_nearest(open_source(where), open_source(query.start), query.side, query.frames)


def find_nearest(
    training: VideoSource, starts: VideoSource, side: int, frames: int
) -> "NearestVideos":
    """For each video of `starts` the nearest of `training`; memory grows with `starts` alone.

    Raises:
        InputError: no training video has `frames` frames or more.
        BadVideoError: a video cannot be read.
    """
    candidates = [i for i, count in enumerate(training.frame_counts) if count >= frames]
    if not candidates:
        raise InputError(f"{training.name}: no video of {frames} frames or more")
    with ThreadPoolExecutor(WORKERS) as pool:
        count = len(starts.names)
        wanted = torch.stack(list(pool.map(lambda i: first_frame(starts, i, side), range(count))))
        best = torch.full((count,), float("inf"))
        chosen = torch.zeros(count, dtype=torch.int64)
        for index, found in zip(
            candidates,
            pool.map(lambda i: first_frame(training, i, side), candidates),
            strict=True,
        ):
            off = (wanted - found).square().mean(1)
            chosen[off < best] = index
            best = torch.minimum(best, off)
    name = f"nearest of {training.name} to {starts.name}"
    distances = tuple(best.sqrt().tolist())
    return NearestVideos(training, tuple(chosen.tolist()), name, starts, distances)


def first_frame(source: VideoSource, index: int, side: int) -> Tensor:
    """The first frame, resized by average pooling: float32 [3 * side * side], 0..1."""
    frame = source.read(index, [0]).float() / PEAK
    return F.adaptive_avg_pool2d(frame, side).flatten()


@dataclass(frozen=True)
class NearestVideos(WrappedVideos):
    """Videos of a training set, one for each video of another source; `find_nearest` makes it.

    Args:
        starts: the videos that they were found for. Names are those of `starts`, since a training
            video may be chosen more than once.
        distances: root mean squared difference of the first frames, whose range is 1.
    """

    starts: VideoSource
    distances: tuple[float, ...]

    @cached_property
    def names(self) -> Sequence[str]:
        """Those of `starts`."""
        return list(self.starts.names)

    @property
    def skipped(self) -> Sequence[Skipped]:
        """Those of both sources."""
        return (*self.base.skipped, *self.starts.skipped)

    @property
    def notes(self) -> Sequence[str]:
        """The number of different videos, their median distance, and the training videos' notes."""
        off = torch.tensor(self.distances)
        same = int((off == 0).sum())
        found = [
            f"training videos whose first frames are nearest to those of {self.starts.name}: "
            f"{len(set(self.indices))} different ones of {len(self.base.names)}, differing by "
            f"{float(off.median()):.3g} in the median (root mean square of a range of 1)"
        ]
        if same:
            found.append(f"{same} of them begin with the very frame that was looked for")
        return (*found, *self.base.notes)

    def check_unchanged(self, index: int) -> None:
        """The chosen video, and the one that it was chosen for."""
        super().check_unchanged(index)
        self.starts.check_unchanged(index)
