"""The ways prepared frames are kept; each video appears whole in its place, or not at all.

jpeg      NAME/000000.jpg and on, Pillow's defaults: quality 75, 4:2:0. StyleGAN-V's scripts pass
          `q=95`, which is no option of Pillow's and does nothing (spec metrics.md 0, item 10), so
          this loss is part of every number published on such frames.
lossless  NAME.mkv, FFV1
link      NAME.SUFFIX, a relative link to the download's own file, as it is
"""

import os
import shutil
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from leo_bench.benchmarks.prepare.job import Job, StoreKind
from leo_bench.benchmarks.prepare.resample import Frame
from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.videos.container import VideoFiles
from leo_bench.evaluation.videos.stored import Place
from leo_bench.evaluation.videos.write import write_video

# Writes a job's video to the path that it is given; returns its frames and notes.
Writer = Callable[[Job, Path], tuple[int, tuple[str, ...]]]


def placed_path(job: Job, store: StoreKind) -> str:
    """Where a job's video lies below its split."""
    suffix = {"jpeg": "", "lossless": ".mkv", "link": job.sources[0].suffix}[store]
    return job.name + suffix


def store_video(
    job: Job, store: StoreKind, place: Path, scratch: Path
) -> tuple[int, tuple[str, ...]]:
    """Make one video in `scratch` and move it to `place`; -> its frames, and what happened to it.

    Raises:
        BadVideoError: the sources cannot be read, or no frame is left.
        OSError: the disk is full, or the like.
    """
    temporary = scratch / job.split / placed_path(job, store)
    for leftover in (temporary, place):
        _remove(leftover)
        leftover.parent.mkdir(parents=True, exist_ok=True)
    try:
        frames, notes = WRITERS[store](job, temporary)
        if frames == 0:
            raise BadVideoError(job.name, "; ".join(("no frame is left", *notes)))
        temporary.replace(place)
    finally:
        _remove(temporary)
    return frames, notes


def _write_jpegs(job: Job, folder: Path) -> tuple[int, tuple[str, ...]]:
    folder.mkdir()
    cut, count = job.cut(), 0
    for frame in cut.frames:
        Image.fromarray(frame).save(folder / f"{count:06d}.jpg")
        count += 1
    return count, tuple(cut.notes)


def _write_lossless(job: Job, path: Path) -> tuple[int, tuple[str, ...]]:
    cut = job.cut()
    first = next(cut.frames, None)  # a video of no frame is the video's fault, not the writer's
    count = 0 if first is None else write_frames(path, chain([first], cut.frames), cut.fps)
    return count, tuple(cut.notes)


def write_frames(path: Path, frames: Iterable[Frame], fps: float) -> int:
    """Write uint8 [H,W,3] frames as the suffix of `path` says, whole or not at all; -> how many."""
    tensors = (torch.from_numpy(np.ascontiguousarray(f)).permute(2, 0, 1) for f in frames)
    return write_video(path, tensors, fps)


def _link(job: Job, path: Path) -> tuple[int, tuple[str, ...]]:
    source = job.sources[0].resolve()
    frames = _frames_of(source, source.stat().st_mtime_ns)
    # The scratch folder is as deep as the data set's, so the link still leads there after the move.
    path.symlink_to(os.path.relpath(source, path.parent.resolve()))
    return frames, ()


@lru_cache(maxsize=100_000)  # one file may be in many splits
def _frames_of(path: Path, _changed_ns: int) -> int:
    """How many frames a video file holds; BadVideoError where it is damaged."""
    return VideoFiles().scan(Place(path.name, path)).frames


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


WRITERS: dict[StoreKind, Writer] = {
    "jpeg": _write_jpegs,
    "lossless": _write_lossless,
    "link": _link,
}
