"""Frames of a downloaded video file, by index and as a stream; memory holds one frame at a time.

Strict: a file that breaks off, or that the decoder had to patch, is a BadVideoError and no video.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.prepare.resample import Frame
from evaluation.errors import BadVideoError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v", ".gif"}
)


def read_frames(path: Path, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
    """Frames `start` up to `stop` of a video file, uint8 [H,W,3] each, RGB; fewer where it ends.

    Raises:
        BadVideoError: the file cannot be decoded, or ends before its header says.
    """
    count = None if stop is None else stop - start
    with _opened(path) as (container, stream):
        promised, given = stream.frames, 0
        for frame in islice(_decoded_from(container, stream, start, path), count):
            if frame.is_corrupt:
                raise BadVideoError(path.name, f"frame {start + given} is damaged")
            yield frame.to_ndarray(format="rgb24")
            given += 1
    if count is None and start + given < promised:
        raise BadVideoError(path.name, f"holds {given} of the {promised} frames it promises")
    if given == 0 and start == 0:
        raise BadVideoError(path.name, "holds no frame")


def frame_rate(path: Path) -> float:
    """Frames a second as the header says; 25 where it does not."""
    with _opened(path) as (_, stream):
        return float(stream.average_rate or 25)


def frame_size(path: Path) -> tuple[int, int]:
    """Height and width as the header says."""
    with _opened(path) as (_, stream):
        return stream.height, stream.width


def frame_times(path: Path) -> list[float]:
    """When each frame is shown, in seconds from the first; nothing is decoded."""
    with _opened(path) as (container, stream):
        ticks = _ticks(container, stream)
        return [float((tick - ticks[0]) * (stream.time_base or 0)) for tick in ticks]


def count_frames(path: Path) -> int:
    """Frames that the container holds, by its packets; the first one is decoded to see that it can be.

    Raises:
        BadVideoError: not a video, no frame, or fewer packets than the header promises.
    """
    for _ in read_frames(path, 0, 1):
        pass
    with _opened(path) as (container, stream):
        held = sum(1 for packet in container.demux(stream) if packet.size)
        if held < stream.frames:
            raise BadVideoError(path.name, f"holds {held} of the {stream.frames} frames it promises")
        return held


@contextmanager
def _opened(path: Path) -> Iterator[tuple["InputContainer", "VideoStream"]]:
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise BadVideoError(path.name, "has no video stream")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            yield container, stream
    except av.FFmpegError as error:
        raise BadVideoError(path.name, f"cannot be decoded: {error.strerror}") from None


def _decoded_from(
    container: "InputContainer", stream: "VideoStream", start: int, path: Path
) -> Iterator["VideoFrame"]:
    """Decoded frames from index `start`; the key frame before it is sought, not the whole file decoded."""
    if start == 0:
        yield from container.decode(stream)
        return
    ticks = _ticks(container, stream)
    if start >= len(ticks):
        return
    container.seek(ticks[start], stream=stream)
    wanted = (f for f in container.decode(stream) if f.pts is not None and f.pts >= ticks[start])
    first = next(wanted, None)
    if first is None or first.pts != ticks[start]:
        raise BadVideoError(path.name, f"cannot be sought to frame {start}")
    yield first
    yield from wanted


def _ticks(container: "InputContainer", stream: "VideoStream") -> list[int]:
    """Presentation time of every frame, ascending, in units of the stream's time base."""
    return sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
