"""Frames of a downloaded video file, by index and as a stream; memory holds one frame at a time.

Counting, decoding, checks and colours are those of `evaluation.videos`, so a prepared frame is the
frame of that index that evaluation would have seen: edit lists hide frames from both. A file that
breaks off or is damaged is a BadVideoError and no video.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from leo_bench.benchmarks.prepare.resample import Frame
from leo_bench.evaluation.videos.decoding import damage_named
from leo_bench.evaluation.videos.digests import stat_state
from leo_bench.evaluation.videos.file_frames import FileFrames, frames_of
from leo_bench.evaluation.videos.seeking import frames_at

USUAL_RATE = 25.0  # frames a second, where a file does not say


def read_frames(path: Path) -> Iterator[Frame]:
    """Every frame of a video file, uint8 [H,W,3] each, RGB.

    Raises:
        BadVideoError: the file cannot be decoded to its end, or holds no frame.
    """
    yield from read_part(path, 0, _found(path).count)


def read_part(path: Path, start: int, stop: int) -> Iterator[Frame]:
    """Frames `start` up to `stop`, fewer where the file ends; by seeking, not from the first frame.

    Raises:
        BadVideoError: the file cannot be decoded, or not be sought to that frame.
    """
    found = _found(path)
    chosen = range(start, min(stop, found.count))
    if chosen:
        with damage_named(path.name):
            yield from frames_at(found, chosen)


def frame_rate(path: Path) -> float:
    """Frames a second as the header says; 25 where it does not."""
    return _found(path).stated_rate or USUAL_RATE


def frame_size(path: Path) -> tuple[int, int]:
    """Height and width as stored."""
    found = _found(path)
    return found.height, found.width


def frame_times(path: Path) -> list[float]:
    """When each frame is shown, in seconds from the first one shown.

    By the frame rate where the file states no times.
    """
    found = _found(path)
    if found.seconds is not None:
        return list(found.seconds)
    rate = frame_rate(path)
    return [index / rate for index in range(found.count)]


def file_notes(path: Path) -> tuple[str, ...]:
    """What is odd about a video file: a rotation that is not applied, alpha, an edit list."""
    return _found(path).notes


def _found(path: Path) -> FileFrames:
    with damage_named(path.name):
        return _counted(path, stat_state(path.stat()))


@lru_cache(maxsize=64)  # many clips are cut from one file, one after the other
def _counted(path: Path, _state: str) -> FileFrames:
    return frames_of(path)
