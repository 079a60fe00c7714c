"""Training videos: held-out split, frames at the model's resolution, random pairs of frames.

Frames are packed once: decoded, resized and written to one memory-mapped file that all training
runs and processes share, so that a random frame costs a copy. Where they would not fit, they are
decoded each time.
"""

import hashlib
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from filelock import FileLock
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.single_thread_pool import readers
from leo_bench.evaluation.files.places import cache_root
from leo_bench.evaluation.preprocess import floor_crop_lanczos
from leo_bench.evaluation.videos.source import VideoSource, check_unchanged, fingerprint
from leo_bench.leo.animator_config import Augmentation
from leo_bench.leo.data.augmentation import augment
from leo_bench.leo.data.cropping import CroppedVideos
from leo_bench.leo.data.prefetch import usual_threads
from leo_bench.leo.seeds import generator
from leo_bench.leo.stage import Batch, Share

PACK_BYTES = 16 * 2**30  # disk space for packed frames, by default

Progress = Callable[[int, int], None]

T = TypeVar("T")


@dataclass(frozen=True)
class TrainingVideos:
    """Videos at one resolution, some of them held out.

    Args:
        source: the videos as they are stored.
        resolution: side of the returned square frames; others are cropped and resized.
        training, held_out: indices into the source.
        packed: all frames, uint8 [sum of frame counts,3,R,R], memory-mapped; None: not packed.
        digest: fingerprint of the source.
    """

    source: VideoSource
    resolution: int
    training: Sequence[int]
    held_out: Sequence[int]
    packed: NDArray[np.uint8] | None
    digest: str

    @property
    def frame_counts(self) -> Sequence[int]:
        """Frames of each video of the source."""
        return self.source.frame_counts

    @property
    def judged(self) -> Sequence[int]:
        """Indices of the validation videos, see the function `judged`."""
        return judged(self.training, self.held_out)

    def frames(self, video: int, indices: Sequence[int]) -> Tensor:
        """Some frames of one video: uint8 [len(indices),3,R,R]."""
        if self.packed is None:
            wanted = sorted(set(indices))
            found = frames_at_size(self.source, video, wanted, self.resolution)
            return found[[wanted.index(i) for i in indices]]
        first = self._firsts[video]
        return torch.from_numpy(self.packed[[first + i for i in indices]])

    @cached_property
    def _firsts(self) -> Sequence[int]:
        """Where each video begins in `packed`."""
        return list(accumulate(self.frame_counts, initial=0))

    @property
    def unpacked_note(self) -> str | None:
        """A note on the space that packing would take; None: frames are packed."""
        if self.packed is not None:
            return None
        needed = packed_bytes(self.source, self.resolution)
        return (
            f"{self.source.name}: frames are decoded each time they are needed; packed at "
            f"{self.resolution} pixels they would take {needed / 2**30:.3g} GiB of the disk of "
            f"{cache_root()}: with as much room there, give --pack {math.ceil(needed / 2**30)}"
        )


def judged(training: Sequence[T], held_out: Sequence[T]) -> Sequence[T]:
    """What to validate on: what is held out, or the first training item if nothing is."""
    return held_out or training[:1]


def open_training_videos(
    source: VideoSource,
    resolution: int,
    held_out: float,
    pack_bytes: int = PACK_BYTES,
    progress: Progress | None = None,
) -> TrainingVideos:
    """Choose the held-out videos, and pack the frames if they take at most `pack_bytes` on disk.

    Frames that are packed already are used whatever they take, unless `pack_bytes` is 0. The frames
    are the same either way.

    Raises:
        InputError: fewer than two videos, or one with a single frame; a full disk.
    """
    check_enough(source)
    training, kept_out = split(source.names, held_out)
    digest = fingerprint(source)
    packed = None
    place = cache_root() / "frames" / f"{digest[:32]}-{resolution}.npy"
    if packed_bytes(source, resolution) <= pack_bytes or (pack_bytes and place.exists()):
        packed = _packed(source, resolution, place, progress)
    return TrainingVideos(
        source=source,
        resolution=resolution,
        training=training,
        held_out=kept_out,
        packed=packed,
        digest=digest,
    )


def check_enough(source: VideoSource) -> None:
    """Check that there are pairs of frames to learn from, and a video to hold out.

    Raises:
        InputError: fewer than two videos, or one with a single frame.
    """
    if len(source.names) < 2:
        raise InputError(f"{source.name}: training needs at least 2 videos, found one")
    short = [n for n, count in zip(source.names, source.frame_counts, strict=True) if count < 2]
    if short:
        raise InputError(f"{source.name}: {short[0]} has one frame; training needs at least 2")


def packed_bytes(source: VideoSource, resolution: int) -> int:
    """Bytes that all frames take when packed."""
    return sum(source.frame_counts) * 3 * resolution**2


def split(names: Sequence[str], held_out: float) -> tuple[list[int], list[int]]:
    """Indices of the training videos and of the held-out ones, a share `held_out` of all.

    Held out are the videos whose names have the smallest SHA-256, in whatever order they come.
    """
    count = math.ceil(held_out * len(names))
    order = sorted(range(len(names)), key=lambda i: hashlib.sha256(names[i].encode()).digest())
    return sorted(order[count:]), sorted(order[:count])


