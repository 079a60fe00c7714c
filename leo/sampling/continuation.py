"""Drawn motion that goes on from driven motion.

continuation = Continuation.of(model, Sampling(frames=128))
for codes in continuation.after(driven): ...   # float32 [k,M] each
"""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.diffusion.gaussian import Sampler, check_steps
from leo_bench.leo.models.motion_models import MotionModel
from leo_bench.leo.sampling.model import LeoModel
from leo_bench.leo.sampling.options import Sampling
from leo_bench.leo.sampling.rollout import Rollout


@dataclass(frozen=True)
class Continuation:
    """Motion that an LMDM draws after given codes.

    Args:
        motion: the LMDM.
        sampling: how many codes follow (`frames`), the sampler and the seed.
    """

    motion: MotionModel
    sampling: Sampling

    @staticmethod
    def of(model: LeoModel, sampling: Sampling) -> "Continuation":
        """By the LMDM of a model.

        Raises:
            InputError: it has none, or one that cannot go on from a code or that leaves frames
                out; the sampler's steps do not fit.
        """
        motion = model.motion
        if not motion.condition.conditional:
            raise InputError(
                f"{model.name}: an LMDM of condition {motion.config.condition!r} cannot go on from "
                "given motion: leave --continue out"
            )
        if (stride := motion.config.frame_stride) != 1:
            raise InputError(
                f"{model.name}: an LMDM of frame stride {stride} draws one frame in {stride}, so "
                f"motion would go on {stride} times as fast as it was driven: leave --continue out"
            )
        made = Continuation(motion, sampling)
        check_steps(motion.config.diffusion, made.sampler)
        return made

    @property
    def sampler(self) -> Sampler:
        """Of one window at a time."""
        return Sampler(self.sampling.sampler, self.sampling.steps, batch=1)

    def after(self, driven_NM: Tensor) -> Iterator[Tensor]:
        """Codes that follow these, piece by piece: float32 [k,M], in the memory of one window.

        The LMDM is told as many of the given codes as it was trained with, and the first one, if it
        was trained with the first code of a video (`lmdm.history`, `lmdm.anchor`).
        """
        keys = [("continued", self.sampling.seed)]
        rollout = Rollout(self.motion, self.sampler)
        driven_1NM, count = driven_NM[None], self.sampling.frames + 1
        pieces = rollout.segments(driven_1NM[:, -1], count, keys, driven_1NM[:, :-1])
        next(pieces)  # the last of the given codes
        for piece_BKM in pieces:
            yield piece_BKM[0]
