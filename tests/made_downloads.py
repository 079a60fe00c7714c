"""Small videos that downloads in the official layouts are made of."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leo_bench.benchmarks.prepare.job import Cut, Job
from leo_bench.benchmarks.prepare.resample import Frame
from leo_bench.benchmarks.prepare.store import write_frames

WIDTH, HEIGHT = 64, 48


def moving(frames: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """uint8 [T,H,W,3]; every frame differs from every other, no symmetry."""
    t, y, x, c = np.mgrid[:frames, :height, :width, :3]
    return ((t * 37 + y * 5 + x * 3 + c * 60) % 256).astype(np.uint8)


def write(path: Path, frames: NDArray[np.uint8], fps: float = 25) -> Path:
    write_frames(path, frames, fps)
    return path


def cut(job: Job) -> tuple[list[Frame], Cut]:
    made = job.cut()
    return list(made.frames), made
