"""Frames of a video file by index: through the keyframe before them, or from the start.

What a seek gives is believed only if it begins with that keyframe and stamp follows stamp exactly
as listed when the file was opened. Otherwise decoding starts at the start, and must agree too.
"""

import base64
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from evaluation.errors import BadVideoError
from evaluation.videos.decoding import ToRgb, frames_in_order, opened
from evaluation.videos.stored import Stored

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class FrameTimes:
    """Where the frames of a file lie.

    Args:
        stamps: int64 [T], presentation times, strictly ascending, in the stream's time base; empty
            where the file has no such, and order alone says which frame is which.
        keys: int64 [K], the frames at which decoding may start, from 0 on; empty: only at 0.
    """

    stamps: Int64
    keys: Int64

    def pack(self) -> str:
        """As text; a steady frame rate takes a few bytes."""
        return f"{_pack(self.stamps)} {_pack(self.keys)}"

    @classmethod
    def unpack(cls, text: str) -> "FrameTimes":
        """The inverse of `pack`."""
        stamps, keys = text.split(" ")
        return cls(_unpack(stamps), _unpack(keys))


def read_by_index(video: Stored, frames: Sequence[int]) -> Tensor:
    """Frames, strictly ascending and within the video -> uint8 [len(frames),3,H,W], RGB.

    Raises:
        BadVideoError: the file is damaged before the last of them, or has changed.
    """
    times = FrameTimes.unpack(video.index)
    out = torch.empty(len(frames), 3, video.height, video.width, dtype=torch.uint8)
    if not (len(times.keys) and _by_seeking(video, times, frames, out.numpy())):
        _from_the_start(video, times, frames, out.numpy())
    return out


def _by_seeking(
    video: Stored, times: FrameTimes, frames: Sequence[int], out: NDArray[np.uint8]
) -> bool:
    """Fill `out`; False where seeks do not lead to the frames as listed."""
    import av

    to_rgb = ToRgb()
    with opened(video.path) as (container, stream):
        try:
            for slot, wanted in enumerate(frames):
                key = int(times.keys[np.searchsorted(times.keys, wanted, side="right") - 1])
                if slot == 0 or key > frames[slot - 1] + 1:
                    run = _from_key(container, stream, times, key)
                frame = next((frame for number, frame in run if number == wanted), None)
                if frame is None or (frame.height, frame.width) != (video.height, video.width):
                    return False
                out[slot] = to_rgb(frame).transpose(2, 0, 1)
        except av.error.FFmpegError:
            return False
    return True


def _from_key(
    container: "InputContainer", stream: "VideoStream", times: FrameTimes, key: int
) -> Iterator[tuple[int, "VideoFrame"]]:
    """(number, frame) from a keyframe on, for as long as stamp follows stamp as listed."""
    container.seek(int(times.stamps[key]), stream=stream)
    due = key
    for frame in container.decode(stream):
        if due == key and frame.pts is not None and frame.pts < times.stamps[key]:
            continue  # shown before the keyframe; may refer to what was not decoded (open GOP)
        if due == len(times.stamps) or frame.pts != times.stamps[due] or frame.is_corrupt:
            return
        yield due, frame
        due += 1


def _from_the_start(
    video: Stored, times: FrameTimes, frames: Sequence[int], out: NDArray[np.uint8]
) -> None:
    to_rgb, slot, decoded = ToRgb(), 0, 0
    with closing(frames_in_order(video.path, video.frames)) as run:
        for number, frame in enumerate(run):
            if len(times.stamps) and frame.pts not in times.stamps[number : number + 1]:
                raise BadVideoError(video.name, f"frame {number} decodes out of its turn")
            if (frame.height, frame.width) != (video.height, video.width):
                raise BadVideoError(video.name, f"frame {number} has another size than at opening")
            if number == frames[slot]:
                out[slot] = to_rgb(frame).transpose(2, 0, 1)
                slot += 1
            if slot == len(frames):
                return
            decoded = number + 1
    raise BadVideoError(video.name, f"decoding gives {decoded} frames; {video.frames} were counted")


def _pack(numbers: Int64) -> str:
    steps = np.diff(numbers, prepend=np.int64(0)).astype("<i8")
    return base64.b85encode(zlib.compress(steps.tobytes())).decode()


def _unpack(text: str) -> Int64:
    steps = np.frombuffer(zlib.decompress(base64.b85decode(text)), "<i8")
    return np.cumsum(steps, dtype=np.int64)
