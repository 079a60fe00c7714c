"""What the stages that draw starting frames share: frames with their codes, losses, held-out ones.

A batch of `FramesWithCodes` holds, for each sample:
    "frame"  uint8 [b,3,R,R]
    "code"   float32 [b,M], normalised
    "told"   bool [b]; False where the code is kept from the network
    "noise"  float32 [b,3,R,R]
    "step"   int64 [b], of diffusion
and, for super-resolution,
    "low"    float32 [b,3,r,r] in [-1,1], noised
    "level"  float32 [b], of that noise

Pictures are not flipped: a flipped picture has another code (spec 4).
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import torch
from torch import Tensor, nn

from leo_bench.leo.config import CddpmConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.data.videos import TrainingVideos
from leo_bench.leo.diffusion.codes import FrameStats
from leo_bench.leo.diffusion.gaussian import Schedule
from leo_bench.leo.models.starting_frame import MOST_NOISE, beside, shrunk
from leo_bench.leo.networks.pixels import from_pixels
from leo_bench.leo.seeds import generator
from leo_bench.leo.stage import Batch, Losses, LossModule, Share
from leo_bench.leo.stages.denoising import Judge, error

JUDGED = 64  # held-out frames


@dataclass(frozen=True)
class FramesWithCodes:
    """Random frames of some videos, each with its code, its noise and its step of diffusion.

    Args:
        name: the stage's, in the keys of chance.
        videos: frames, at the model's resolution or a multiple of it.
        codes: of the same videos.
        stats: bring codes to unit scale.
        config: batch, resolution, steps of diffusion, how often a code is kept back.
        low: side of the small picture that super-resolution starts from; None: there is none.
        seed: of the run.
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
        """The share's samples of a step, every training frame as likely."""
        return _stacked([self._random(step, i) for i in share.of(self.config.training.batch)])

    def _random(self, step: int, index: int) -> Batch:
        chance = generator(self.name, self.seed, step, index)
        place = int(torch.randint(self._ends[-1], (), generator=chance))
        which = bisect_right(self._ends, place)
        video = self.videos.training[which]
        frame = place - (self._ends[which - 1] if which else 0)
        diffusion_step = torch.randint(self.config.diffusion.steps, (), generator=chance)
        return self._sample(video, frame, diffusion_step, chance)

    def held_out(self) -> Batch:
        """Frames of the held-out videos, evenly spread, at steps evenly spread; always the same."""
        judged = self.videos.judged
        places = [(video, i) for video in judged for i in range(self.codes.lengths[video])]
        chosen = [places[i * len(places) // JUDGED] for i in range(JUDGED)]
        chance = generator(self.name, self.seed, "held out")
        steps = ((torch.arange(JUDGED) + 0.5) * self.config.diffusion.steps / JUDGED).long()
        steps = steps[torch.randperm(JUDGED, generator=chance)]
        batch = _stacked(
            [
                self._sample(video, frame, step, chance)
                for (video, frame), step in zip(chosen, steps, strict=True)
            ]
        )
        return {**batch, "told": torch.ones(JUDGED, dtype=torch.bool)}

    def _sample(self, video: int, frame: int, step: Tensor, chance: torch.Generator) -> Batch:
        side = self.config.resolution
        picture = self.videos.frames(video, [frame])
        sample = {
            "frame": shrunk(picture, side)[0],
            "code": self.stats.normalised(self.codes.of(video)[frame]),
            "told": torch.rand((), generator=chance) >= self.config.condition_dropout,
            "noise": torch.randn(3, side, side, generator=chance),
            "step": step,
        }
        if self.low is not None:
            small = from_pixels(shrunk(picture, self.low)[0])
            level = torch.rand((), generator=chance) * MOST_NOISE
            sample["low"] = small + level * torch.randn(small.shape, generator=chance)
            sample["level"] = level
        return sample


class PictureLosses(LossModule):
    """How far the network's prediction of a noised picture is off."""

    def __init__(self, network: nn.Module, config: CddpmConfig) -> None:
        """`network`: a `UNet2d`."""
        super().__init__()
        self.network = network
        self._config = config

    def forward(self, batch: Batch) -> tuple[Losses, Batch]:
        """The mean squared error on a batch of `FramesWithCodes`, weighted as the config says."""
        diffusion = self._config.diffusion
        clean, noise, step = from_pixels(batch["frame"]), batch["noise"], batch["step"]
        seen, code = Schedule.of(diffusion).noised(clean, noise, step), batch["code"]
        if "low" in batch:
            seen, code = beside(seen, code, batch["low"], batch["level"])
        said = self.network(seen, step, code, batch["told"])
        return {"mse": error(diffusion, said, clean, noise, step)}, {}


def judge(
    losses: Callable[[nn.Module], LossModule], batch: Batch
) -> Callable[[nn.Module], dict[str, float]]:
    """`Stage.validate`: the "loss", and the loss when codes are dealt to the wrong frames."""
    right = Judge(losses, batch)
    wrong = Judge(losses, {**batch, "code": batch["code"].roll(JUDGED // 2, 0)})
    return lambda network: {**right(network), "loss with wrong codes": wrong(network)["loss"]}


def _stacked(samples: Sequence[Batch]) -> Batch:
    return {name: torch.stack([sample[name] for sample in samples]) for name in samples[0]}
