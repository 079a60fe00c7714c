"""Frames of one sample from its first frame and its codes: all from that frame, or in stretches.

A LEO takes appearance from the first frame and only motion from the codes, however long the video
is (paper Sec. 3.4). `Stretches` gives that up on purpose: it goes on from frames that it made
itself, as a frame-by-frame generator does, and shows what that costs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.features.single_thread_pool import lanes
from leo_bench.leo.networks.fast_generator import Prepared
from leo_bench.leo.networks.layers import to_pixels
from leo_bench.leo.sampling.model import LeoModel
from leo_bench.leo.sampling.rollout import windows_needed

FRAMES_TOGETHER = 8  # frames rendered at once, always


@dataclass(frozen=True)
class Rendering:
    """The frames of one sample, a group at a time.

    Args:
        model: whose animator renders.
        source: the first frame, encoded.
        itself: the first frame, uint8 [3,R,R]; None: frame 1 is rendered like the others.
        codes: float32 [T,20].
    """

    model: LeoModel
    source: Prepared
    itself: Tensor | None
    codes: Tensor

    @staticmethod
    def of(model: LeoModel, first: Tensor, codes: Tensor, first_frame: str) -> "Rendering":
        """From the first frame, uint8 [3,R,R], which is encoded once."""
        itself = first if first_frame == "source" else None
        return Rendering(model, model.animator.appearance(first), itself, codes)

    def group(self, number: int) -> Tensor:
        """Frames from `FRAMES_TOGETHER` * number on: uint8 [n,3,R,R]."""
        begin = number * FRAMES_TOGETHER
        count = min(FRAMES_TOGETHER, len(self.codes) - begin)
        rows = [begin + min(row, count - 1) for row in range(FRAMES_TOGETHER)]
        frames = to_pixels(self.model.animator.frames(self.source, self.codes[rows]))[:count]
        if number == 0 and self.itself is not None:
            frames[0] = self.itself
        return frames

    def read(self, frames: Sequence[int]) -> Tensor:
        """Some frames: uint8 [len(frames),3,R,R]."""
        groups = sorted({frame // FRAMES_TOGETHER for frame in frames})
        rendered = lanes(self.model.device).map(self.group, groups)
        found = dict(zip(groups, rendered, strict=True))
        return torch.stack([found[f // FRAMES_TOGETHER][f % FRAMES_TOGETHER] for f in frames])

    def stream(self) -> Iterator[Tensor]:
        """All frames one by one, uint8 [3,R,R]; a few groups are rendered ahead."""
        groups = range(-(-len(self.codes) // FRAMES_TOGETHER))
        for group in lanes(self.model.device).map(self.group, groups):
            yield from group


@dataclass(frozen=True)
class Stretch:
    """Frames that go on from one picture.

    Args:
        model: whose animator renders.
        picture: what they go on from, uint8 [3,R,R].
        codes: float32 [k,20], of the frames behind the picture.
        each: every frame is made from the one before it, encoded again; else all from the picture.
    """

    model: LeoModel
    picture: Tensor
    codes: Tensor
    each: bool

    def frames(self, wanted: Sequence[int]) -> Tensor:
        """Frames by their place behind the picture, from 0, ascending: uint8 [n,3,R,R]."""
        if self.each:
            return self._one_by_one(wanted)
        rendering = Rendering.of(self.model, self.picture, self.codes, "recon")
        groups = {
            number: rendering.group(number) for number in {f // FRAMES_TOGETHER for f in wanted}
        }
        return torch.stack([groups[f // FRAMES_TOGETHER][f % FRAMES_TOGETHER] for f in wanted])

    def last(self) -> Tensor:
        """The frame that another stretch may go on from: uint8 [3,R,R]."""
        return self.frames([len(self.codes) - 1])[0]

    def _one_by_one(self, wanted: Sequence[int]) -> Tensor:
        animator, frame, kept = self.model.animator, self.picture, []
        for place in range(wanted[-1] + 1):
            source = animator.appearance(frame)
            frame = to_pixels(animator.frames(source, self.codes[place : place + 1]))[0]
            if place in wanted:
                kept.append(frame)
        return torch.stack(kept)


@dataclass(frozen=True)
class Stretches:
    """The frames of one sample that goes on from its own frames (spec 3.10).

    Args:
        model: whose animator renders.
        pictures: uint8 [S,3,R,R], what each stretch goes on from; the first is the first frame.
        codes: float32 [T,20]; a stretch is what a run of the motion model adds (`rollout.runs`).
        first_frame: as in `leo.sampling.drawing.Sampling`.
        each: as in `Stretch`.
    """

    model: LeoModel
    pictures: Tensor
    codes: Tensor
    first_frame: str
    each: bool

    def read(self, frames: Sequence[int]) -> Tensor:
        """Some frames, ascending: uint8 [len(frames),3,R,R]."""
        behind: dict[int, list[int]] = {}
        for frame in frames:
            if frame > 0:
                stretch = min((frame - 1) // self._length, self._count - 1)
                behind.setdefault(stretch, []).append(frame - 1 - stretch * self._length)
        parts = [self._first()] if 0 in frames else []
        made = lanes(self.model.device).map(lambda s: self._stretch(s).frames(behind[s]), behind)
        return torch.cat([*parts, *made])

    def stream(self) -> Iterator[Tensor]:
        """All frames one by one, uint8 [3,R,R]; a few stretches are made ahead."""
        yield from self._first()

        def whole(number: int) -> Tensor:
            stretch = self._stretch(number)
            return stretch.frames(range(len(stretch.codes)))

        for part in lanes(self.model.device).map(whole, range(self._count)):
            yield from part

    @property
    def _length(self) -> int:
        config = self.model.motion.config
        return config.length - 1 - config.spare

    @property
    def _count(self) -> int:
        config = self.model.motion.config
        return windows_needed(len(self.codes), config.length, config.spare)

    def _stretch(self, number: int) -> Stretch:
        begin = 1 + number * self._length
        # The last one may end with codes that no run goes on from.
        end = len(self.codes) if number == self._count - 1 else begin + self._length
        codes = self.codes[begin:end]
        return Stretch(self.model, self.pictures[number], codes, self.each)

    def _first(self) -> Tensor:
        """uint8 [1,3,R,R]."""
        if self.first_frame == "source":
            return self.pictures[:1]
        return Stretch(self.model, self.pictures[0], self.codes[:1], each=False).frames([0])
