"""Motion of any length: windows chained by their last codes (paper Sec. 3.4 and 6).

    rollout = Rollout(motion, Sampler.parse("ddim-50"))
    codes = rollout.codes(first, frames=512, keys=[("sample", seed, i) for i in range(len(first))])

A sample follows from its key, its first code and the number of frames alone. Legend: B batch,
N frames, L frames of a window, M code dimensions.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.leo.diffusion.gaussian import Key, Sampler
from leo_bench.leo.models.motion_models import (
    CodeModel,
    MotionModel,
    TransitionModel,
)


def windows_needed(frames: int, length: int, spare: int = 0) -> int:
    """How many windows of `length` codes give `frames`: each adds length - 1 to the first code.

    Of 64 codes: 128 frames take 3, 512 take 9, 1,024 take 17. All windows but the last add `spare`
    fewer.
    """
    if frames == 1:
        return 0
    return 1 + max(0, -(-(frames - length) // (length - 1 - spare)))


@dataclass(frozen=True)
class Transitions:
    """Between windows a new code is drawn and motion led to it, so that it does not decay (Sec. 6).

    Args:
        codes: draws the new code.
        motion: leads to it.
        every: windows before each transition.
    """

    codes: CodeModel
    motion: TransitionModel
    every: int = 1


@dataclass(frozen=True)
class Rollout:
    """A chain of windows.

    Args:
        motion: draws the windows.
        sampler: of every model.
        transitions: None: each window goes on from the last codes of the one before.
        going_on: the codes of a window without the spare ones, float32 [B,L-spare,M] -> the code
            that the next window begins with, [B,M]; None: the last one.
    """

    motion: MotionModel
    sampler: Sampler
    transitions: Transitions | None = None
    going_on: Callable[[Tensor], Tensor] | None = None

    def codes(
        self,
        first_BM: Tensor,
        frames: int,
        keys: Sequence[Key],
        before_BKM: Tensor | None = None,
    ) -> Tensor:
        """Motion from these first codes on: float32 [B,N,M], N = frames.

        Args:
            first_BM: the first code of each sample.
            frames: how many codes, the first one included.
            keys: the seeds.
            before_BKM: codes of the same video before the first one, which motion goes on from.

        Raises:
            InputError: the LMDM cannot begin with a given code; the sampler's steps do not fit.
        """
        return torch.cat(list(self.segments(first_BM, frames, keys, before_BKM)), dim=1)

    def segments(
        self,
        first_BM: Tensor,
        frames: int,
        keys: Sequence[Key],
        before_BKM: Tensor | None = None,
    ) -> Iterator[Tensor]:
        """The same codes piece by piece, float32 [B,k,M] each, in the memory of one window."""
        yield first_BM[:, None]
        left, number = frames - 1, 0
        kept = self.motion.config.length - self.motion.config.spare
        if before_BKM is None:
            before_BKM = first_BM[:, None][:, :0]
        given_BKM = torch.cat([before_BKM, first_BM[:, None]], dim=1)
        anchor_BM = given_BKM[:, 0]
        length = self.motion.config.length
        # Of the video: windows move about as much from first to last.
        known = given_BKM.shape[1] >= length
        rank_B2 = self.motion.rank(given_BKM[:, -length:]) if known else self.motion.ranks(keys)
        while left > 0:
            own = _at(keys, "run", number)
            own_B2 = self.motion.ranks(own, rank_B2)
            window_BLM = self.motion.windows(
                first_BM, own, self.sampler, before_BKM, anchor_BM, own_B2
            )
            # Errors would grow from window to window, so each begins inside the training range.
            first_BM = self.motion.stats.clamped(window_BLM[:, kept - 1])
            window_BLM = ending_at(window_BLM, first_BM, kept)
            if self.going_on is None:
                before_BKM = self._last(torch.cat([before_BKM, window_BLM[:, : kept - 1]], dim=1))
            else:
                # Codes read off pictures do not continue drawn ones, so nothing is told of these.
                first_BM = self.motion.stats.clamped(self.going_on(window_BLM[:, :kept]))
                before_BKM = before_BKM[:, :0]
            if left < window_BLM.shape[1]:  # the last window; it may end with the spare codes
                yield window_BLM[:, 1 : left + 1]
                return
            yield window_BLM[:, 1:kept]  # its first code is already there
            left -= kept - 1
            number += 1
            if self.transitions is not None and number % self.transitions.every == 0:
                end_BM = self.transitions.codes.codes(_at(keys, "end", number), self.sampler)
                key = _at(keys, "transition", number)
                way_BLM = self.transitions.motion.between(first_BM, end_BM, key, self.sampler)
                yield way_BLM[:, 1 : left + 1]
                left -= way_BLM.shape[1] - 1
                first_BM, before_BKM = end_BM, self._last(way_BLM[:, :-1])

    def _last(self, codes_BKM: Tensor) -> Tensor:
        """As many of the last codes as a window can be told before its own."""
        told = self.motion.config.history - 1
        return codes_BKM[:, max(0, codes_BKM.shape[1] - told) :]


def ending_at(window_BLM: Tensor, end_BM: Tensor, kept: int) -> Tensor:
    """A window moved by a linear ramp so that its code number `kept` is `end_BM`.

    Codes behind it are moved as far as it is.

    Args:
        window_BLM: float32 [B,L,M].
        end_BM: float32 [B,M].
        kept: 2 to L.

    Returns:
        float32 [B,L,M]; a window that ends there already keeps its bits.
    """
    share_L1 = (torch.arange(window_BLM.shape[1]) / (kept - 1)).clamp(max=1)[:, None]
    moved_BLM = window_BLM + share_L1 * (end_BM - window_BLM[:, kept - 1])[:, None]
    moved_BLM[:, kept - 1] = end_BM
    return moved_BLM


def _at(keys: Sequence[Key], *where: str | int) -> list[Key]:
    return [(*key, *where) for key in keys]
