"""`VideoSource`: a set of videos, each uint8 [T,3,H,W], RGB, read by frame index.

Nothing is resampled in time: frame 7 is the eighth frame of the file.
"""

import hashlib
from abc import ABC
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from leo_bench.evaluation.errors import BadVideoError, InputError

if TYPE_CHECKING:  # importing torch takes seconds, and processes that only scan do without
    from torch import Tensor

MIXED = "mixed: "  # begin of the layout of a source whose videos are stored in several ways

PIECE_BYTES = 32 * 2**20  # of frames that are rendered at one time


@dataclass(frozen=True)
class Medium:
    """How the pixels of a source are stored and decoded; goes into every record."""

    layout: str  # "video files", "frame folders", "zip of frames", "arrays", "rendered", MIXED...
    codecs: tuple[str, ...]  # sorted, without repeats: ("h264",), ("png",)
    decoder: str  # library and version that made the pixels: "PyAV 18.1.0 / libavcodec 62.11.100"
    lossy: bool  # whether any codec in it loses pixels


@dataclass(frozen=True)
class Skipped:
    """A broken video that was left out, because the user said so."""

    name: str
    reason: str


class VideoSource(Protocol):
    """Videos by index; the same index always gives the same frames.

    `names` are unique, relative to the source, '/'-separated, in the order of the source.
    """

    @property
    def name(self) -> str:
        """Display name, which is the path as given, or "taichihd/train"."""

    @property
    def names(self) -> Sequence[str]:
        """The name of each video."""

    @property
    def frame_counts(self) -> Sequence[int]:
        """Number of frames of each video, known without decoding every pixel."""

    @property
    def medium(self) -> Medium:
        """How the pixels are stored and decoded."""

    @property
    def skipped(self) -> Sequence[Skipped]:
        """Videos left out because they are broken; goes into every record."""

    @property
    def notes(self) -> Sequence[str]:
        """Facts that a number's reader should know, such as counts, unusual names or files."""

    def sizes(self) -> Sequence[tuple[int, int]]:
        """Height and width of each video as stored, from headers."""

    def digest(self, index: int) -> str:
        """Hex SHA-256 of one video's stored content; it changes whenever a frame changes."""

    def read(self, index: int, frames: Sequence[int]) -> "Tensor":
        """Frames of one video, ascending indices -> uint8 [len(frames),3,H,W], RGB.

        Safe to call from several threads at once.

        Raises:
            BadVideoError: the file does not hold what its header promised.
        """

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator["Tensor"]:
        """The same frames one by one, uint8 [3,H,W] each, in memory that does not grow.

        Raises:
            BadVideoError: as `read`.
        """

    def check_unchanged(self, index: int) -> None:
        """Check that a video has not changed since it was opened; call it after reading.

        Raises:
            InputError: its files have changed, so `digest` may not be that of the frames.
        """


@runtime_checkable
class Paced(Protocol):
    """A source of stored videos, whose files may state a frame rate."""

    def rates(self) -> Sequence[float | None]:
        """Frames per second of each video; None where its file states none."""


def frame_rates(source: VideoSource) -> list[float | None]:
    """Frames per second of each video; None where it states none."""
    return list(source.rates()) if isinstance(source, Paced) else [None] * len(source.names)


@dataclass(frozen=True)
class WrappedVideos(ABC):
    """Base of the sources that show videos of another source.

    Every member is that of the base's video; a subclass overrides what differs.

    Args:
        base: the other source.
        indices: which video of `base` each video of this source shows.
        name: see `VideoSource.name`.
    """

    base: VideoSource
    indices: Sequence[int]
    name: str

    @cached_property
    def names(self) -> Sequence[str]:
        """See `VideoSource.names`."""
        return [self.base.names[i] for i in self.indices]

    @cached_property
    def frame_counts(self) -> Sequence[int]:
        """See `VideoSource.frame_counts`."""
        return [self.base.frame_counts[i] for i in self.indices]

    @property
    def medium(self) -> Medium:
        """See `VideoSource.medium`."""
        return self.base.medium

    @property
    def skipped(self) -> Sequence[Skipped]:
        """See `VideoSource.skipped`."""
        return self.base.skipped

    @property
    def notes(self) -> Sequence[str]:
        """See `VideoSource.notes`."""
        return self.base.notes

    def sizes(self) -> Sequence[tuple[int, int]]:
        """See `VideoSource.sizes`."""
        sizes = self.base.sizes()
        return [sizes[i] for i in self.indices]

    def digest(self, index: int) -> str:
        """See `VideoSource.digest`."""
        return self.base.digest(self.indices[index])

    def read(self, index: int, frames: Sequence[int]) -> "Tensor":
        """See `VideoSource.read`."""
        return self.base.read(self.indices[index], frames)

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator["Tensor"]:
        """See `VideoSource.each_frame`."""
        return self.base.each_frame(self.indices[index], frames)

    def check_unchanged(self, index: int) -> None:
        """See `VideoSource.check_unchanged`."""
        self.base.check_unchanged(self.indices[index])


