"""Measures of the motion in codes: steps, bends, ways from the first code; nothing is rendered.

Legend: N videos, T frames, M code dimensions. Codes are float32 [N,T,M], not normalised; LIA's
directions are orthonormal, so distances of codes are those of latents.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from leo_bench.leo.config import LmdmConfig


@dataclass(frozen=True)
class Bends:
    """How sharply motion bends at frames 1 to T-2, counted from 0.

    Args:
        second: lengths of second differences, [N,T-2].
        cosine: of the steps before and after each frame, -1 to 1, [N,T-2].
    """

    second: Tensor
    cosine: Tensor

    @staticmethod
    def of(codes: Tensor) -> "Bends":
        """Of codes of 3 frames or more."""
        steps = codes.diff(dim=1)
        cosine = F.cosine_similarity(steps[:, :-1], steps[:, 1:], dim=-1)
        return Bends(steps.diff(dim=1).norm(dim=-1), cosine)

    def at(self, frames: Sequence[int]) -> "Bends":
        """At these frames alone."""
        columns = [frame - 1 for frame in frames]
        return Bends(self.second[:, columns], self.cosine[:, columns])

    def elsewhere(self, frames: Sequence[int]) -> "Bends":
        """At all frames but these."""
        return self.at(sorted(set(range(1, self.second.shape[1] + 1)) - set(frames)))


def seams(config: LmdmConfig, frames: int) -> range:
    """The frames, counted from 0, at which one window ends and the next begins.

    The last frame is none: no step follows it.
    """
    period = config.length - 1 - config.spare
    return range(period, frames - 1, period)


def step_lengths(codes: Tensor) -> Tensor:
    """Mean distance from code to code of each video: [N]."""
    lengths: Tensor = codes.diff(dim=1).norm(dim=-1)
    return lengths.mean(dim=1)


def ways(codes: Tensor) -> Tensor:
    """Distance of every code from the first one of its video: [N,T]."""
    distances: Tensor = (codes - codes[:, :1]).norm(dim=-1)
    return distances
