"""Stored videos: one video on disk, the base of all layouts, and the source of many videos."""

import os
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.videos.source import Medium, Skipped

if TYPE_CHECKING:  # importing torch takes seconds, and processes that only scan do without
    from torch import Tensor

# Bounds against malicious or mistaken files, far above any data set of human video.
MAX_FRAMES = 1_000_000  # in one video: 11 hours at 25 frames a second
MAX_PIXELS = 64 * 2**20  # in one frame: 8192x8192

# Codecs that reproduce the encoded RGB; all others count as lossy. GIF keeps 256 colours.
LOSSLESS = frozenset(
    {"png", "apng", "bmp", "ppm", "tiff", "webp-lossless", "npy", "npz", "pt", "pth"}
    | {"ffv1", "rawvideo", "huffyuv", "ffvhuff", "utvideo", "magicyuv"}
)

# Note on pictures and videos with an alpha channel.
ALPHA_IGNORED = "an alpha channel is ignored: colours that it hides are part of the pixels"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one video is stored, as names and `stat` tell it; small, as there may be millions."""

    name: str  # relative to the source, '/'-separated
    file: str  # absolute path of the file, or of the folder of frames
    inner: str = ""  # part of the file: a folder of a zip, a row of an array
    state: str | None = None  # as `Layout.state` gives it; None where `stat` fails
    newest_ns: int = 0  # latest modification time, nanoseconds since 1970

    @property
    def path(self) -> Path:
        """The file, or the folder of frames."""
        return Path(self.file)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of one video after it was opened: everything but its pixels."""

    name: str
    file: str  # as `Place.file`
    inner: str
    frames: int
    height: int
    width: int
    codecs: tuple[str, ...]
    digest: str  # hex SHA-256 of the stored content
    index: str = ""  # positions of its frames, in the layout's own form
    notes: tuple[str, ...] = ()  # equal texts for equal facts
    rate: float | None = None  # frames per second; None where the file states none
    turn: str = ""  # how a viewer turns it (`evaluation.videos.turning`); pixels are as stored
    state: str | None = None  # `Layout.state` at opening; None where it was not asked
    span: tuple[float, float] | None = None  # smallest and largest of its floats; None: levels

    @property
    def path(self) -> Path:
        """The file, or the folder of frames."""
        return Path(self.file)


def stat_state(stat: os.stat_result) -> str:
    """What changes when a file does: size, modification time, change time, inode."""
    return f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}"


class Layout(ABC):
    """Base of the ways to store videos; safe to call from several threads at once.

    Attributes:
        kind: as `Medium.layout` says it.
        decoder: library and version that make the pixels.
        reading: all that the result of `scan` depends on besides the stored bytes; it is part of
            the key under which the result is cached.
        scans_apart: whether `scan` may run in another process, as it keeps nothing between videos.
    """

    kind: str
    decoder: str
    reading: str
    scans_apart: bool = False

    @abstractmethod
    def scan(self, place: Place) -> Stored:
        """Count, measure and hash one video.

        Raises:
            BadVideoError: it is incomplete, or not of the format that its name states.
        """

    @abstractmethod
    def each_frame(self, video: Stored, frames: Sequence[int]) -> Iterator["Tensor"]:
        """Frames, strictly ascending and within the video, one by one: uint8 [3,H,W], RGB.

        Raises:
            BadVideoError: the file differs from what `scan` found.
        """

    def state(self, video: Stored) -> str:
        """What `stat` says of the video's file now, in the form of `Place.state`.

        Raises:
            OSError: the file is no longer there.
        """
        return stat_state(os.stat(video.file))  # noqa: PTH116 - a Path costs more than the call