@dataclass(frozen=True)
class Selection(WrappedVideos):
    """Some or all videos of another source, under another name and with more notes."""

    more_skipped: tuple[Skipped, ...] = ()
    more_notes: tuple[str, ...] = ()

    @classmethod
    def whole(cls, base: VideoSource, name: str) -> "Selection":
        """All videos of a source, under another name."""
        return cls(base, range(len(base.names)), name)

    @property
    def skipped(self) -> Sequence[Skipped]:
        """Those of the base, and the videos that were found broken later."""
        return (*self.base.skipped, *self.more_skipped)

    @property
    def notes(self) -> Sequence[str]:
        """`more_notes`, then the base's."""
        return (*self.more_notes, *self.base.notes)

    def rates(self) -> Sequence[float | None]:
        """See `Paced.rates`."""
        rates = frame_rates(self.base)
        return [rates[i] for i in self.indices]


class Readable(Protocol):
    """A source as `read_in_pieces` needs it."""

    def read(self, index: int, frames: Sequence[int]) -> "Tensor":
        """See `VideoSource.read`."""


def read_in_pieces(source: Readable, index: int, frames: Sequence[int]) -> Iterator["Tensor"]:
    """`each_frame` of a source that renders its frames: calls `read` for pieces of PIECE_BYTES.

    The first piece is one frame, whose size tells how many fit in a piece.
    """
    at, count = 0, 1
    while at < len(frames):
        piece = source.read(index, frames[at : at + count])
        yield from piece
        at += count
        count = max(1, PIECE_BYTES // piece[0].numel())


def each_levels(source: VideoSource, index: int, frames: Sequence[int]) -> Iterator["Tensor"]:
    """Frames of one video, each checked to be uint8 [3,H,W].

    Raises:
        BadVideoError: as `VideoSource.each_frame`.
        InputError: a custom source gives something else, such as floats in [-1,1].
    """
    import torch

    for frame in source.each_frame(index, frames):
        if frame.dtype != torch.uint8 or frame.dim() != 3 or len(frame) != 3:
            span = ""
            if frame.is_floating_point() and frame.numel():
                span = f" that span [{float(frame.min()):.3g}, {float(frame.max()):.3g}]"
            given = f"{str(frame.dtype).removeprefix('torch.')} {list(frame.shape)}{span}"
            raise InputError(
                f"{source.name}: {source.names[index]}: gives {given}; frames of levels are "
                "expected, uint8 [3,H,W] (for floats: evaluation.videos.tensors.TensorVideos)"
            )
        yield frame


def without(source: VideoSource, broken: Skipped) -> VideoSource:
    """The source without one video, which is listed as skipped."""
    kept = [i for i, name in enumerate(source.names) if name != broken.name]
    if isinstance(source, Selection):  # not one in another, however many are broken
        indices = [source.indices[i] for i in kept]
        return replace(source, indices=indices, more_skipped=(*source.more_skipped, broken))
    return Selection(source, kept, source.name, (broken,))


def check_unchanged(source: VideoSource, indices: Iterable[int]) -> None:
    """`VideoSource.check_unchanged` of several videos, each once.

    Raises:
        InputError: a video has changed since it was opened.
    """
    for index in sorted(set(indices)):
        source.check_unchanged(index)


def skipped_as_broken(source: VideoSource, error: BadVideoError) -> Skipped:
    """The entry of `VideoSource.skipped` for a video that turned out to be broken.

    Raises:
        InputError: it has changed since it was opened: a file being replaced is not broken.
    """
    if error.video in source.names:
        source.check_unchanged(list(source.names).index(error.video))
    return Skipped(error.video, error.reason)


def fingerprint(source: VideoSource, indices: Sequence[int] | None = None) -> str:
    """Hex SHA-256 of names and contents of all videos, or those at `indices`, in any order."""
    chosen = range(len(source.names)) if indices is None else sorted(set(indices))
    lines = sorted(f"{source.names[i]}\0{source.digest(i)}\n" for i in chosen)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
