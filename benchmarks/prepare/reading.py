"""Reads the frames of a downloaded video file by index, one frame in memory at a time.

Counting, decoding, checks and colour conversion are those of `evaluation.videos`, edit lists
included: frame i here is frame i of the same file in an evaluation. A truncated or damaged file
raises BadVideoError.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from leo_bench.benchmarks.prepare.resample import Frame
from leo_bench.evaluation.videos.decoding import damage_named
from leo_bench.evaluation.videos.file_frames import FileFrames, frames_of
from leo_bench.evaluation.videos.seeking import frames_at
from leo_bench.evaluation.videos.stored import stat_state

USUAL_RATE = 25.0  # frames a second, where a file states none


def read_frames(path: Path) -> Iterator[Frame]:
    """All frames of a video file, uint8 [H,W,3] each, RGB.

    Raises:
        BadVideoError: the file cannot be decoded to its end, or holds no frame.
    """
    yield from read_part(path, 0, _found(path).count)


def read_part(path: Path, start: int, stop: int) -> Iterator[Frame]:
    """Frames `start` to `stop`, `stop` exclusive, or up to the file's end; seeks to `start`.

    Raises:
        BadVideoError: the file cannot be decoded, or cannot be sought to that frame.
    """
    found = _found(path)
    chosen = range(start, min(stop, found.count))
    if chosen:
        with damage_named(path.name):
            yield from frames_at(found, chosen)


def frame_rate(path: Path) -> float:
    """Frames a second as stated in the header; 25 where none are stated."""
    return _found(path).stated_rate or USUAL_RATE


def frame_size(path: Path) -> tuple[int, int]:
    """Height and width as stored."""
    found = _found(path)
    return found.height, found.width


def frame_times(path: Path) -> list[float]:
    """The time of each frame, in seconds from the first frame.

    From the frame rate where the file states no times.
    """
    found = _found(path)
    if found.seconds is not None:
        return list(found.seconds)
    rate = frame_rate(path)
    return [index / rate for index in range(found.count)]


def file_notes(path: Path) -> tuple[str, ...]:
    """Notes on a video file: a rotation that is not applied, an alpha channel, an edit list."""
    return _found(path).notes


def _found(path: Path) -> FileFrames:
    with damage_named(path.name):
        return _counted(path, stat_state(path.stat()))


@lru_cache(maxsize=64)  # many clips are cut from one file in a row
def _counted(path: Path, _state: str) -> FileFrames:
    return frames_of(path)
