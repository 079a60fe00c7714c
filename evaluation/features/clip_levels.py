"""Clips as levels, uint8, read by threads or by worker processes, ahead of the network.

PyAV releases Python's lock while it decodes and holds it between frames, where threads wait for
each other. Worker processes do not: torch's DataLoader starts them, keeps the order, and moves what
they read through shared memory into pinned memory, from which a GPU copies while it computes.
Processes read stored videos; those that are in memory, rendered or drawn are left to threads.
"""

import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.features.single_thread_pool import Lanes, cores, readers
from leo_bench.evaluation.processes.board import processes_here
from leo_bench.evaluation.videos.source import Selection, VideoSource, each_levels
from leo_bench.evaluation.videos.stored import Layout, Stored, StoredVideos

# Of clips that are read, or being read, before they are used. In worker processes it is bounded by
# half of the free shared memory, too, of which a container may have 64 MB.
LEVELS_BYTES = 512 * 2**20
SHARED_MEMORY = Path("/dev/shm")
AHEAD = 4  # clips that one process reads ahead, at most
CLIPS_A_PROCESS = 16  # a process that would read fewer is not worth its start

Load = Callable[[Tensor], Tensor]  # stored frames, uint8 [T,3,H,W] -> uint8 [T,3,R,R]
Room = Callable[[torch.Size], Tensor]  # a tensor of levels of this shape


class StoredClip(NamedTuple):
    """A clip of a stored video."""

    video: Stored
    frames: Sequence[int]


@dataclass(frozen=True)
class LevelClips:
    """Clips whose levels are to be read, uint8 [T,3,R,R] each, in order.

    Args:
        source: the videos.
        clips: the video and the frames of each.
        load: brings stored frames to the resolution of the benchmark.
        clip_bytes: of the levels of the largest clip.
    """

    source: VideoSource
    clips: Sequence[tuple[int, Sequence[int]]]
    load: Load
    clip_bytes: int

    def by_threads(self, count: int, ahead: int) -> Generator[Tensor] | None:
        """Read by `count` threads, at most `ahead` + 1 clips ahead; None: they are too large."""
        if (ahead + 1) * self.clip_bytes > LEVELS_BYTES:
            return None
        return self._by_threads(count, ahead)

    def by_processes(self, wanted: int) -> Generator[Tensor] | None:
        """Read by `wanted` processes, or fewer where clips are few or large.

        None: there would be less than two, or the videos are not stored ones.

        The generator raises:
            BadVideoError: a video does not hold what its header promised.
            InfrastructureError: a process died.
        """
        chosen, base = list(self.clips), self.source
        while isinstance(base, Selection):
            chosen = [(base.indices[video], frames) for video, frames in chosen]
            base = base.base
        if wanted < 2 or not isinstance(base, StoredVideos):
            return None
        clips = [StoredClip(base.videos[video], frames) for video, frames in chosen]
        pixels = max(clip.video.height * clip.video.width for clip in clips)
        room = _shared_bytes() // self.clip_bytes
        count = min(readers(wanted, pixels), cores(), len(clips) // CLIPS_A_PROCESS, room)
        if count < 2:
            return None
        return _by_processes(
            clips, _Reading(base.layout, self.load), count, min(AHEAD, room // count)
        )

    def _by_threads(self, count: int, ahead: int) -> Generator[Tensor]:
        def read(clip: tuple[int, Sequence[int]]) -> Tensor:
            video, frames = clip
            stored = each_levels(self.source, video, frames)
            return _levels(stored, len(frames), self.load, _pinned)

        with Lanes(count) as reading:
            yield from reading.map(read, self.clips, ahead)


def _by_processes(
    clips: Sequence[StoredClip], reading: "_Reading", count: int, ahead: int
) -> Generator[Tensor]:
    loader = DataLoader(
        reading,
        batch_size=None,
        sampler=clips,
        num_workers=count,
        prefetch_factor=ahead,
        pin_memory=torch.cuda.is_available(),
        multiprocessing_context=_context(),
        generator=torch.Generator(),  # without it, torch's global one would be drawn from
    )
    coming = iter(loader)
    for _ in clips:
        try:
            found = next(coming)
        except (RuntimeError, OSError, EOFError) as error:
            if str(error).startswith("Caught "):  # raised in a process by code of ours
                raise
            # Torch says so, or what the process had read can no longer be fetched from it.
            how = (str(error).splitlines() or [type(error).__name__])[0].strip()
            raise InfrastructureError(
                f"a process that reads videos died ({how}): if memory ran out, give fewer "
                "--workers; the same command goes on from there"
            ) from None
        if isinstance(found, InputError):
            raise found
        yield found
        del found


class _Reading(Dataset[Tensor | InputError]):
    """Reads a clip in a worker process; an error of the input is handed over as a value."""

    def __init__(self, layout: Layout, load: Load) -> None:
        self._layout, self._load = layout, load

    def __getitem__(self, clip: StoredClip) -> Tensor | InputError:
        try:
            stored = self._layout.each_frame(clip.video, clip.frames)
            return _levels(stored, len(clip.frames), self._load, _shared)
        except InputError as error:
            return error


def _levels(stored: Iterator[Tensor], count: int, load: Load, room: Room) -> Tensor:
    """`count` frames, uint8 [3,H,W] each, one after another -> uint8 [T,3,R,R]."""
    first = load(next(stored)[None])[0]
    clip = room(torch.Size([count, *first.shape]))
    clip[0] = first
    for place in range(1, count):
        clip[place] = load(next(stored)[None])[0]
    return clip


def _pinned(shape: torch.Size) -> Tensor:
    """Memory from which a GPU copies while it computes; plain memory where there is none."""
    return torch.empty(shape, dtype=torch.uint8, pin_memory=torch.cuda.is_available())


def _shared(shape: torch.Size) -> Tensor:
    """Memory that another process takes over without a copy."""
    levels = torch.empty(shape, dtype=torch.uint8)
    move: Callable[[], Tensor] = levels.share_memory_  # torch leaves it untyped
    return move()


def _shared_bytes() -> int:
    """Bytes for clips of this process in shared memory."""
    if not SHARED_MEMORY.is_dir():  # not Linux
        return LEVELS_BYTES
    return min(LEVELS_BYTES, shutil.disk_usage(SHARED_MEMORY).free // 2 // processes_here())


def _context() -> ForkServerContext:
    """A server process imports what workers need once, and forks them, so that each starts at once.

    "__main__" is what Python loads there anyway; without it, every worker would import it.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(["__main__", __name__])
    return context
