"""Small real videos for the tests of evaluation.videos: every frame differs from every other."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.stored import StoredVideos

Frames = list[NDArray[np.uint8]]


def moving(count: int, height: int = 48, width: int = 64, seed: int = 0) -> Frames:
    """A patterned scene that slides by three pixels a frame, [H,W,3] each."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 256, (height // 8 + 1, (width + 3 * count) // 8 + 1, 3), np.uint8)
    scene = np.kron(blocks, np.ones((8, 8, 1), np.uint8))
    return [np.ascontiguousarray(scene[:height, 3 * t : 3 * t + width]) for t in range(count)]


def encode(
    path: Path, frames: Frames, codec: str = "libx264", pixels: str = "yuv420p", **settings: Any
) -> Path:
    """Encode with PyAV; `settings` go to the encoder, `times` stamps frames (1/1000 s)."""
    import av

    times: Sequence[int] | None = settings.pop("times", None)
    before = settings.pop("before", lambda stream: None)
    options = {key.replace("_", "-"): str(value) for key, value in settings.items()}
    with av.open(f"file:{path}", "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        before(stream)
        for number, pixel in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixel, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def decoded(path: Path) -> Frames:
    """Every frame, decoded in order by PyAV's plainest call: what a reading by index must equal."""
    import av

    with av.open(f"file:{path}") as container:
        return [f.to_ndarray(format="rgb24", threads=1) for f in container.decode(video=0)]


def opened(path: Path, **options: Any) -> StoredVideos:
    """The source at a path."""
    return open_videos(path, OpenOptions(**options))


def clip(source: StoredVideos, index: int, frames: Sequence[int]) -> Frames:
    """Frames as [H,W,3] arrays."""
    return list(source.read(index, frames).permute(0, 2, 3, 1).numpy())


def same(a: Sequence[NDArray[np.uint8]], b: Sequence[NDArray[np.uint8]]) -> bool:
    """Whether two runs of frames are the same, pixel for pixel."""
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
