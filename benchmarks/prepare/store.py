"""Stores a prepared video as JPEG frames, as lossless video or as a link, atomically.

jpeg      NAME/000000.jpg and so on, with Pillow's defaults: quality 75, 4:2:0. StyleGAN-V's scripts
          (universome/stylegan-v@3fecd69) pass `q=95`, which is not an option of Pillow and has no
          effect, so this loss is part of every number published on such frames.
lossless  NAME.mkv, FFV1
link      NAME.SUFFIX, a relative link to the file of the download
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

# (job, path) -> number of frames written to the path, and notes.
Writer = Callable[[Job, Path], tuple[int, tuple[str, ...]]]


def placed_path(job: Job, store: StoreKind) -> str:
    """The path of a job's video below its split."""
    suffix = {"jpeg": "", "lossless": ".mkv", "link": job.sources[0].suffix}[store]
    return job.name + suffix


def store_video(
    job: Job, store: StoreKind, place: Path, scratch: Path
) -> tuple[int, tuple[str, ...]]:
    """Make one video in `scratch`, move it to `place`, and return its frame count and notes.

    Raises:
        BadVideoError: the sources cannot be read, or no frame is left.
        OSError: the file cannot be written.
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
    first = next(cut.frames, None)  # without frames `store_video` raises, not the writer
    count = 0 if first is None else write_frames(path, chain([first], cut.frames), cut.fps)
    return count, tuple(cut.notes)


def write_frames(path: Path, frames: Iterable[Frame], fps: float) -> int:
    """Write uint8 [H,W,3] frames atomically, in the format of the suffix; return their number."""
    tensors = (torch.from_numpy(np.ascontiguousarray(f)).permute(2, 0, 1) for f in frames)
    return write_video(path, tensors, fps)


def _link(job: Job, path: Path) -> tuple[int, tuple[str, ...]]:
    source = job.sources[0].resolve()
    frames = _frames_of(source, source.stat().st_mtime_ns)
    # The scratch folder is as deep as the data set's, so the relative link survives the move.
    path.symlink_to(os.path.relpath(source, path.parent.resolve()))
    return frames, ()


@lru_cache(maxsize=100_000)  # one file may be in many splits
def _frames_of(path: Path, _changed_ns: int) -> int:
    """The number of frames of a video file; BadVideoError if it is damaged."""
    return VideoFiles().scan(Place(path.name, str(path))).frames


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
