"""Many small MP4 files, for simulations of size: each decodes to other frames.

Frames are encoded once, as H.264 pictures that need no other picture, and padded to one length. So
the header of one file is that of all, and a file is the header and a choice of pictures.
"""

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from av.video.stream import VideoStream

FRAMES, SIDE = 16, 32
POOL = 1024  # pictures to choose from
A_FOLDER = 1000  # files in a folder

_IDR, _FILLER = 5, 12  # types of NAL units: a whole picture, padding (H.264, table 7-1)
_START = b"\0\0\1"


def write_tiny_videos(folder: Path, count: int, seed: int) -> int:
    """Write videos of 16 frames of 32x32 pixels, `0000/000000.mp4` and so on.

    Args:
        folder: made where it is not there.
        count: files.
        seed: draws the frames; videos of other seeds differ, and so do the videos of one.

    Returns:
        Bytes of all files.
    """
    rng = np.random.default_rng(seed)
    head, pictures, tail = _template(rng)
    written = 0
    for number in range(count):
        place = folder / f"{number // A_FOLDER:04d}" / f"{number:06d}.mp4"
        if number % A_FOLDER == 0:
            place.parent.mkdir(parents=True, exist_ok=True)
        chosen = rng.integers(POOL, size=FRAMES)
        written += place.write_bytes(head + b"".join(pictures[i] for i in chosen) + tail)
    return written


def _template(rng: np.random.Generator) -> tuple[bytes, list[bytes], bytes]:
    """What stands before the pictures in a file, the pictures, and what stands behind them."""
    import av
    from av.packet import Packet

    units = list(_pictures(rng))
    length = max(map(len, units)) + 3
    padded = [(unit, _filler(length - len(unit))) for unit in units]
    pictures = [b"".join(len(unit).to_bytes(4, "big") + unit for unit in pair) for pair in padded]
    file = io.BytesIO()
    options = {"fflags": "+bitexact"}
    with av.open(file, "w", format="mp4", container_options=options) as container:
        stream = _stream(container.add_stream("libx264", rate=25))
        stream.codec_context.open()
        for number, pair in enumerate(padded[:FRAMES]):
            packet = Packet(b"".join(b"\0" + _START + unit for unit in pair))
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, True
            container.mux(packet)
    content = file.getvalue()
    begin = content.index(b"".join(pictures[:FRAMES]))
    return content[:begin], pictures, content[begin + FRAMES * len(pictures[0]) :]


def _pictures(rng: np.random.Generator) -> Iterator[bytes]:
    """POOL encoded pictures of coarse blocks."""
    import av
    from av.video.frame import VideoFrame

    blocks = rng.integers(256, size=(POOL, 4, 4, 3), dtype=np.uint8)
    frames = blocks.repeat(SIDE // 4, axis=1).repeat(SIDE // 4, axis=2)
    with av.open(io.BytesIO(), "w", format="mp4") as container:
        stream = _stream(container.add_stream("libx264", rate=25))
        for frame in [*(VideoFrame.from_ndarray(frame, format="rgb24") for frame in frames), None]:
            for packet in stream.encode(frame):
                for unit in bytes(packet).split(_START):
                    if unit and unit[0] & 31 == _IDR:
                        yield unit.rstrip(b"\0")


def _stream(stream: "VideoStream") -> "VideoStream":
    stream.width = stream.height = SIDE
    stream.pix_fmt = "yuv420p"
    stream.options = {"crf": "30", "g": "1", "bf": "0", "x264-params": "scenecut=0:slices=1"}
    stream.codec_context.thread_count = 1
    return stream


def _filler(length: int) -> bytes:
    """A unit of padding of so many bytes, at least 3."""
    return bytes([_FILLER]) + b"\xff" * (length - 2) + b"\x80"
