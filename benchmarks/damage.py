"""Known damage to known videos: what a metric must notice. Each damage is a `VideoSource`.

A damaged source is written `damaged:NAME=AMOUNT:SOURCE` on the command line, so that every record
of it can be made again.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from evaluation.errors import InputError
from evaluation.videos.source import Medium, VideoSource

DAMAGE_VERSION = 1  # raise when a damage gives other pixels


class Damage(Protocol):
    """Frames of one damaged video: (source, index, frames, amount) -> uint8 [T,3,H,W]."""

    def __call__(
        self, source: VideoSource, index: int, frames: Sequence[int], amount: float
    ) -> Tensor: ...


def frozen(source: VideoSource, index: int, frames: Sequence[int], amount: float) -> Tensor:
    """The first frame, for ever. `amount` is not used."""
    return source.read(index, [0]).expand(len(frames), -1, -1, -1).clone()


def shuffled(source: VideoSource, index: int, frames: Sequence[int], amount: float) -> Tensor:
    """The video's own frames in another order. `amount` is not used."""
    order = _random(source, index, "order").permutation(source.frame_counts[index])
    wanted = [int(order[frame]) for frame in frames]
    ascending = sorted(set(wanted))
    return source.read(index, ascending)[[ascending.index(frame) for frame in wanted]]


def blurred(source: VideoSource, index: int, frames: Sequence[int], amount: float) -> Tensor:
    """Gaussian blur; `amount` is its standard deviation in pixels at a height of 64."""
    clip = source.read(index, frames).float()
    sigma = amount * clip.shape[-2] / 64
    radius = max(1, round(3 * sigma))
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).expand(3, 1, -1)
    rows = F.pad(clip, (0, 0, radius, radius), mode="replicate")
    rows = F.conv2d(rows, kernel[:, :, :, None], groups=3)
    both = F.conv2d(
        F.pad(rows, (radius, radius, 0, 0), mode="replicate"), kernel[:, :, None, :], groups=3
    )
    return both.round().clamp(0, 255).to(torch.uint8)


def noisy(source: VideoSource, index: int, frames: Sequence[int], amount: float) -> Tensor:
    """Independent Gaussian noise on every level; `amount` is its standard deviation in levels."""
    clip = source.read(index, frames).numpy().astype(np.float64)
    noise = [_random(source, index, f"noise {f}").standard_normal(clip.shape[1:]) for f in frames]
    noised = np.rint(clip + amount * np.stack(noise)).clip(0, 255)
    return torch.from_numpy(noised.astype(np.uint8))


def identity_swap(source: VideoSource, index: int, frames: Sequence[int], amount: float) -> Tensor:
    """Another person goes on with the same motion at `amount` (0 to 1) of the video.

    Raises:
        InputError: the source is no embedded world, so the motion without the person is unknown.
    """
    if not isinstance(source, _KnowsTruth):
        raise InputError(f"{source.name}: identity-swap needs an embedded world (toy-faces, …)")
    other = (index + 1) % len(source.names)
    turn = int(amount * source.frame_counts[index])
    clip = source.read(index, frames)
    late = [i for i, frame in enumerate(frames) if frame >= turn]
    if late:
        clip[late] = source.render_as(index, other, [frames[i] for i in late])
    return clip


DAMAGES: dict[str, tuple[Damage, float]] = {  # name -> what it does, and its usual amount
    "frozen": (frozen, 1.0),
    "shuffled": (shuffled, 1.0),
    "blur": (blurred, 1.5),
    "noise": (noisy, 12.0),
    "identity-swap": (identity_swap, 0.5),
}
