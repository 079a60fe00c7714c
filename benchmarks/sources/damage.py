"""The source `damaged:NAME=AMOUNT:SOURCE`: videos with a known damage, to test metrics with."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from leo_bench.benchmarks.sources.planting import Plant, planted_motion
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import shortened
from leo_bench.evaluation.files.known_names import known_are
from leo_bench.evaluation.videos.source import VideoSource, WrappedVideos, read_in_pieces

DAMAGE_VERSION = 1  # raise when a damage gives other pixels


@runtime_checkable
class Recast(VideoSource, Protocol):
    """A source that can render the motion of one video with the person of another."""

    def render_as(self, index: int, other: int, frames: Sequence[int]) -> Tensor:
        """The motion of `index` with the person of `other`: uint8 [len(frames),3,H,W]."""


class Damage(Protocol):
    """Frames of one damaged video: (source, index, frames, amount) -> uint8 [T,3,H,W]."""

    def __call__(
        self, source: VideoSource, index: int, frames: Sequence[int], amount: float
    ) -> Tensor:
        """The frames, damaged."""


def frozen(source: VideoSource, index: int, frames: Sequence[int], amount: float) -> Tensor:
    """The first frame, repeated. `amount` is not used."""
    return source.read(index, [0]).expand(len(frames), -1, -1, -1).clone()


def shuffled(source: VideoSource, index: int, frames: Sequence[int], amount: float) -> Tensor:
    """The video's frames in a random order. `amount` is not used."""
    order = _random(source, index, "order").permutation(source.frame_counts[index])
    return _reordered(source, index, [int(order[frame]) for frame in frames])


def jittered(source: VideoSource, index: int, frames: Sequence[int], amount: float) -> Tensor:
    """Each frame replaced by one up to `amount` frames earlier or later, at random, in the video.

    A frame's displacement is a fixed fraction of `amount`, so a larger amount scales all of them.
    """
    count = source.frame_counts[index]
    shares = _random(source, index, "jitter").uniform(-1, 1, count)
    wanted = [min(max(f + round(amount * float(shares[f])), 0), count - 1) for f in frames]
    return _reordered(source, index, wanted)


def looped(source: VideoSource, index: int, frames: Sequence[int], amount: float) -> Tensor:
    """The first `amount` frames of the video, again and again."""
    return _reordered(source, index, [frame % max(1, int(amount)) for frame in frames])


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
    """Independent Gaussian noise; `amount` is its standard deviation in levels (of 0 to 255)."""
    clip = source.read(index, frames).numpy().astype(np.float64)
    noise = [_random(source, index, f"noise {f}").standard_normal(clip.shape[1:]) for f in frames]
    noised = np.rint(clip + amount * np.stack(noise)).clip(0, 255)
    return torch.from_numpy(noised.astype(np.uint8))


def identity_swap(source: VideoSource, index: int, frames: Sequence[int], amount: float) -> Tensor:
    """Another person continues the motion at the fraction `amount` (0 to 1) of the video.

    Raises:
        InputError: the source is not an embedded world, which knows motion and person separately.
    """
    if not isinstance(source, Recast):
        raise InputError(f"{source.name}: identity-swap needs a whole embedded world (toy-faces)")
    other = (index + 1) % len(source.names)
    turn = int(amount * source.frame_counts[index])
    clip = source.read(index, frames)
    late = [i for i, frame in enumerate(frames) if frame >= turn]
    if late:
        clip[late] = source.render_as(index, other, [frames[i] for i in late])
    return clip


def repeated(source: VideoSource, index: int, frames: Sequence[int], amount: float) -> Tensor:
    """A stretch of the video replaces later frames; `amount` is its share of the frames.

    It is shown up to a tenth faster or slower (`benchmarks.sources.planting`).

    Raises:
        InputError: the share leaves no room for a repeat.
    """
    plant = Plant.drawn(source.names[index], source.frame_counts[index], amount)
    return _reordered(source, index, plant.order(frames))


