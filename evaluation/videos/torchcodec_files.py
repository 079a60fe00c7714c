"""Layout of video files whose frames TorchCodec decodes, after PyAV has counted and checked them.

TorchCodec opens an .mkv that was cut off as a video of fewer frames, without an error. So a file is
opened as `VideoFiles` opens it, and what TorchCodec gives must have that number of frames, that
size and those times. A file is read through PyAV if a note says that something about it is unusual
(rotation, more than 8 bits, edit lists, several streams), or if it has no times and keyframes.

Measured with TorchCodec 0.17 on the FFmpeg 8.1 libraries of PyAV 18.1: equal levels for every plain
file that was tried (H.264, HEVC, VP9 and FFV1 in MP4, MKV and WebM; BT.601 and BT.709, limited and
full range). Of 60 H.264 files with three wrong bytes in their pictures PyAV's reading refused 24,
and TorchCodec's 10: it does not report pictures that its decoder conceals, and a note says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.videos.container import VideoFiles
from leo_bench.evaluation.videos.decoding import damage_named
from leo_bench.evaluation.videos.seeking import FrameTimes
from leo_bench.evaluation.videos.source import PIECE_BYTES
from leo_bench.evaluation.videos.stored import Layout, Place, Stored

if TYPE_CHECKING:  # a process that only scans does without torch
    from torch import Tensor
    from torchcodec.decoders import VideoDecoder

BY_PYAV = "read through PyAV, since TorchCodec reads plain files only"
CONCEALED = "TorchCodec does not report damaged pictures that its decoder conceals; PyAV does"


class TorchCodecFiles(Layout):
    """Video files, one video each.

    Raises:
        InputError: TorchCodec or the FFmpeg libraries that it needs are not installed.
    """

    kind = VideoFiles.kind
    scans_apart = True

    def __init__(self) -> None:
        self._files = VideoFiles()
        self.decoder = f"{_versions()}, else {self._files.decoder}"
        self.reading = f"{self._files.reading}, for TorchCodec"

    def scan(self, place: Place) -> Stored:
        """See Layout.scan; a note says that a file will be read through PyAV."""
        stored = self._files.scan(place)
        if _is_plain(stored):
            return stored
        return replace(stored, notes=(*stored.notes, BY_PYAV))

    def each_frame(self, video: Stored, frames: Sequence[int]) -> Iterator["Tensor"]:
        """See Layout.each_frame."""
        if not _is_plain(video):
            yield from self._files.each_frame(video, frames)
            return
        with damage_named(video.name):
            decoder = _opened(video)
            at_once = max(1, PIECE_BYTES // (3 * video.height * video.width))
            for start in range(0, len(frames), at_once):
                yield from _piece(decoder, video, frames[start : start + at_once])


def _is_plain(video: Stored) -> bool:
    times = FrameTimes.unpack(video.index)
    plain = not video.notes and not video.turn and len(times.keys) > 0
    return plain and video.frames > 1 and video.rate is not None


def _opened(video: Stored) -> "VideoDecoder":
    """The decoder of a file, which finds as many frames in it as PyAV does."""
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(video.path, num_ffmpeg_threads=1, device="cpu", seek_mode="exact")
    if len(decoder) != video.frames:
        reason = f"TorchCodec finds {len(decoder)} frames, PyAV {video.frames}: drop --decoder"
        raise BadVideoError(video.name, reason)
    return decoder


def _piece(decoder: "VideoDecoder", video: Stored, frames: Sequence[int]) -> "Tensor":
    """Some frames, uint8 [n,3,H,W], each of the size and at the time of which PyAV knows."""
    found = decoder.get_frames_at(list(frames))
    shape = (len(frames), 3, video.height, video.width)
    if str(found.data.dtype) != "torch.uint8" or found.data.shape != shape:
        given = f"{found.data.dtype} {list(found.data.shape)}"
        raise BadVideoError(video.name, f"TorchCodec gives {given}, not {list(shape)} of uint8")
    apart = np.abs(found.pts_seconds.numpy() - _seconds(video)[list(frames)])
    if apart.max() > 0.5 / cast(float, video.rate):
        number = frames[int(apart.argmax())]
        raise BadVideoError(video.name, f"TorchCodec gives another frame as frame {number}")
    pixels: Tensor = found.data
    return pixels


def _seconds(video: Stored) -> NDArray[np.float64]:
    """When each frame is shown; the rate of a file is that from its first to its last frame."""
    stamps = FrameTimes.unpack(video.index).stamps
    seconds = (len(stamps) - 1) / cast(float, video.rate)  # `_is_plain` has seen to it
    times: NDArray[np.float64] = stamps * (seconds / (stamps[-1] - stamps[0]))
    return times


def _versions() -> str:
    """Of TorchCodec and of the FFmpeg libraries that it has found.

    Raises:
        InputError: they are not installed; the message says how to install them.
    """
    try:
        import torchcodec
    except ImportError:
        raise InputError(
            "--decoder torchcodec: TorchCodec is not installed: pip install torchcodec (from the "
            "same index as torch), or drop --decoder"
        ) from None
    except (OSError, RuntimeError):  # before 0.12 it looks for FFmpeg at once
        raise InputError(_NO_FFMPEG) from None
    if torchcodec.ffmpeg_major_version is None:
        raise InputError(_NO_FFMPEG)
    return f"TorchCodec {torchcodec.__version__} / FFmpeg {torchcodec.ffmpeg_major_version}"


_NO_FFMPEG = (
    "--decoder torchcodec: TorchCodec finds no FFmpeg libraries of its own (those of PyAV do not "
    "serve it): apt install ffmpeg, or conda install -c conda-forge ffmpeg; or drop --decoder"
)
