"""Clips of a folder or source as one tensor: to look at them, or to use them elsewhere."""

from pathlib import Path

import torch
from torch import Tensor

from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.discover import OpenOptions


def read_clips(
    videos: str | Path, count: int = 8, frames: int = 16, *, data_root: str | Path | None = None
) -> Tensor:
    """The first frames of the first videos, as they are stored.

    Args:
        videos: a folder, or a source of the command line, such as "toy-faces/test".
        count: number of videos; of a source with fewer, all.
        frames: number of frames of each, from its first frame on.
        data_root: folder of the prepared data sets; None: that of the environment, or the usual.

    Returns:
        uint8 [N,T,3,H,W], RGB.

    Raises:
        InputError: no such source, a shorter video, or videos of several sizes.
    """
    if count < 1 or frames < 1:
        raise InputError(f"count={count}, frames={frames}: must be 1 or more")
    root = None if data_root is None else Path(data_root)
    options = SourceOptions(OpenOptions(), root, limit=count, frames=frames, count=count)
    source = open_source(str(videos), options)
    for name, length in zip(source.names, source.frame_counts, strict=True):
        if length < frames:
            raise InputError(f"{videos}: {name} has {length} frames; give frames={length} or fewer")
    clips = [source.read(index, range(frames)) for index in range(len(source.names))]
    sizes = sorted({tuple(clip.shape[-2:]) for clip in clips})
    if len(sizes) > 1:
        raise InputError(f"{videos}: videos have several sizes, {sizes[0]} and {sizes[-1]}")
    return torch.stack(clips)
