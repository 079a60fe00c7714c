"""Frames of a downloaded video file, by index and as a stream; memory holds one frame at a time.

Decoding, checks and colours are those of `evaluation.videos`, so a prepared frame is the frame that
evaluation would have seen. A file that breaks off or is damaged is a BadVideoError and no video.
"""

from collections.abc import Iterator
from itertools import dropwhile, islice, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.prepare.resample import Frame
from evaluation.errors import BadVideoError
from evaluation.videos.decoding import ToRgb, damage_named, frames_in_order, opened
from evaluation.videos.whole import states_its_length

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream


def read_frames(path: Path) -> Iterator[Frame]:
    """Every frame of a video file, uint8 [H,W,3] each, RGB.

    Raises:
        BadVideoError: the file cannot be decoded to its end, or holds no frame.
    """
    with damage_named(path.name):
        whole = states_its_length(path)
        with opened(path) as (_, stream):
            promised = stream.frames
        to_rgb, given = ToRgb(), 0
        for frame in frames_in_order(path, promised):
            yield to_rgb(frame)
            given += 1
        # A file that is known to be whole may promise more: an edit list hides frames.
        if given == 0 or (given < promised and not whole):
            raise BadVideoError(path.name, f"holds {given} of the {promised} frames it promises")


def read_part(path: Path, start: int, stop: int) -> Iterator[Frame]:
    """Frames `start` up to `stop`, fewer where the file ends; by seeking, not from the first frame.

    Raises:
        BadVideoError: the file cannot be decoded, or not be sought to that frame.
    """
    if start == 0:
        yield from islice(read_frames(path), stop)
        return
    with damage_named(path.name), opened(path) as (container, stream):
        stamps = _stamps(container, stream)[start:stop]
        if not stamps:
            return
        container.seek(stamps[0], stream=stream)  # to the key frame at or before it
        shown = dropwhile(lambda f: f.pts is None or f.pts < stamps[0], container.decode(stream))
        to_rgb = ToRgb()
        for index, (stamp, frame) in enumerate(zip_longest(stamps, islice(shown, len(stamps)))):
            if frame is None or frame.pts != stamp or frame.is_corrupt:
                raise BadVideoError(path.name, f"frame {start + index} does not decode in its turn")
            yield to_rgb(frame)


def frame_rate(path: Path) -> float:
    """Frames a second as the header says; 25 where it does not."""
    with damage_named(path.name), opened(path) as (_, stream):
        return float(stream.average_rate or 25)


def frame_size(path: Path) -> tuple[int, int]:
    """Height and width as the header says."""
    with damage_named(path.name), opened(path) as (_, stream):
        return stream.height, stream.width


def frame_times(path: Path) -> list[float]:
    """When each frame is shown, in seconds from the first; nothing is decoded."""
    with damage_named(path.name), opened(path) as (container, stream):
        stamps = _stamps(container, stream)
        return [float((stamp - stamps[0]) * (stream.time_base or 0)) for stamp in stamps]


def _stamps(container: "InputContainer", stream: "VideoStream") -> list[int]:
    """Presentation time of every frame, ascending, in units of the stream's time base."""
    return sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
