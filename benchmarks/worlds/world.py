"""The two embedded worlds, toy-faces and toy-bodies: identities, motions, videos as a source.

    world = World.named("toy-faces", "test")
    who, how = world.identity(7), world.motion(7, range(16))
    clip = world.render(who, how, 64)  # uint8 [16,3,64,64]; any `who` with any `how`
    source = open_world("toy-faces", "test", WorldShape(resolution=64, frames=128, count=256))

Pixels depend on the names and numbers alone, and are the same on every machine. Two splits share
neither identities nor motions.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leo_bench.benchmarks.worlds import body_motion, face_motion
from leo_bench.benchmarks.worlds.bodies import render_bodies
from leo_bench.benchmarks.worlds.body_identity import BodyIdentity, body_identity
from leo_bench.benchmarks.worlds.face_identity import FaceIdentity, face_identity
from leo_bench.benchmarks.worlds.faces import render_faces
from leo_bench.benchmarks.worlds.seeds import Array
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.known_names import known_are
from leo_bench.evaluation.videos.source import Medium, Skipped, read_in_pieces

Identity = FaceIdentity | BodyIdentity
Split = Literal["train", "test", "extractor", "people"]

# First identity and number of identities of each split; later videos reuse the identities with
# other motions. i3d-toy and id-toy are trained on "extractor", so they have not seen the others;
# starting-frame models are trained on "people".
IDENTITIES: dict[Split, tuple[int, int]] = {
    "train": (0, 512),
    "test": (512, 256),
    "extractor": (768, 4096),
    "people": (4864, 16_384),
}
PIXELS_AT_ONCE = 131_072  # drawn together: fewer cost time per call, more leave the CPU's cache


class Motion(Protocol):
    """Motion of one video as a function of the frame number, with its program, speed, amplitude."""

    program: str
    speed: float
    amplitude: float

    def __call__(self, frames: Sequence[int]) -> Array:
        """Motion parameters of the frames, in any order: float64 [T,P]."""


@dataclass(frozen=True)
class _Kind:
    version: int  # raise when a pixel changes
    columns: tuple[str, ...]
    programs: tuple[str, ...]
    identity: Callable[[int], Identity]
    motion: Callable[[str], Motion]
    render: Callable[[Identity, Array, int], NDArray[np.uint8]]


def _draw_face(identity: Identity, motion: Array, resolution: int) -> NDArray[np.uint8]:
    if not isinstance(identity, FaceIdentity):
        raise TypeError(f"toy-faces draws a FaceIdentity, not a {type(identity).__name__}")
    return render_faces(identity, motion, resolution)


def _draw_body(identity: Identity, motion: Array, resolution: int) -> NDArray[np.uint8]:
    if not isinstance(identity, BodyIdentity):
        raise TypeError(f"toy-bodies draws a BodyIdentity, not a {type(identity).__name__}")
    return render_bodies(identity, motion, resolution)


WORLDS: dict[str, _Kind] = {
    "toy-faces": _Kind(
        1,
        face_motion.COLUMNS,
        face_motion.PROGRAMS,
        face_identity,
        face_motion.FaceMotion,
        _draw_face,
    ),
    "toy-bodies": _Kind(
        1,
        body_motion.COLUMNS,
        body_motion.PROGRAMS,
        body_identity,
        body_motion.BodyMotion,
        _draw_body,
    ),
}


@dataclass(frozen=True)
class World:
    """One split of one world; video `index` may be any integer from 0."""

    name: str
    split: Split

    @staticmethod
    def named(name: str, split: str) -> "World":
        """The world called `name`.

        Raises:
            InputError: there is no such world or split.
        """
        if name not in WORLDS:
            raise InputError(f"no world {name!r}; {known_are(name, WORLDS)}")
        known: Split
        for known in IDENTITIES:
            if known == split:
                return World(name, known)
        raise InputError(f"{name} has no split {split!r}; {known_are(split, IDENTITIES)}")

    @property
    def version(self) -> int:
        """Raised whenever a pixel of this world changes."""
        return WORLDS[self.name].version

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the motion parameters, P of them."""
        return WORLDS[self.name].columns

    @property
    def programs(self) -> tuple[str, ...]:
        """Names of the motion programs."""
        return WORLDS[self.name].programs

    def identity(self, index: int) -> Identity:
        """Identity of the person in video `index`."""
        first, count = IDENTITIES[self.split]
        return _identity(self.name, first + index % count)

    def movement(self, index: int) -> Motion:
        """The motion of video `index` as a function, with its program, speed and amplitude."""
        return WORLDS[self.name].motion(f"{self.name}/{self.split}/motion/{index}")

    def program(self, index: int) -> str:
        """Name of the motion program of video `index`."""
        return self.movement(index).program

    def motion(self, index: int, frames: Sequence[int]) -> Array:
        """Motion parameters of frames of video `index`: float64 [T,P]."""
        return self.movement(index)(frames)

    def render(self, identity: Identity, motion: Array, resolution: int) -> Tensor:
        """Draw an identity in a motion: float64 [T,P] -> uint8 [T,3,R,R], RGB."""
        at_once = max(1, PIXELS_AT_ONCE // (resolution * resolution))
        parts = [
            WORLDS[self.name].render(identity, motion[start : start + at_once], resolution)
            for start in range(0, motion.shape[0], at_once)
        ]
        return torch.from_numpy(np.concatenate(parts))


@lru_cache(maxsize=1024)
def _identity(name: str, number: int) -> Identity:
    return WORLDS[name].identity(number)


@dataclass(frozen=True)
class WorldShape:
    """Size of a world's source.

    Args:
        resolution: height and width of a frame in pixels.
        frames: number of frames of every video.
        count: number of videos.
    """

    resolution: int = 64
    frames: int = 128
    count: int = 256


@dataclass(frozen=True)
class WorldSource:
    """Videos of a world as a `VideoSource`; a frame is drawn when it is read."""

    world: World
    shape: WorldShape

    @property
    def name(self) -> str:
        """The name on the command line, such as "toy-faces/test"."""
        return f"{self.world.name}/{self.world.split}"

    @cached_property
    def names(self) -> Sequence[str]:
        """Names of the videos, numbered from 0."""
        prefix = f"{self.world.name}-{self.world.split}"
        return [f"{prefix}-{i:05d}" for i in range(self.shape.count)]

    @property
    def frame_counts(self) -> Sequence[int]:
        """Number of frames of each video."""
        return [self.shape.frames] * self.shape.count

    @property
    def medium(self) -> Medium:
        """Rendered frames: no file and no codec."""
        renderer = f"{self.world.name} version {self.world.version}"
        return Medium(layout="rendered", codecs=(), decoder=renderer, lossy=False)

    @property
    def skipped(self) -> Sequence[Skipped]:
        """Always empty: no video can be broken."""
        return ()

    @property
    def notes(self) -> Sequence[str]:
        """A note that these are rendered videos."""
        return (f"{self.world.name} is a rendered world, not real video",)

    def sizes(self) -> Sequence[tuple[int, int]]:
        """(height, width) of each video."""
        return [(self.shape.resolution, self.shape.resolution)] * self.shape.count

    def digest(self, index: int) -> str:
        """SHA-256 of what determines the pixels: world, version, name, resolution, frames."""
        parts = (
            self.world.name,
            self.world.version,
            self.names[index],
            self.shape.resolution,
            self.shape.frames,
        )
        return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """Draw the given frames: uint8 [len(frames),3,R,R]."""
        return self.render_as(index, index, frames)

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """The same frames one by one: uint8 [3,R,R] each."""
        return read_in_pieces(self, index, frames)

    def check_unchanged(self, index: int) -> None:
        """Does nothing: no file can change."""

    def render_as(self, index: int, other: int, frames: Sequence[int]) -> Tensor:
        """The motion of video `index` by the person of video `other`: uint8 [len(frames),3,R,R]."""
        bad = [frame for frame in frames if not 0 <= frame < self.shape.frames]
        if bad:
            raise IndexError(f"{self.names[index]}: frame {bad[0]} of {self.shape.frames}")
        motion = self.world.motion(index, frames)
        return self.world.render(self.world.identity(other), motion, self.shape.resolution)


def open_world(name: str, split: str, shape: WorldShape | None = None) -> WorldSource:
    """Open one split of an embedded world; by default 256 videos of 128 frames at 64x64.

    Raises:
        InputError: there is no such world or split, or the shape is too small.
    """
    shape = shape or WorldShape()
    if shape.resolution < 16 or shape.frames < 1 or shape.count < 1:
        raise InputError(
            f"{name}: a world needs at least 16 pixels, 1 frame and 1 video; "
            f"got {shape.resolution}, {shape.frames} and {shape.count}"
        )
    return WorldSource(World.named(name, split), shape)
