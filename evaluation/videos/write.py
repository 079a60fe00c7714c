"""Writes videos frame by frame; a file is in its place only once it is complete.

.mkv       FFV1 in RGB, every frame a keyframe: lossless, for measurement
.mp4       H.264, 4:2:0, crf 18: for viewing
.gif       a palette of 256 colours a frame: for web pages
.npy       [T,H,W,3]
no suffix  a folder of 000000.png, 000001.png, ...
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from leo_bench.evaluation.errors import InputError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Pixels = NDArray[np.uint8]  # [H,W,3]

UNFINISHED = ".writing-"  # begin of the names of folders that a killed process may leave
FPS = (0.1, 1000.0)  # smallest and largest frame rate


def check_fps(fps: float | Fraction) -> None:
    """Check that a frame rate is allowed.

    Raises:
        InputError: it is not from `FPS[0]` to `FPS[1]`.
    """
    if not FPS[0] <= fps <= FPS[1]:  # in this form it refuses NaN too
        raise InputError(f"{float(fps):g} frames a second: give --fps {FPS[0]:g} to {FPS[1]:g}")


def write_video(path: Path, frames: Iterable[Tensor], fps: float | Fraction) -> int:
    """Write frames, uint8 [3,H,W] RGB, in the format of the suffix of `path` -> their number.

    A file at `path` is replaced; a folder is not.

    Raises:
        InputError: an unknown suffix, a rate beyond `FPS`, no frames, odd sides for .mp4, a folder
            in the way, a full disk or one that may not be written to.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise InputError(f"{path}: cannot write {path.suffix}; can write {', '.join(WRITERS)}")
    check_fps(fps)
    if path.is_dir():
        raise InputError(f"{path}: is there already; remove it first")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder, so that the last step is a rename; hidden, so that no source lists it.
        with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=path.parent) as scratch:
            unfinished = Path(scratch) / path.name
            count = writer(
                unfinished, _checked(path, frames), Fraction(fps).limit_denominator(1001)
            )
            unfinished.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    return count


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left of the videos that they wrote into a folder.

    No other process may be writing videos there.

    Raises:
        InputError: it cannot be removed.
    """
    try:
        for left in folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None


def _checked(path: Path, frames: Iterable[Tensor]) -> Iterator[Pixels]:
    """Each frame as [H,W,3]; at least one, all of one shape."""
    shape = None
    for frame in frames:
        shape = shape or frame.shape
        if frame.dtype != torch.uint8 or frame.shape != shape or shape[:-2] != (3,):
            raise ValueError(
                f"expected uint8 [3,H,W], all of one size, not {frame.dtype} {list(frame.shape)}"
            )
        yield np.ascontiguousarray(frame.cpu().numpy().transpose(1, 2, 0))
    if shape is None:
        raise InputError(f"{path}: no frames to write")


def _write_lossless(path: Path, frames: Iterator[Pixels], fps: Fraction) -> int:
    options = {"level": "3", "slicecrc": "1", "g": "1"}
    return _encode(path, fps, Encoding("ffv1", "bgr0", options), map(_rgb_frame, frames))


def _write_h264(path: Path, frames: Iterator[Pixels], fps: Fraction) -> int:
    def even() -> Iterator["VideoFrame"]:
        for frame in frames:
            if frame.shape[0] % 2 or frame.shape[1] % 2:
                raise InputError(
                    f"{path.name}: .mp4 takes even sides, not {frame.shape[1]}x{frame.shape[0]};"
                    " write .mkv"
                )
            yield _rgb_frame(frame)

    encoding = Encoding("libx264", "yuv420p", {"crf": "18"}, {"movflags": "+faststart"})
    return _encode(path, fps, encoding, even())


def _write_gif(path: Path, frames: Iterator[Pixels], fps: Fraction) -> int:
    return _encode(path, fps, Encoding("gif", "pal8", {}), map(_palette_frame, frames))


def _write_pngs(folder: Path, frames: Iterator[Pixels], fps: Fraction) -> int:
    folder.mkdir()
    count = 0
    for frame in frames:
        Image.fromarray(frame).save(folder / f"{count:06d}.png", compress_level=1)
        count += 1
    return count


def _write_array(path: Path, frames: Iterator[Pixels], fps: Fraction) -> int:
    count = 0
    with path.open("wb") as file:
        for frame in frames:
            if count == 0:
                _array_header(file, 0, frame.shape)
                start, shape = file.tell(), frame.shape
            file.write(frame.data)
            count += 1
        file.seek(0)
        _array_header(file, count, shape)  # NumPy leaves room for the first axis to grow
        if file.tell() != start:
            raise OSError(f"the header of {count} frames has another length than that of none")
    return count


Writer = Callable[[Path, Iterator[Pixels], Fraction], int]
WRITERS: dict[str, Writer] = {
    ".mkv": _write_lossless,
    ".mp4": _write_h264,
    ".gif": _write_gif,
    ".npy": _write_array,
    "": _write_pngs,
}


@dataclass(frozen=True)
class Encoding:
    """What PyAV needs to know of a codec."""

    codec: str
    pixels: str
    options: dict[str, str]
    container_options: dict[str, str] = field(default_factory=dict)


def _encode(path: Path, fps: Fraction, to: Encoding, frames: Iterator["VideoFrame"]) -> int:
    import av

    count = 0
    # Bit-exact: no date, no random id, no version in the file; the same frames give the same bytes.
    options = {"fflags": "+bitexact"} | to.container_options
    with av.open(f"file:{path}", "w", container_options=options) as container:
        stream = cast("VideoStream", container.add_stream(to.codec, rate=fps, options=to.options))
        stream.codec_context.thread_count = 1  # x264's choices depend on it
        for frame in frames:
            if count == 0:
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, to.pixels
            container.mux(stream.encode(frame))
            count += 1
        container.mux(stream.encode())
    return count


def _rgb_frame(pixels: Pixels) -> "VideoFrame":
    from av.video.frame import VideoFrame

    return VideoFrame.from_ndarray(pixels, format="rgb24")


def _palette_frame(pixels: Pixels) -> "VideoFrame":
    from av.video.frame import VideoFrame

    image = Image.fromarray(pixels).quantize(256)
    colours = np.asarray(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    palette = np.zeros((256, 4), np.uint8)
    palette[:, 0] = 255  # opaque
    palette[: len(colours), 1:] = colours
    pair: Any = (np.asarray(image), palette)  # PyAV's stub knows arrays only
    return VideoFrame.from_ndarray(pair, format="pal8")


def _array_header(file: IO[bytes], count: int, shape: tuple[int, ...]) -> None:
    header = {"shape": (count, *shape), "fortran_order": False, "descr": "|u1"}
    npy.write_array_header_1_0(file, header)
