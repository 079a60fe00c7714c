"""Decodes video files through PyAV: opened safely, in order, checked, converted to RGB.

Pixels are as stored: no rotation, no deinterlacing, no aspect ratio, no alpha; they are converted
to RGB by swscale's defaults.

Decoders conceal errors: a damaged picture is filled in from the one decoded last, and only
libavcodec's log reports it. Here every error in that log, and every wrong checksum of FFV1, makes
the video a broken one.
"""

import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.videos import ffv1
from leo_bench.evaluation.videos.whole import NotWholeError

if TYPE_CHECKING:  # PyAV takes 0.1 s to import, and only video files need it
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Formats that libavformat may open. Those that refer to other files or addresses (concat, HLS,
# DASH) are left out: a text file called .mp4 could otherwise make it read any file.
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,gif,apng,asf"
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}


@contextmanager
def opened(path: Path, **options: str) -> Iterator[tuple["InputContainer", "VideoStream"]]:
    """The file's container and its first stream of moving pictures; `options` go to libavformat.

    Raises:
        BadVideoError: it has none, or is of a format that is not read.
    """
    import av

    try:
        # "file:" keeps a colon in a name from being read as a protocol.
        container = av.open(f"file:{path}", options=_OPTIONS | options, **_any_metadata())
    except av.error.ArgumentError:
        raise BadVideoError(path.name, "is of no kind that is read as a video") from None
    with container:
        moving = moving_streams(container)
        if not moving:
            raise BadVideoError(path.name, "holds no video stream")
        if moving[0].codec_context is None:
            raise BadVideoError(path.name, "its codec is not known")
        # One thread: many files are read at once, a seek does not fill a pipeline, and a decoder's
        # errors are reported in the thread that asked for the frame.
        moving[0].codec_context.thread_count = 1
        yield container, moving[0]


def moving_streams(container: "InputContainer") -> list["VideoStream"]:
    """The streams of moving pictures: all but cover art."""
    from av.stream import Disposition

    return [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]


def _any_metadata() -> dict[str, Any]:
    """Titles may be in any encoding; PyAV before 19 is strict unless told otherwise."""
    import av

    return {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}


@contextmanager
def damage_named(name: str) -> Iterator[None]:
    """Turn the errors that a broken file makes PyAV raise into BadVideoError under `name`."""
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


class Decoded(NamedTuple):
    """A packet, the frames that decoding it gave, and its damage, if any.

    After a damaged packet, frames up to the next keyframe may be concealed ones.
    """

    packet: "Packet[VideoStream]"
    frames: "list[VideoFrame]"
    damage: str | None


def decoded(container: "InputContainer", stream: "VideoStream") -> Iterator[Decoded]:
    """Every packet from the container's position on, with its frames in decoding order."""
    check = slice_checks(stream)
    for packet in container.demux(stream):
        damage = check(packet) if packet.size else None
        given = decode(packet)
        yield given._replace(damage=damage) if damage else given


def decode(packet: "Packet[VideoStream]") -> Decoded:
    """A packet with its frames; the decoder must have had all packets before it."""
    import av.logging

    _have_errors_reported()
    with av.logging.Capture() as log:  # of this thread alone
        frames = packet.decode()
    errors = [message.strip() for level, _, message in log if level <= av.logging.ERROR]
    return Decoded(packet, frames, errors[0] if errors else None)


def _have_errors_reported() -> None:
    """Make PyAV pass on every report of libav, which it drops by default.

    These are settings of the whole process; reports that nobody captures are discarded.
    """
    import av.logging

    if av.logging.get_level() is None:
        logging.getLogger("libav").addHandler(logging.NullHandler())  # nothing on the terminal
        av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)


def slice_checks(stream: "VideoStream") -> ffv1.SliceChecks:
    """The checks of a stream's packets before decoding; only FFV1 has checksums."""
    is_ffv1 = stream.codec_context.name == "ffv1"
    return ffv1.SliceChecks((stream.codec_context.extradata or b"") if is_ffv1 else b"")


def frames_in_order(path: Path, promised: int) -> Generator["VideoFrame"]:
    """Every frame from the first on in decoding order, each undamaged and of the same size.

    Args:
        path: the file.
        promised: how many frames there should be, for the message.

    Raises:
        BadVideoError: decoding fails, or a frame is damaged or of another size.
    """
    import av

    number, size, first = 0, None, None
    with opened(path) as (container, stream):
        try:
            for packet, frames, damage in decoded(container, stream):
                first = packet.pts if first is None else first
                if damage is not None and not shown_before(packet, first):
                    reason = f"frame {number} of {promised} is damaged: {damage}"
                    raise BadVideoError(path.name, reason)
                for frame in frames:
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


def shown_before(packet: "Packet[VideoStream]", keyframe: int | None) -> bool:
    """Whether a picture is shown before the keyframe that decoding began with.

    Such a picture may refer to pictures before the keyframe, which were not decoded (open GOP):
    decoders report an error, and the frames that follow are correct.
    """
    return keyframe is not None and packet.pts is not None and packet.pts < keyframe


class ToRgb:
    """Converts frames of one stream to RGB; keeps swscale's tables between frames."""

    def __init__(self) -> None:
        from av.video.reformatter import VideoReformatter

        self._reformatter = VideoReformatter()

    def __call__(self, frame: "VideoFrame") -> NDArray[np.uint8]:
        """A frame of any pixel format -> uint8 [H,W,3]."""
        # threads=1: by default PyAV starts a pool of threads for every frame.
        rgb = self._reformatter.reformat(frame, format="rgb24", threads=1)
        return np.asarray(rgb.to_ndarray(), np.uint8)
