"""Reading videos: every layout in order, and in clips of 16 frames by index, in one run.

One toy-faces video of 256x256 pixels, with grain on it as cameras leave. The plain form is PyAV's
own on the H.264 file: every frame in order, by `to_ndarray` with its default threads, and for a
clip everything up to its last frame.
"""

import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from leo_bench.benchmarks.speed.machine import Task, Timing, interleaved
from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.evaluation.videos.write import write_video

COLUMNS = (
    "layout",
    "kB a frame",
    "frames/s in order, best",
    "median",
    "times plain",
    "clips/s, best",
    "median",
    "times plain",
)

SIDE, FRAMES, CLIP, CLIPS, ROUNDS = 256, 128, 16, 8, 5
PLAIN = "H.264 .mp4, PyAV plainly"


@dataclass(frozen=True)
class DecodeTiming:
    """One line of the table.

    Args:
        kilobytes: stored, a frame.
        in_order: of a frame, the whole video read in order.
        by_clip: of a clip, clips drawn by chance.
        plain: the same two of the plain form.
    """

    layout: str
    kilobytes: float
    in_order: Timing
    by_clip: Timing
    plain: tuple[Timing, Timing]

    def cells(self) -> list[str]:
        """As `COLUMNS`."""
        return [
            self.layout,
            f"{self.kilobytes:.1f}",
            *_rates(self.in_order, self.plain[0]),
            *_rates(self.by_clip, self.plain[1]),
        ]


def measure() -> list[DecodeTiming]:
    """Measure on the CPU; half a minute on two quiet cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _rows(Path(folder))
    finally:
        torch.set_num_threads(threads)


def _rows(folder: Path) -> list[DecodeTiming]:
    paths = _stored(folder, _pictures())
    starts = np.random.default_rng(0).integers(0, FRAMES - CLIP + 1, CLIPS).tolist()
    whole, clips = [range(FRAMES)], [range(start, start + CLIP) for start in starts]
    tasks: dict[str, Task] = {}
    for layout, path in paths.items():
        read = _reader(layout, path, folder)
        tasks[f"{layout}, in order"] = partial(_read_all, read, whole)
        tasks[f"{layout}, clips"] = partial(_read_all, read, clips)
    seconds = interleaved(tasks, ROUNDS)
    both = {
        layout: (
            seconds[f"{layout}, in order"].shared_by(FRAMES),
            seconds[f"{layout}, clips"].shared_by(CLIPS),
        )
        for layout in paths
    }
    return [
        DecodeTiming(layout, _bytes(path) / FRAMES / 1e3, *both[layout], both[PLAIN])
        for layout, path in paths.items()
    ]


def _pictures() -> Tensor:
    """uint8 [T,3,H,W]."""
    world = open_world("toy-faces", "test", WorldShape(resolution=SIDE, frames=FRAMES, count=1))
    grain = torch.randn(FRAMES, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2
    return (world.read(0, range(FRAMES)) + grain).round().clamp(0, 255).to(torch.uint8)


def _stored(folder: Path, pictures: Tensor) -> dict[str, Path]:
    """Layout -> where the video lies in it."""
    for name in ("video.mp4", "video.mkv", "video.npy", "frames"):
        write_video(folder / name, pictures, fps=25)
    with zipfile.ZipFile(folder / "video.zip", "w") as archive:
        for frame in sorted((folder / "frames").iterdir()):
            archive.write(frame, f"video/{frame.name}")
    return {
        PLAIN: folder / "video.mp4",
        "H.264 .mp4": folder / "video.mp4",
        "FFV1 .mkv": folder / "video.mkv",
        "folder of png": folder / "frames",
        "zip of png": folder / "video.zip",
        ".npy": folder / "video.npy",
    }


def _reader(layout: str, path: Path, folder: Path) -> Callable[[Sequence[int]], object]:
    if layout == PLAIN:
        return partial(_read_plainly, path)
    source: VideoSource = open_videos(path, OpenOptions(cache_root=folder / "cache"))
    return partial(source.read, 0)


def _read_all(read: Callable[[Sequence[int]], object], clips: Sequence[Sequence[int]]) -> None:
    for clip in clips:
        read(clip)


def _read_plainly(path: Path, frames: Sequence[int]) -> Tensor:
    import av

    with av.open(str(path)) as container:
        decoded = zip(range(frames[-1] + 1), container.decode(video=0), strict=False)
        chosen = [frame.to_ndarray(format="rgb24") for n, frame in decoded if n >= frames[0]]
    return torch.from_numpy(np.stack(chosen)).permute(0, 3, 1, 2).contiguous()


def _bytes(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.iterdir())


def _rates(timing: Timing, plain: Timing) -> list[str]:
    return [
        f"{1 / timing.fastest:,.0f}",
        f"{1 / timing.median:,.0f}",
        f"{plain.fastest / timing.fastest:.2f}",
    ]
