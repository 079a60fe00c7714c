"""Reads frames of a video file by index: from the keyframe before them, or from the start.

Frames after a seek are used only if they begin with that keyframe, their timestamps are exactly
those listed when the file was opened, and the decoder reports no error. Otherwise the file is
decoded from its start, and must agree with the list too.
"""

import base64
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.videos.decoding import (
    ToRgb,
    decoded,
    frames_in_order,
    opened,
    shown_before,
)

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class FrameTimes:
    """Timestamps and keyframes of a file.

    Args:
        stamps: int64 [T], presentation times in the stream's time base, strictly ascending; empty
            if the file has none, so that frames are told by their order alone.
        keys: int64 [K], indices of the frames at which decoding may start, the first of them 0;
            empty: only at the start.
    """

    stamps: Int64
    keys: Int64

    def pack(self) -> str:
        """As compressed text; a steady frame rate takes a few bytes."""
        return f"{_pack(self.stamps)} {_pack(self.keys)}"

    @classmethod
    def unpack(cls, text: str) -> "FrameTimes":
        """The inverse of `pack`."""
        stamps, keys = text.split(" ")
        return cls(_unpack(stamps), _unpack(keys))


@dataclass(frozen=True)
class Listed:
    """A file with the number, size and timestamps of its frames."""

    path: Path
    times: FrameTimes
    count: int
    height: int
    width: int


def frames_at(file: Listed, frames: Sequence[int]) -> Generator[NDArray[np.uint8]]:
    """Frames, strictly ascending and within the file, one at a time: uint8 [H,W,3] each, RGB.

    Raises:
        BadVideoError: the file is damaged before the last of them, or has changed.
    """
    given = 0
    if len(file.times.keys):
        with closing(_by_seeking(file, frames)) as run:
            for pixels in run:
                given += 1
                yield pixels
    if given < len(frames):
        with closing(_from_the_start(file, frames[given:])) as run:
            yield from run


def _by_seeking(file: Listed, frames: Sequence[int]) -> Generator[NDArray[np.uint8]]:
    """Ends early if a seek does not give the frames as listed."""
    import av

    to_rgb, times = ToRgb(), file.times
    with opened(file.path) as (container, stream):
        try:
            for slot, wanted in enumerate(frames):
                key = int(times.keys[np.searchsorted(times.keys, wanted, side="right") - 1])
                if slot == 0 or key > frames[slot - 1] + 1:
                    run = _from_key(container, stream, times, key)
                frame = next((frame for number, frame in run if number == wanted), None)
                if frame is None or (frame.height, frame.width) != (file.height, file.width):
                    return
                yield to_rgb(frame)
        except av.error.FFmpegError:
            return


def _from_key(
    container: "InputContainer", stream: "VideoStream", times: FrameTimes, key: int
) -> Iterator[tuple[int, "VideoFrame"]]:
    """(number, frame) from a keyframe on, as long as the timestamps are those listed."""
    at = int(times.stamps[key])
    container.seek(at, stream=stream)
    due = key
    for packet, given, damage in decoded(container, stream):
        if damage is not None and not shown_before(packet, at):
            return
        for frame in given:
            if due == key and frame.pts is not None and frame.pts < at:
                continue  # shown before the keyframe; may refer to what was not decoded (open GOP)
            if due == len(times.stamps) or frame.pts != times.stamps[due] or frame.is_corrupt:
                return
            yield due, frame
            due += 1


def _from_the_start(file: Listed, frames: Sequence[int]) -> Generator[NDArray[np.uint8]]:
    to_rgb, slot, given, name = ToRgb(), 0, 0, file.path.name
    with closing(frames_in_order(file.path, file.count)) as run:
        for number, frame in enumerate(run):
            if len(file.times.stamps) and frame.pts not in file.times.stamps[number : number + 1]:
                raise BadVideoError(name, f"frame {number} decodes out of its turn")
            if (frame.height, frame.width) != (file.height, file.width):
                raise BadVideoError(name, f"frame {number} has another size than at opening")
            if number == frames[slot]:
                yield to_rgb(frame)
                slot += 1
            if slot == len(frames):
                return
            given = number + 1
    raise BadVideoError(name, f"decoding gives {given} frames; {file.count} were counted")


def _pack(numbers: Int64) -> str:
    steps = np.diff(numbers, prepend=np.int64(0)).astype("<i8")
    return base64.b85encode(zlib.compress(steps.tobytes())).decode()


def _unpack(text: str) -> Int64:
    steps = np.frombuffer(zlib.decompress(base64.b85decode(text)), "<i8")
    return np.cumsum(steps, dtype=np.int64)
