"""Renders a sample: its frames from its first frame and its codes.

LEO takes appearance from the first frame alone, however long the video is (paper Sec. 3.4).
`Stretches` is the baseline that does not: it takes appearance from frames that it made itself, as a
frame-by-frame generator does.
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
    """The frames of one sample, all from its first frame, rendered in groups.

    Args:
        model: whose animator renders.
        source: the first frame, encoded.
        itself: the first frame, uint8 [3,R,R], to be frame 1; None: frame 1 is rendered, too.
        codes: float32 [T,M].
    """

    model: LeoModel
    source: Prepared
    itself: Tensor | None
    codes: Tensor

    @staticmethod
    def of(model: LeoModel, first: Tensor, codes: Tensor, first_frame: str) -> "Rendering":
        """Encode the first frame, uint8 [3,R,R]; `first_frame` as in `Sampling`."""
        itself = first if first_frame == "source" else None
        return Rendering(model, model.animator.appearance(first), itself, codes)

    def group(self, number: int) -> Tensor:
        """Group `number` of `FRAMES_TOGETHER` frames; the last may be smaller: uint8 [n,3,R,R]."""
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
        """All frames one by one, uint8 [3,R,R]; a few groups are rendered ahead of the reader."""
        groups = range(-(-len(self.codes) // FRAMES_TOGETHER))
        for group in lanes(self.model.device).map(self.group, groups):
            yield from group


@dataclass(frozen=True)
class Stretch:
    """Frames that follow one picture.

    Args:
        model: whose animator renders.
        picture: uint8 [3,R,R].
        codes: float32 [k,M], of the frames after the picture.
        each: every frame takes its appearance from the one before it; else all from the picture.
    """

    model: LeoModel
    picture: Tensor
    codes: Tensor
    each: bool

    def frames(self, wanted: Sequence[int]) -> Tensor:
        """Frames by their place after the picture, from 0, ascending: uint8 [n,3,R,R]."""
        if self.each:
            return self._one_by_one(wanted)
        rendering = Rendering.of(self.model, self.picture, self.codes, "recon")
        groups = {
            number: rendering.group(number) for number in {f // FRAMES_TOGETHER for f in wanted}
        }
        return torch.stack([groups[f // FRAMES_TOGETHER][f % FRAMES_TOGETHER] for f in wanted])

    def last(self) -> Tensor:
        """The last frame, uint8 [3,R,R]: the picture of the next stretch."""
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
    """The frames of one sample that takes appearance from its own frames.

    Args:
        model: whose animator renders.
        pictures: uint8 [S,3,R,R], the picture before each stretch; the first is the first frame.
        codes: float32 [T,M]; a stretch is what one window of the motion model adds.
        first_frame: as in `leo.sampling.options.Sampling`.
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
        """All frames one by one, uint8 [3,R,R]; a few stretches are made ahead of the reader."""
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
        # The last one may end with the spare codes of its window.
        end = len(self.codes) if number == self._count - 1 else begin + self._length
        codes = self.codes[begin:end]
        return Stretch(self.model, self.pictures[number], codes, self.each)

    def _first(self) -> Tensor:
        """Frame 1: uint8 [1,3,R,R]."""
        if self.first_frame == "source":
            return self.pictures[:1]
        return Stretch(self.model, self.pictures[0], self.codes[:1], each=False).frames([0])
