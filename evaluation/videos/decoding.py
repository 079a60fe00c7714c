"""Files into frames through PyAV: opened safely, decoded in order, checked, converted to RGB.

Pixels are as stored: no rotation, no deinterlacing, no aspect ratio, no alpha; to RGB as swscale
converts by default.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evaluation.errors import BadVideoError
from evaluation.videos.whole import NotWholeError

if TYPE_CHECKING:  # PyAV takes 0.1 s to import, and only video files need it
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# What libavformat may open. Left out are the kinds that name other files or addresses (concat, HLS,
# DASH): a text file called .mp4 could otherwise have it read anything.
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,gif,apng,asf"
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}


@contextmanager
def opened(path: Path, **options: str) -> Iterator[tuple["InputContainer", "VideoStream"]]:
    """The file's container and its first stream of moving pictures; `options` go to libavformat.

    Raises:
        BadVideoError: it has none, or is of a kind that is not read.
    """
    import av
    from av.stream import Disposition

    try:
        # "file:" keeps a colon in a name from being read as a protocol.
        container = av.open(f"file:{path}", options=_OPTIONS | options, **_any_metadata())
    except av.error.ArgumentError:
        raise BadVideoError(path.name, "is of no kind that is read as a video") from None
    with container:
        for stream in container.streams.video:
            if not stream.disposition & Disposition.attached_pic:  # cover art
                if stream.codec_context is None:
                    raise BadVideoError(path.name, "its codec is not known")
                # One thread: many files are read at once, and a seek does not fill a pipeline.
                stream.codec_context.thread_count = 1
                yield container, stream
                return
        raise BadVideoError(path.name, "holds no video stream")


def _any_metadata() -> dict[str, Any]:
    """Titles may be in any encoding; PyAV before 19 is strict unless told otherwise."""
    import av

    return {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}


@contextmanager
def damage_named(name: str) -> Iterator[None]:
    """Whatever a broken file makes PyAV raise becomes BadVideoError under `name`."""
    import av

    try:
        yield
    except BadVideoError as error:
        raise BadVideoError(name, error.reason) from None
    except NotWholeError as error:
        raise BadVideoError(name, str(error)) from None
    except (av.error.FFmpegError, OSError, ValueError, RuntimeError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise BadVideoError(name, f"cannot be read as a video: {reason}") from None


def frames_in_order(path: Path, promised: int) -> Generator["VideoFrame"]:
    """Every frame from the first on, as the decoder gives them, each sound and of one size.

    Args:
        path: the file.
        promised: how many frames there should be, for the message.

    Raises:
        BadVideoError: decoding fails, or a frame is damaged or of another size.
    """
    import av

    number, size = 0, None
    with opened(path) as (container, stream):
        try:
            for frame in container.decode(stream):
                if frame.is_corrupt:
                    raise BadVideoError(path.name, f"frame {number} of {promised} is damaged")
                size = size or (frame.width, frame.height)
                if (frame.width, frame.height) != size:
                    raise BadVideoError(
                        path.name,
                        f"frame {number} is {frame.width}x{frame.height},"
                        f" the first {size[0]}x{size[1]}",
                    )
                yield frame
                number += 1
        except av.error.FFmpegError as error:
            raise BadVideoError(
                path.name, f"decoding gives {number} of {promised} frames, then: {error.strerror}"
            ) from None


class ToRgb:
    """Frames of one stream to RGB; keeps swscale's tables from frame to frame."""

    def __init__(self) -> None:
        from av.video.reformatter import VideoReformatter

        self._reformatter = VideoReformatter()

    def __call__(self, frame: "VideoFrame") -> NDArray[np.uint8]:
        """A frame of any pixel format -> uint8 [H,W,3]."""
        # threads=1: by default a pool of threads starts for every frame (spec dependencies.md 1).
        rgb = self._reformatter.reformat(frame, format="rgb24", threads=1)
        return np.asarray(rgb.to_ndarray(), np.uint8)