def frames_at_size(source: VideoSource, video: int, indices: Sequence[int], side: int) -> Tensor:
    """Frames of one video, ascending, at side x side: uint8 [len(indices),3,side,side].

    Each is brought there before the next is read, so no two are held as stored.

    Raises:
        BadVideoError: a frame cannot be read.
    """
    found = torch.empty(len(indices), 3, side, side, dtype=torch.uint8)
    for place, frame in enumerate(source.each_frame(video, indices)):
        found[place] = at_size(frame[None], side)[0]
    return found


def at_size(frames: Tensor, side: int) -> Tensor:
    """Central squares, resized: uint8 [T,3,H,W] -> uint8 [T,3,side,side]."""
    return frames if frames.shape[-2:] == (side, side) else floor_crop_lanczos(frames, side)


def _packed(
    source: VideoSource, resolution: int, place: Path, progress: Progress | None
) -> NDArray[np.uint8]:
    """All frames of the source in one memory-mapped file, made if it does not exist."""
    unfinished = place.with_suffix(".unfinished")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place.with_suffix(".lock")):
            if not place.exists():
                try:
                    _pack(source, resolution, unfinished, progress)
                except BaseException:  # an unreadable video and Ctrl-C, too
                    unfinished.unlink(missing_ok=True)  # frees its disk space
                    raise
                unfinished.replace(place)
    except OSError as error:
        raise InputError(
            f"{place}: frames cannot be packed: {error.strerror or error}; "
            "make room, or set LEO_BENCH_CACHE to a disk that has it"
        ) from None
    packed: NDArray[np.uint8] = open_memmap(place, mode="r")
    return packed


def _pack(source: VideoSource, resolution: int, path: Path, progress: Progress | None) -> None:
    ends = list(accumulate(source.frame_counts))
    packed = open_memmap(
        path, mode="w+", dtype=np.uint8, shape=(ends[-1], 3, resolution, resolution)
    )
    _take_room(path)

    def pack(video: int) -> None:
        count = source.frame_counts[video]
        first = ends[video] - count
        for place, frame in enumerate(source.each_frame(video, range(count)), start=first):
            packed[place] = at_size(frame[None], resolution)[0].numpy()
        source.check_unchanged(video)

    largest = max(height * width for height, width in source.sizes())
    with ThreadPoolExecutor(readers(usual_threads(), largest)) as pool:
        for done, _ in enumerate(pool.map(pack, range(len(ends))), start=1):
            if progress is not None:
                progress(done, len(ends))
    packed.flush()
    check_unchanged(source, range(len(ends)))


def _take_room(path: Path) -> None:
    """Allocate all blocks of a sparse file; on a full disk, a write to mapped memory would crash.

    Raises:
        OSError: the disk is full.
    """
    if hasattr(os, "posix_fallocate"):  # Linux; macOS has none
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def cut_note(source: VideoSource) -> str | None:
    """A note on videos of which the central square alone is used; None if all frames are square."""
    if isinstance(source, CroppedVideos):
        return None
    sizes = dict(zip(source.names, source.sizes(), strict=True))
    cut = {name: min(size) / max(size) for name, size in sizes.items() if len(set(size)) > 1}
    if not cut:
        return None
    worst = min(cut, key=lambda name: cut[name])
    if len(sizes) == 1:
        return cut_line(source.name, *sizes[worst])
    return (
        f"{source.name}: {len(cut)} of {len(sizes)} are not square; "
        f"{cut_line(worst, *sizes[worst])}"
    )


def cut_line(name: str, height: int, width: int) -> str:
    """How much of one picture is lost when its central square is used."""
    side, ends = min(height, width), "left and right" if width > height else "top and bottom"
    lost = f"{1 - side / max(height, width):.0%}".replace("%", " %")
    return (
        f"{name}: of {width}x{height} the middle square of {side}x{side} is used; {lost} of the "
        f"picture is cut off, {ends}"
    )


@dataclass(frozen=True)
class FramePairs:
    """Pairs of frames of one video, at any distance: what the animator learns from.

    As in LIA's training (wyhsirius/LIA before 3f1d865, dataset.py).

    Args:
        videos: at the model's resolution, or at that which `augmentation` crops from.
        batch: pairs in a step.
        seed: of the training run.
        augmentation: applied to both frames alike.
        side: of the returned frames; the model's resolution.
    """

    videos: TrainingVideos
    batch: int
    seed: int
    augmentation: Augmentation
    side: int

    def __call__(self, step: int, share: Share) -> Batch:
        """The share's pairs of a step: "source" and "driving", uint8 [b,3,side,side]."""
        pairs = torch.stack([self._pair(step, i) for i in share.of(self.batch)])
        return {"source": pairs[:, 0], "driving": pairs[:, 1]}

    def _pair(self, step: int, index: int) -> Tensor:
        random = generator("frame pairs", self.seed, step, index)
        training = self.videos.training
        video = training[int(torch.randint(len(training), (), generator=random))]
        count = self.videos.frame_counts[video]
        first, second = torch.randperm(count, generator=random)[:2].tolist()
        pair = self.videos.frames(video, [first, second])
        return augment(pair, self.augmentation, random, self.side)
