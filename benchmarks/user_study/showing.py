"""Clips as raters see them: all of one size, length and frame rate, H.264 with the same settings.

A video's central square is resized to fill the clip: down to the smallest size in the
study, then, below `LEAST_SIDE`, up by a whole number, since H.264 in browsers halves the
resolution of colour. Names of clips are blind (`blind_name`), and their files have one date.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from leo_bench.benchmarks.user_study.drawing import MethodVideos
from leo_bench.benchmarks.user_study.study import Shape, clip_path
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.preprocess import floor_crop_lanczos
from leo_bench.evaluation.videos.source import VideoSource, WrappedVideos, each_levels
from leo_bench.evaluation.videos.write import write_video

LEAST_SIDE = 256  # pixels of a clip's file
LEAST_FRAMES = 8
LONGEST = 4.0  # seconds of a clip, unless --frames says more
DATE = 1_000_000_000  # of every clip's file, so that no date says in which order they were made


@dataclass(frozen=True)
class Footage:
    """What one clip is made of.

    Args:
        method: whose video it is; "" of checks and practice.
        spec: the source.
        source: the videos.
        index: which of them.
        stride: every n-th frame is taken.
    """

    method: str
    spec: str
    source: VideoSource
    index: int
    stride: int

    @property
    def video(self) -> str:
        """Its name in the source."""
        return self.source.names[self.index]


@dataclass(frozen=True)
class Look:
    """What all clips have in common.

    Args:
        side: pixels to which videos are resized.
        times: then enlarged so many times.
        frames: of a clip.
        fps: frames per second.
    """

    side: int
    times: int
    frames: int
    fps: float

    @property
    def shape(self) -> Shape:
        """As study.toml says it."""
        side = self.side * self.times
        return Shape(height=side, width=side, frames=self.frames, fps=self.fps)


@dataclass(frozen=True)
class Squares(WrappedVideos):
    """The central squares of another source's videos, resized to one side (Lanczos)."""

    side: int

    def sizes(self) -> Sequence[tuple[int, int]]:
        """The side twice, of each video."""
        return [(self.side, self.side)] * len(self.names)

    def digest(self, index: int) -> str:
        """Hex SHA-256 of the base's digest and the side."""
        return hashlib.sha256(f"{super().digest(index)}\0{self.side}".encode()).hexdigest()

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """The base's frames, resized: uint8 [len(frames),3,side,side]."""
        return torch.stack(list(self.each_frame(index, frames)))

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """The same, one by one."""
        for frame in each_levels(self.base, self.indices[index], frames):
            yield _resized(frame, self.side)


def squares(source: VideoSource, side: int) -> Squares:
    """All videos of a source, as squares."""
    return Squares(source, range(len(source.names)), source.name, side)


def blind_name(secret: str, *what: str) -> str:
    """A name of 16 hexadecimal digits from which only one who knows the study can infer anything.

    Args:
        secret: a digest of everything that the study is made from, its seed too. The same study has
            the same names. Who has the videos, the options and the seed can make the study again,
            and so unblind it, as who has study.toml can: raters get neither.
        what: is named.
    """
    text = "\0".join(what)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:16]


def length_of(methods: Sequence[MethodVideos], frames: int | None, fps: float) -> int:
    """Frames of a clip: as given, or those of the shortest video, at most LONGEST seconds.

    LEAST_FRAMES are taken even where they last longer.

    Raises:
        InputError: the shortest video has fewer than LEAST_FRAMES.
    """
    if frames is not None:
        return frames
    shortest = min(
        (method.frames(index), method.name, method.source.names[index])
        for method in methods
        for index in range(len(method.source.names))
    )
    if shortest[0] < LEAST_FRAMES:
        raise InputError(
            f"{shortest[1]}: {shortest[2]} has {shortest[0]} frames to show, and a clip needs "
            f"{LEAST_FRAMES} or more: give --frames, and shorter videos are left out"
        )
    return min(shortest[0], max(LEAST_FRAMES, round(LONGEST * fps)))


def size_of(
    methods: Sequence[MethodVideos], shown: Mapping[str, Sequence[int]], size: int | None
) -> tuple[int, int, list[str]]:
    """Side of a clip's content, how many times it is enlarged, and notes.

    Args:
        methods: the methods.
        shown: indices of the videos that are shown, by method.
        size: as given; None: the smallest side of all shown videos, made even.

    Raises:
        InputError: an odd or tiny side.
    """
    sizes = {m.name: {m.source.sizes()[i] for i in shown[m.name]} for m in methods}
    smallest = min(min(pair) for pairs in sizes.values() for pair in pairs)
    side = smallest - smallest % 2 if size is None else size
    if side < 16 or side % 2:
        what = "--size" if size is not None else "the smallest video's side,"
        raise InputError(f"{what} {side}: clips have an even side of 16 pixels or more")
    notes = []
    for name, pairs in sizes.items():
        if pairs == {(side, side)}:
            continue
        listed = ", ".join(f"{width}x{height}" for height, width in sorted(pairs)[:3])
        more = ", ..." if len(pairs) > 3 else ""
        cut = " and cut to the central square" if any(h != w for h, w in pairs) else ""
        notes.append(f"{name}: {listed}{more} resized to {side}x{side} (Lanczos){cut}")
    times = -(-LEAST_SIDE // side)
    if times > 1:
        notes.append(f"clips are enlarged {times} times (Lanczos), to {side * times} pixels")
    return side, times, notes


def frames_of(footage: Footage, look: Look) -> Iterator[Tensor]:
    """The frames of a clip, uint8 [3,H,W] each, one at a time.

    Raises:
        InputError: the video cannot be read, or has changed since it was opened.
    """
    wanted = range(0, look.frames * footage.stride, footage.stride)
    for square in squares(footage.source, look.side).each_frame(footage.index, wanted):
        yield _resized(square, look.side * look.times)
    footage.source.check_unchanged(footage.index)


def write_clips(
    clips: Mapping[str, Footage],
    look: Look,
    folder: Path,
    *,
    workers: int,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, str]:
    """Write the clips that are not there yet -> SHA-256 of each file by the clip's name.

    A file is complete or not there, and its name tells its content, so that one which is there is
    kept.

    Raises:
        InputError: a video cannot be read, has changed meanwhile, or a file cannot be written.
    """

    def write(name: str) -> str:
        path = clip_path(folder, name)
        if not path.is_file():
            write_video(path, frames_of(clips[name], look), look.fps)
            os.utime(path, (DATE, DATE))
        return hashlib.sha256(path.read_bytes()).hexdigest()

    digests = {}
    with ThreadPoolExecutor(workers) as pool:
        for done, (name, digest) in enumerate(
            zip(clips, pool.map(write, clips), strict=True), start=1
        ):
            digests[name] = digest
            if progress is not None:
                progress(done, len(clips))
    return digests


def _resized(frame: Tensor, side: int) -> Tensor:
    if tuple(frame.shape[-2:]) == (side, side):
        return frame
    return floor_crop_lanczos(frame[None], side)[0]
