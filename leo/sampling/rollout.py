"""Long motion in code space: the last code of a run is the first of the next (paper Sec. 3.4, 6).

    journey = Rollout(motion, Sampler.parse("ddim-50"))
    codes = journey.codes(first, frames=512, keys=[("sample", seed, i) for i in range(len(first))])

A sample follows from its key, its first code and the number of frames alone. Legend: B batch,
N frames, L frames of a run, M code dimensions.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.leo.diffusion.gaussian import Key, Sampler
from leo_bench.leo.models.motion_models import CodeModel, MotionModel, TransitionModel


def runs(frames: int, length: int, spare: int = 0) -> int:
    """How many runs of a model of `length` codes give `frames`: each adds length - 1 to the first.

    64 codes: 128 frames take 3, 512 take 9, 1,024 take 17 (spec 3.8). All runs but the last add
    `spare` less.
    """
    if frames == 1:
        return 0
    return 1 + max(0, -(-(frames - length) // (length - 1 - spare)))


@dataclass(frozen=True)
class Transitions:
    """Between runs a new code is drawn, and led to, so that motion does not wear out (Sec. 6).

    Args:
        codes: draws the new code.
        motion: leads to it.
        every: runs before each transition.
    """

    codes: CodeModel
    motion: TransitionModel
    every: int = 1


@dataclass(frozen=True)
class Rollout:
    """How long motion is made.

    Args:
        motion: makes a run.
        sampler: of every model.
        transitions: None: runs follow each other directly.
        going_on: from a run's codes, float32 [B,L,M], to the code that the next begins with, [B,M];
            None: its last.
    """

    motion: MotionModel
    sampler: Sampler
    transitions: Transitions | None = None
    going_on: Callable[[Tensor], Tensor] | None = None

    def codes(self, first_BM: Tensor, frames: int, keys: Sequence[Key]) -> Tensor:
        """Motion from these first codes on: float32 [B,N,M], N = frames.

        Raises:
            InputError: as `segments`.
        """
        return torch.cat(list(self.segments(first_BM, frames, keys)), dim=1)

    def segments(self, first_BM: Tensor, frames: int, keys: Sequence[Key]) -> Iterator[Tensor]:
        """The same codes piece by piece, float32 [B,k,M] each, in memory of one run.

        Raises:
            InputError: the LMDM cannot begin with a given code, or the sampler's steps do not fit.
        """
        left = frames
        for piece_BLM, spare_BSM in self._endless(first_BM, keys):
            if left <= piece_BLM.shape[1] + spare_BSM.shape[1]:
                yield torch.cat([piece_BLM, spare_BSM], dim=1)[:, :left]
                return
            yield piece_BLM
            left -= piece_BLM.shape[1]

    def _endless(self, first_BM: Tensor, keys: Sequence[Key]) -> Iterator[tuple[Tensor, Tensor]]:
        """Pieces, each with the codes that may follow it if the video ends there."""
        none_B0M = first_BM[:, None][:, :0]
        yield first_BM[:, None], none_B0M
        kept = self.motion.config.length - self.motion.config.spare
        run = 0
        while True:
            window_BLM = self.motion.windows(first_BM, _at(keys, "run", run), self.sampler)
            # What runs away would run further: the next run begins where training has been.
            if self.going_on is None:
                first_BM = self.motion.stats.clamped(window_BLM[:, kept - 1])
                window_BLM = led_to(window_BLM, first_BM, kept)
            else:
                first_BM = self.motion.stats.clamped(self.going_on(window_BLM[:, :kept]))
            yield window_BLM[:, 1:kept], window_BLM[:, kept:]  # its first code is already there
            run += 1
            if self.transitions is not None and run % self.transitions.every == 0:
                end_BM = self.transitions.codes.codes(_at(keys, "end", run), self.sampler)
                chance = _at(keys, "transition", run)
                way_BLM = self.transitions.motion.between(first_BM, end_BM, chance, self.sampler)
                yield way_BLM[:, 1:], none_B0M
                first_BM = end_BM


def led_to(window_BLM: Tensor, end_BM: Tensor, kept: int) -> Tensor:
    """A window whose code number `kept` is `end_BM`.

    What the codes before it are moved by grows from 0 along them; those behind it move as it does.

    Args:
        window_BLM: float32 [B,L,M].
        end_BM: float32 [B,M].
        kept: 2 to L.

    Returns:
        float32 [B,L,M]; a window that comes there by itself keeps its bits.
    """
    share_L1 = (torch.arange(window_BLM.shape[1]) / (kept - 1)).clamp(max=1)[:, None]
    led_BLM = window_BLM + share_L1 * (end_BM - window_BLM[:, kept - 1])[:, None]
    led_BLM[:, kept - 1] = end_BM
    return led_BLM


def _at(keys: Sequence[Key], *where: str | int) -> list[Key]:
    return [(*key, *where) for key in keys]
