"""Draws codes and first frames: everything of a sample but its rendering (paper Fig. 2).

drawing = Drawing(model, Sampling(frames=128))
drawing.draw([SampleRow(0, 0, 0), SampleRow(0, 0, 1)])  # two motions of one sample
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.config import CddpmConfig
from leo_bench.leo.diffusion.conditioning import CONDITIONS, added, residuals
from leo_bench.leo.diffusion.gaussian import Key, Sampler, check_steps
from leo_bench.leo.sampling.direction import Direction, Scaled, scaled
from leo_bench.leo.sampling.given_frames import (
    GivenFrames,
    first_frame,
    frame_number,
    random_frame,
)
from leo_bench.leo.sampling.model import LeoModel
from leo_bench.leo.sampling.options import SampleRow, Sampling
from leo_bench.leo.sampling.rendering import Stretch
from leo_bench.leo.sampling.rollout import Rollout, Transitions
from leo_bench.leo.stages import ENTRIES, STAGES


@dataclass(frozen=True)
class Drawn:
    """Codes and first frames of some samples.

    Args:
        codes: float32 [n,T,M], not normalised, on the CPU.
        firsts: first frames, uint8 [n,3,R,R].
        pictures: uint8 [n,S,3,R,R], the picture that each window takes its appearance from, where
            that is not the first frame for all.
        clamped: bool [n,N], which of the N drawn codes `motion_scale` took out of range, if any.
    """

    codes: Tensor
    firsts: Tensor
    pictures: Tensor | None = None
    clamped: Tensor | None = None


class FirstFrames(Protocol):
    """First frames for codes: `StartingFrames`, or `leo.sampling.nearest_frames` in its place."""

    @property
    def digest(self) -> str:
        """Hex SHA-256 of what the frames follow from, besides their codes and keys."""

    def draw(self, codes: Tensor, keys: Sequence[Key], sampler: Sampler, /) -> Tensor:
        """Codes, not normalised, float32 [B,M] -> uint8 [B,3,R,R]; frame i follows from row i."""


@dataclass(frozen=True)
class Drawing:
    """Draws codes and first frames.

    Args:
        model: the trained LEO.
        sampling: the options.
        starts: videos whose frames begin conditional samples: sample i begins with video i, modulo
            their number. None: unconditional.
        pictures: makes the first frames of unconditional samples. None: the model's cDDPM.
        ends: videos whose frames give the poses that samples end in, numbered likewise.

    Raises:
        InputError: options that do not go together; as `direction`; a video of `ends` has no frame
            `to_frame`.
    """

    model: LeoModel
    sampling: Sampling
    starts: VideoSource | None = None
    pictures: FirstFrames | None = None
    ends: VideoSource | None = None

    def __post_init__(self) -> None:
        if self.from_own_frames and (self.sampling.transitions or not self.begins):
            raise InputError(
                f"reencode={self.sampling.reencode}: samples that go on from their own frames have "
                "no transitions, and need a motion model that begins with a given code"
            )
        if self.from_own_frames and self.direction.changes_codes:
            raise InputError(
                f"reencode={self.sampling.reencode}: samples that go on from their own frames keep "
                "the codes as drawn: leave motion_scale, speed, loop and to out"
            )
        lmdm, codes = self.model.config.lmdm, self.direction.codes
        if not self.begins and (codes > lmdm.length or self.sampling.transitions):
            raise InputError(
                f"{self.model.root}: an LMDM of condition {lmdm.condition!r} makes {lmdm.length} "
                "frames and cannot go on from them: ask for fewer, no transitions"
            )
        if self.sampling.transition_every != 1 and not self.sampling.transitions:
            raise InputError("transition_every is for samples with transitions")
        if self.sampling.start_frame != "first" and self.starts is None:
            raise InputError(
                f"start_frame={self.sampling.start_frame} is for samples that begin with given "
                "frames; here first frames are drawn: leave it out"
            )
        guided = self.sampling.guidance != 1.0
        asked = {"guidance": guided, "first_frame_sampler": self.sampling.first_frame_sampler}
        for option, value in asked.items():
            if value and not self.draws_pictures:
                raise InputError(
                    f"{option} is for first frames that a cDDPM draws; here they are given"
                )
        if guided and not self.model.config.cddpm.condition_dropout:
            raise InputError(
                f"{self.model.root}: guidance needs a cDDPM that was trained with codes kept back "
                "now and then: cddpm.condition_dropout=0.1"
            )
        if self.given_ends is not None:
            self.given_ends.check_places(self.sampling.count)

    @cached_property
    def direction(self) -> Direction:
        """What becomes of drawn codes.

        Raises:
            InputError: the options contradict each other; the model has no Transition DM, or the
                frames are too few for one of its windows.
        """
        asked = Direction(self.sampling, self.ends is not None)
        if not asked.needs_transition:
            return asked
        self.model.file("transition-dm")
        table = self.model.config.transition_dm
        return replace(asked, window=0 if table is None else table.length)

    @property
    def from_own_frames(self) -> bool:
        """Whether frames are made from other generated frames, not from the first frame alone."""
        return self.sampling.reencode in ("runs", "frames")

    def refuse_own_frames(self, what: str) -> None:
        """For work that hands codes from one first frame to another.

        Raises:
            InputError: the frames do not follow from codes and first frame alone.
        """
        if self.from_own_frames:
            raise InputError(
                f"{what} needs samples whose frames all follow from the first one: drop "
                f"reencode={self.sampling.reencode}"
            )

    @property
    def together(self) -> int:
        """Samples drawn at once, always: another number changes last bits."""
        return 8 if self.model.device == "cpu" else 64

    @property
    def sampler(self) -> Sampler:
        """The sampler of motion."""
        return Sampler(self.sampling.sampler, self.sampling.steps, self.together)

    @property
    def picture_sampler(self) -> Sampler:
        """The sampler of first frames.

        Raises:
            InputError: it is not KIND-STEPS.
        """
        text = self.sampling.first_frame_sampler
        return Sampler.parse(text, self.together) if text else self.sampler

    @property
    def begins(self) -> bool:
        """Whether motion begins with a given code; else the motion model draws the first one."""
        return CONDITIONS[self.model.config.lmdm.condition].conditional

    @property
    def draws_codes(self) -> bool:
        """Whether single codes are drawn, by the frame-wise DM."""
        return self.sampling.transitions or (self.starts is None and self.begins)

    @property
    def draws_pictures(self) -> bool:
        """Whether the first frames are drawn, by the cDDPM."""
        return self.starts is None and self.pictures is None

    def stages(self) -> list[str]:
        """The stages that samples depend on."""
        return [stage for stage in STAGES if ENTRIES[stage].drawn(self)]

    def check_steps(self) -> None:
        """Check the samplers' steps against all stages that samples depend on.

        Raises:
            InputError: they do not divide those that a stage was trained with.
        """
        for stage in self.stages():
            table = getattr(self.model.config, ENTRIES[stage].table)
            if isinstance(table, CddpmConfig):
                check_steps(table.diffusion, self.picture_sampler)
            elif hasattr(table, "diffusion"):
                check_steps(table.diffusion, self.sampler)

    def draw(self, rows: Sequence[SampleRow]) -> Drawn:
        """Draw samples, at most `together`.

        Raises:
            InputError: a stage that this needs is not trained.
        """
        drawn = self._undirected(rows)
        codes, clamped = self._directed(drawn.codes, rows)
        return replace(drawn, codes=codes, clamped=clamped)

    def codes(self, rows: Sequence[SampleRow]) -> Tensor:
        """Codes of unconditional samples, none read off a picture: float32 [n,T,M].

        Raises:
            InputError: a stage that this needs is not trained.
        """
        return self._directed(self._own_codes(rows), rows).codes

    def _undirected(self, rows: Sequence[SampleRow]) -> Drawn:
        motions = self._keys("motion", [row.motion for row in rows])
        if self.starts is not None:
            firsts = torch.stack([self.start(row.face) for row in rows])
            return self._begun(firsts, None, motions)
        pictures = self.pictures or replace(self.model.pictures, guidance=self.sampling.guidance)
        faces = self._keys("first frame", [row.face for row in rows])
        if self.sampling.reencode == "off":
            codes = self._own_codes(rows)
            return Drawn(codes, pictures.draw(codes[:, 0], faces, self.picture_sampler))
        drawn = None if self.begins else self._motion(None, motions)
        first_codes = self._first_codes(rows) if drawn is None else drawn[:, 0]
        return self._begun(pictures.draw(first_codes, faces, self.picture_sampler), drawn, motions)

    def _own_codes(self, rows: Sequence[SampleRow]) -> Tensor:
        motions = self._keys("motion", [row.motion for row in rows])
        return self._motion(self._first_codes(rows) if self.begins else None, motions)

    def _directed(self, codes: Tensor, rows: Sequence[SampleRow]) -> Scaled:
        """Drawn codes [n,N,M] -> those of the frames, [n,T,M]."""
        wide, clamped = scaled(codes, self.sampling.motion_scale, self._moving.motion.stats)
        numbers = [row.motion for row in rows]

        def between(start: Tensor, end: Tensor) -> Tensor:
            keys = self._keys("last transition", numbers)
            return self._moving.transitions.between(start, end, keys, self.sampler)

        target = None
        if self.given_ends is not None:
            side = self.model.animator.size
            poses = [self.given_ends.picture(number, side) for number in numbers]
            target = self.encode(torch.stack(poses))
        return Scaled(self.direction.applied(wide, between, target), clamped)

    def _begun(self, firsts: Tensor, codes: Tensor | None, keys: Sequence[Key]) -> Drawn:
        """Motion that begins with these frames; `codes`: a motion drawn already, to be moved."""
        first_codes = self.encode(firsts)
        if not self.begins:
            drawn = self._motion(None, keys) if codes is None else codes
            return Drawn(added(residuals(drawn), first_codes), firsts)
        if not self.from_own_frames:
            return Drawn(self._motion(first_codes, keys), firsts)
        pictures = [firsts]

        def going_on(window: Tensor) -> Tensor:
            each = self.sampling.reencode == "frames"
            ends = [
                Stretch(self.model, picture, codes[1:], each).last()
                for picture, codes in zip(pictures[-1], window, strict=True)
            ]
            pictures.append(torch.stack(ends))
            return self.encode(pictures[-1])

        codes = self._motion(first_codes, keys, going_on)
        return Drawn(codes, firsts, torch.stack(pictures, dim=1))

    def start(self, face: int) -> Tensor:
        """The given first frame of a conditional sample: uint8 [3,R,R].

        Raises:
            BadVideoError: the video cannot be read.
        """
        if self.given_starts is None:
            raise ValueError("unconditional samples are given no first frame")
        return self.given_starts.picture(face, self.model.animator.size)

    def start_digest(self, face: int) -> str:
        """Digest of the given first frame, or of what makes first frames; "" for the cDDPM."""
        if self.given_starts is None:
            return "" if self.pictures is None else self.pictures.digest
        return self.given_starts.digest(face)

    @cached_property
    def given_starts(self) -> GivenFrames | None:
        """The given first frames, by number of the face; None: they are drawn."""
        if self.starts is None:
            return None
        is_first = self.sampling.start_frame == "first"
        return GivenFrames(
            self.starts, first_frame if is_first else random_frame(self.sampling.seed)
        )

    @cached_property
    def given_ends(self) -> GivenFrames | None:
        """The frames whose poses samples end in, by number of the motion; None: they end freely."""
        if self.ends is None:
            return None
        return GivenFrames(self.ends, frame_number(self.sampling.to_frame))

    def encode(self, frames: Tensor) -> Tensor:
        """Codes of at most `together` frames: uint8 [n,3,R,R] -> float32 [n,M]."""
        filled = frames[[min(row, len(frames) - 1) for row in range(self.together)]]
        return self.model.animator.codes(filled)[: len(frames)]

    @cached_property
    def _moving(self) -> LeoModel:
        """The model, its motion in the number format that was asked for."""
        return self.model if self.sampling.dtype == "fp32" else replace(self.model, bf16=True)

    def _first_codes(self, rows: Sequence[SampleRow]) -> Tensor:
        keys = self._keys("first code", [row.code for row in rows])
        return self.model.first_codes.codes(keys, self.sampler)

    def _motion(
        self,
        first: Tensor | None,
        keys: Sequence[Key],
        going_on: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """Codes from these first ones on, or from first ones drawn with them: [n,T,M]."""
        model, frames = self._moving, self.direction.codes
        if first is None:
            return model.motion.unconditional(keys, self.sampler)[:, :frames]
        transitions = None
        if self.sampling.transitions:
            every = self.sampling.transition_every
            transitions = Transitions(model.first_codes, model.transitions, every)
        rollout = Rollout(model.motion, self.sampler, transitions, going_on)
        return rollout.codes(first, frames, keys)

    def _keys(self, what: str, numbers: Sequence[int]) -> list[Key]:
        return [(what, self.sampling.seed, number) for number in numbers]
