"""Draws which videos a study shows, and which two of them make a pair.

The order of videos depends on the seed and their names alone, so that videos of equal names take
equal places in every source: such pairs begin alike, or are one video before and after a damage.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import PurePosixPath

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos import arrays, container, tensor_files
from leo_bench.evaluation.videos.source import VideoSource

SUFFIXES = container.SUFFIXES | arrays.SUFFIXES | tensor_files.SUFFIXES | {"zip"}


@dataclass(frozen=True)
class MethodVideos:
    """The videos of one method.

    Args:
        name: of the method.
        spec: the source, as on the command line.
        source: the videos.
        is_real: whether they are the real ones.
        stride: every n-th frame is taken.
    """

    name: str
    spec: str
    source: VideoSource
    is_real: bool
    stride: int

    def frames(self, index: int) -> int:
        """How many frames of a video there are to show."""
        return (self.source.frame_counts[index] - 1) // self.stride + 1

    def drawn(self, frames: int, seed: int) -> list[int]:
        """Indices of the videos that have so many frames, in an order drawn by seed and name."""
        long_enough = [i for i in range(len(self.source.names)) if self.frames(i) >= frames]
        return sorted(long_enough, key=lambda index: _rank(self.source.names[index], seed))


@dataclass(frozen=True)
class Comparison:
    """Two methods, and the pairs of videos that compare them.

    Args:
        first, second: the methods.
        pairs: indices of a video of either.
        note: how the pairs were made.
    """

    first: MethodVideos
    second: MethodVideos
    pairs: tuple[tuple[int, int], ...]
    note: str


def compared(
    methods: Sequence[MethodVideos], against: str | None
) -> list[tuple[MethodVideos, MethodVideos]]:
    """Every two methods, or the one that is named `against` with each other one."""
    if against is None:
        return list(combinations(methods, 2))
    known = {method.name: method for method in methods}
    return [(known[against], other) for other in methods if other.name != against]


def draw_pairs(
    first: MethodVideos, second: MethodVideos, *, videos: int, frames: int, seed: int
) -> Comparison:
    """Draw so many pairs of videos: those of equal names, if there are enough.

    Raises:
        InputError: a method has too few videos of so many frames.
    """
    one, other = (draw_videos(method, videos, frames, seed) for method in (first, second))
    here, there = (
        {_stem(method.source.names[index]): index for index in method.drawn(frames, seed)}
        for method in (first, second)
    )
    alike = [(here[name], there[name]) for name in here if name in there]
    both = f"{first.name} and {second.name}"
    if len(alike) >= videos:
        return Comparison(first, second, tuple(alike[:videos]), f"{both}: videos of equal names")
    count = f"{len(alike)} videos have" if len(alike) != 1 else "1 video has"
    note = f"{both}: videos drawn by seed ({count} the same name in both)"
    return Comparison(first, second, tuple(zip(one, other, strict=True)), note)


def draw_videos(method: MethodVideos, videos: int, frames: int, seed: int) -> list[int]:
    """Draw so many videos of a method that have so many frames.

    Raises:
        InputError: there are fewer.
    """
    found = method.drawn(frames, seed)
    if len(found) < videos:
        at_stride = f" at stride {method.stride}" if method.stride > 1 else ""
        what = f"{len(found)} of {len(method.source.names)} videos have {frames} frames{at_stride}"
        fewer = f"--videos {len(found)}, or " if found else ""
        raise InputError(
            f"{method.name}: {method.spec}: {what}, and {videos} are wanted: give {fewer}fewer "
            "--frames"
        )
    return found[:videos]


def _stem(name: str) -> str:
    """The name of a video without the suffix of a file."""
    path = PurePosixPath(name)
    known = path.suffix.lower().removeprefix(".") in SUFFIXES
    return str(path.with_suffix("")) if known else name


def _rank(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}\0{_stem(name)}".encode()).hexdigest()
