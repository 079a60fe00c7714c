"""Training data of cddpm and super-resolution: frames with codes, noise and steps.

A batch of `FramesWithCodes` holds, for each sample:
    "frame"  uint8 [b,3,R,R]
    "code"   float32 [b,M], normalised
    "told"   bool [b]; False where the code is withheld from the network
    "noise"  float32 [b,3,R,R]
    "step"   int64 [b], of diffusion
and, for super-resolution,
    "low"    float32 [b,3,r,r] in [-1,1], noised
    "level"  float32 [b], standard deviation of that noise

Frames are not flipped: the code of a flipped frame is another one.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import torch
from torch import Tensor, nn

from leo_bench.leo.config import CddpmConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.data.videos import TrainingVideos
from leo_bench.leo.diffusion.codes import FrameStats
from leo_bench.leo.models.starting_frame import MOST_NOISE, concatenated, shrunk
from leo_bench.leo.networks.layers import from_pixels
from leo_bench.leo.seeds import generator
from leo_bench.leo.stage import Batch, Share
from leo_bench.leo.stages.denoising import Denoising, HeldOutLoss, Validate, spread_steps

HELD_OUT = 64  # held-out frames
SHOWN = 8  # frames in a picture


@dataclass(frozen=True)
class FramesWithCodes:
    """Random frames of the training videos, each with its code, noise and diffusion step.

    Args:
        name: of the stage, part of every seed.
        videos: frames, at the stage's resolution or a multiple of it.
        codes: of the same videos.
        stats: normalise the codes.
        config: batch, resolution, steps of diffusion, dropout of the code.
        seed: of the training run.
        low: side of the small picture that super-resolution starts from; None: the cDDPM.
    """

    name: str
    videos: TrainingVideos
    codes: CodeBook
    stats: FrameStats
    config: CddpmConfig
    seed: int
    low: int | None = None

    @cached_property
    def _ends(self) -> Sequence[int]:
        return list(accumulate(self.codes.lengths[video] for video in self.videos.training))

    def __call__(self, step: int, share: Share) -> Batch:
        """The share's samples of a step; every training frame is equally likely."""
        return _stacked([self._random(step, i) for i in share.of(self.config.training.batch)])

    def _random(self, step: int, index: int) -> Batch:
        random = generator(self.name, self.seed, step, index)
        place = int(torch.randint(self._ends[-1], (), generator=random))
        which = bisect_right(self._ends, place)
        frame = place - (self._ends[which - 1] if which else 0)
        diffusion_step = torch.randint(self.config.diffusion.steps, (), generator=random)
        return self._sample(self.videos.training[which], frame, diffusion_step, random)

    def held_out(self) -> Batch:
        """Evenly spread frames of the held-out videos at evenly spread steps; always the same."""
        judged = self.videos.judged
        places = [(video, i) for video in judged for i in range(self.codes.lengths[video])]
        chosen = [places[i * len(places) // HELD_OUT] for i in range(HELD_OUT)]
        random = generator(self.name, self.seed, "held out")
        steps = spread_steps(HELD_OUT, self.config.diffusion, random)
        batch = _stacked(
            [
                self._sample(video, frame, step, random)
                for (video, frame), step in zip(chosen, steps, strict=True)
            ]
        )
        return {**batch, "told": torch.ones(HELD_OUT, dtype=torch.bool)}

    def _sample(self, video: int, frame: int, step: Tensor, random: torch.Generator) -> Batch:
        side = self.config.resolution
        picture = self.videos.frames(video, [frame])
        sample = {
            "frame": shrunk(picture, side)[0],
            "code": self.stats.normalised(self.codes.of(video)[frame]),
            "told": torch.rand((), generator=random) >= self.config.condition_dropout,
            "noise": torch.randn(3, side, side, generator=random),
            "step": step,
        }
        if self.low is not None:
            small = from_pixels(shrunk(picture, self.low)[0])
            level = torch.rand((), generator=random) * MOST_NOISE
            sample["low"] = small + level * torch.randn(small.shape, generator=random)
            sample["level"] = level
        return sample


def denoising(config: CddpmConfig) -> Denoising:
    """Noise on the frames of `FramesWithCodes`; the network is given their codes."""
    shape = (3, config.resolution, config.resolution)
    return Denoising(config.diffusion, shape, lambda batch: from_pixels(batch["frame"]), _predict)


def _predict(network: nn.Module, state: Tensor, batch: Batch) -> Tensor:
    code = batch["code"]
    if "low" in batch:
        state, code = concatenated(state, code, batch["low"], batch["level"])
    predicted: Tensor = network(state, batch["step"], code, batch["told"])
    return predicted


def right_and_wrong_codes(how: Denoising, batch: Batch) -> Validate:
    """`Stage.validate`: the "loss", and the loss when frames are given the codes of others."""
    right = HeldOutLoss(how, batch)
    wrong = HeldOutLoss(how, {**batch, "code": batch["code"].roll(HELD_OUT // 2, 0)})
    return lambda network: {**right(network), "loss with wrong codes": wrong(network)["loss"]}


def some_held_out(held_out: Batch, stats: FrameStats) -> tuple[Tensor, Tensor]:
    """For a picture: 8 held-out frames uint8 [8,3,R,R], and their codes [8,M], not normalised."""
    picked = slice(None, None, HELD_OUT // SHOWN)
    return held_out["frame"][picked], stats.denormalised(held_out["code"][picked])


def tiled(rows: Sequence[Tensor]) -> Tensor:
    """Rows of pictures, uint8 [8,3,R,R] each, as one picture: uint8 [3,rows*R,8*R]."""
    return torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)


def _stacked(samples: Sequence[Batch]) -> Batch:
    return {name: torch.stack([sample[name] for sample in samples]) for name in samples[0]}