@dataclass(frozen=True, eq=False)
class StoredVideos:
    """The videos at one path as a `VideoSource`; made by `open_videos`."""

    name: str  # the path as given
    layout: Layout
    videos: tuple[Stored, ...]  # sorted by name
    skipped: tuple[Skipped, ...]  # left out under on_error="skip", sorted by name
    notes: list[str]  # one line each
    layout_note: str  # "12 video files in 3 folders (mp4 10, gif 2)"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """See `VideoSource.names`; sorted as bytes."""
        return tuple(video.name for video in self.videos)

    @cached_property
    def frame_counts(self) -> tuple[int, ...]:
        """See `VideoSource.frame_counts`."""
        return tuple(video.frames for video in self.videos)

    @cached_property
    def medium(self) -> Medium:
        """See `VideoSource.medium`."""
        codecs = sorted({codec for video in self.videos for codec in video.codecs})
        lossy = any(codec not in LOSSLESS for codec in codecs)
        return Medium(self.layout.kind, tuple(codecs), self.layout.decoder, lossy)

    def sizes(self) -> list[tuple[int, int]]:
        """See `VideoSource.sizes`."""
        return [(video.height, video.width) for video in self.videos]

    def rates(self) -> list[float | None]:
        """See `Paced.rates`."""
        return [video.rate for video in self.videos]

    def digest(self, index: int) -> str:
        """See `VideoSource.digest`."""
        return self.videos[index].digest

    def read(self, index: int, frames: Sequence[int]) -> "Tensor":
        """Frames of one video, strictly ascending -> uint8 [len(frames),3,H,W], RGB, contiguous.

        Raises:
            BadVideoError: the file has changed since it was opened.
            IndexError: a frame beyond the video.
            ValueError: no frames, or indices that are not strictly ascending.
        """
        import torch

        video = self.videos[index]
        out = torch.empty(len(frames), 3, video.height, video.width, dtype=torch.uint8)
        for slot, frame in enumerate(self.each_frame(index, frames)):
            out[slot] = frame
        return out

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator["Tensor"]:
        """The same frames one by one, uint8 [3,H,W] each.

        Raises:
            BadVideoError, IndexError, ValueError: as `read`.
        """
        video = self.videos[index]
        if not frames or any(b <= a for a, b in pairwise(frames)):
            raise ValueError(f"{video.name}: frames are not strictly ascending: {list(frames)}")
        if frames[0] < 0 or frames[-1] >= video.frames:
            raise IndexError(
                f"{video.name}: frames {frames[0]} to {frames[-1]} of a video of {video.frames}"
            )
        return self.layout.each_frame(video, frames)

    def check_unchanged(self, index: int) -> None:
        """Compare size, times and inode of a video's files with those at opening.

        Raises:
            InputError: they differ, so the frames read may not be those that were hashed.
        """
        video = self.videos[index]
        try:
            same = video.state is None or self.layout.state(video) == video.state
        except OSError:
            same = False
        if not same:
            named = "" if Path(self.name).name == video.name else f" {video.name}"
            raise InputError(
                f"{self.name}:{named} has changed since it was opened (size, time or inode); "
                "nothing that was read of it is kept: measure again when nothing writes there"
            )


def video_notes(videos: Sequence[Stored]) -> list[str]:
    """Each note of the videos once, with the number of videos it holds for and the first one."""
    of_note: dict[str, list[Stored]] = defaultdict(list)
    for video in videos:
        for note in video.notes:
            of_note[note].append(video)
    return video_notes_of(of_note)


def video_notes_of(videos: Mapping[str, Sequence[Stored]]) -> list[str]:
    """As `video_notes`, from each note's videos; a note without videos is left out."""
    return [
        f"{note}: {_videos(len(of_note))}, first {of_note[0].name}"
        for note, of_note in sorted(videos.items())
        if of_note
    ]


def check_caps(name: str, frames: int, height: int, width: int) -> None:
    """Refuse a video that is empty or implausibly large.

    Raises:
        BadVideoError: no frames, no pixels, or more than MAX_FRAMES or MAX_PIXELS.
    """
    if frames < 1:
        raise BadVideoError(name, "holds no frame")
    if frames > MAX_FRAMES:
        raise BadVideoError(name, f"{frames:,} frames; at most {MAX_FRAMES:,} are read")
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise BadVideoError(name, f"{width}x{height} pixels; 1 to {MAX_PIXELS:,} are read")


def _videos(count: int) -> str:
    return f"{count:,} video" if count == 1 else f"{count:,} videos"
