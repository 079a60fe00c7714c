"""Speed of reading videos: every layout, all frames in order and random clips of 16 frames.

The video is one of toy-faces at 256x256 pixels with Gaussian noise added. The plain form reads its
H.264 file by PyAV's `to_ndarray` with default threads; for a clip it decodes every frame up to the
clip's last.
"""

import tempfile
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from leo_bench.benchmarks.speed.machine import Row, Task, Timing, interleaved
from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.evaluation.videos.write import write_video

SIDE, FRAMES, CLIP, CLIPS, ROUNDS = 256, 128, 16, 8, 5
PLAIN = "H.264 .mp4, PyAV plainly"


def measure() -> list[Row]:
    """Time on one thread of the CPU; half a minute on two quiet cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _rows(Path(folder))
    finally:
        torch.set_num_threads(threads)


def _rows(folder: Path) -> list[Row]:
    paths = _stored(folder, _pictures())
    starts = np.random.default_rng(0).integers(0, FRAMES - CLIP + 1, CLIPS).tolist()
    whole, clips = [range(FRAMES)], [range(start, start + CLIP) for start in starts]
    tasks: dict[str, Task] = {}
    for layout, path in paths.items():
        read = _reader(layout, path, folder)
        tasks[f"{layout}, in order"] = partial(_read_all, read, whole)
        tasks[f"{layout}, clips"] = partial(_read_all, read, clips)
    seconds = interleaved(tasks, ROUNDS)
    in_order = {name: seconds[f"{name}, in order"].shared_by(FRAMES) for name in paths}
    by_clip = {name: seconds[f"{name}, clips"].shared_by(CLIPS) for name in paths}
    return [
        {"layout": name, "kB a frame": f"{_bytes(path) / FRAMES / 1e3:.1f}"}
        | _rates("frames/s in order", in_order[name], in_order[PLAIN])
        | _rates("clips/s", by_clip[name], by_clip[PLAIN])
        for name, path in paths.items()
    ]


def _pictures() -> Tensor:
    """The video, uint8 [T,3,H,W]."""
    world = open_world("toy-faces", "test", WorldShape(resolution=SIDE, frames=FRAMES, count=1))
    grain = torch.randn(FRAMES, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2
    return (world.read(0, range(FRAMES)) + grain).round().clamp(0, 255).to(torch.uint8)


def _stored(folder: Path, pictures: Tensor) -> dict[str, Path]:
    """Write the video in every layout: name of the layout -> path."""
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


def _rates(what: str, timing: Timing, plain: Timing) -> Row:
    return {
        f"{what}, best": f"{1 / timing.fastest:,.0f}",
        f"{what}, median": f"{1 / timing.median:,.0f}",
        f"{what}, times plain": f"{plain.fastest / timing.fastest:.2f}",
    }