def replayed(source: VideoSource, index: int, frames: Sequence[int], amount: float) -> Tensor:
    """The person repeats a stretch of the motion; `amount` is its share of the frames.

    Unlike in `repeated` there is no cut, and the repeated motion differs slightly.

    Raises:
        InputError: the source is not an embedded world; the share leaves no room for a repeat.
    """
    from leo_bench.benchmarks.worlds.world import WorldSource  # builds the worlds' tables

    if not isinstance(source, WorldSource):
        raise InputError(f"{source.name}: replay needs a whole embedded world (toy-bodies)")
    motion = planted_motion(source, index, frames, amount)
    return source.world.render(source.world.identity(index), motion, source.shape.resolution)


@dataclass(frozen=True)
class Known:
    """A damage, its default amount, and the largest meaningful amount."""

    damage: Damage
    usual: float
    most: float


DAMAGES: dict[str, Known] = {
    "frozen": Known(frozen, 1.0, 1.0),
    "shuffled": Known(shuffled, 1.0, 1.0),
    "jitter": Known(jittered, 3.0, 1e6),  # frames: the longest video that is read
    "blur": Known(blurred, 1.5, 64.0),  # pixels at a height of 64: all of the picture
    "noise": Known(noisy, 12.0, 1000.0),  # levels, of 256
    "identity-swap": Known(identity_swap, 0.5, 1.0),
    "repetition": Known(repeated, 0.3, 1.0),
    "replay": Known(replayed, 0.3, 1.0),
    "loop": Known(looped, 8.0, 1e6),  # frames
}


@dataclass(frozen=True)
class Damaged(WrappedVideos):
    """Another source's videos, each damaged in the same way; `damaged_by` makes it."""

    damage: str
    amount: float

    @property
    def notes(self) -> Sequence[str]:
        """The base's, and the damage."""
        return (*self.base.notes, f"damaged on purpose: {self.damage}={self.amount:g}")

    def digest(self, index: int) -> str:
        """Hex SHA-256 of the base's digest and the damage."""
        parts = (self.base.digest(index), DAMAGE_VERSION, self.damage, self.amount, index)
        return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """The base's frames, damaged: uint8 [len(frames),3,H,W]."""
        return DAMAGES[self.damage].damage(self.base, index, frames, self.amount)

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """The same, one by one."""
        return read_in_pieces(self, index, frames)


def damaged_by(source: VideoSource, damage: str, amount: float) -> Damaged:
    """All videos of a source, damaged by one of `DAMAGES`."""
    name = f"{source.name} {damage}={amount:g}"
    return Damaged(source, range(len(source.names)), name, damage, amount)


def damaged(source: VideoSource, text: str) -> Damaged:
    """A source with the damage `NAME` or `NAME=AMOUNT`.

    Raises:
        InputError: no such damage; the amount is not a number above 0, or is too large.
    """
    name, equals, given = text.partition("=")
    if name not in DAMAGES:
        raise InputError(f"no damage {shortened(name)!r}; {known_are(name, DAMAGES)}")
    known = DAMAGES[name]
    try:
        amount = float(given) if equals else known.usual
    except ValueError:
        amount = 0.0
    if not 0 < amount <= known.most:  # also refuses NaN
        raise InputError(
            f"damage {shortened(text)!r}: the amount must be a number above 0 and at most "
            f"{known.most:,g}"
        )
    return damaged_by(source, name, amount)


def _reordered(source: VideoSource, index: int, frames: Sequence[int]) -> Tensor:
    """Frames in any order, with repeats: uint8 [len(frames),3,H,W]."""
    ascending = sorted(set(frames))
    return source.read(index, ascending)[[ascending.index(frame) for frame in frames]]


def _random(source: VideoSource, index: int, purpose: str) -> np.random.RandomState:
    """A generator seeded by video name and purpose (legacy NumPy, whose stream is frozen)."""
    text = f"{source.names[index]}\0{purpose}"
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.RandomState(np.frombuffer(digest, dtype=np.uint32))
