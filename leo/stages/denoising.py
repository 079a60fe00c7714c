"""What all diffusion stages share: loss (Eq. 1), batches with noise, validation, builder.

Legend: B batch, X the shape of a diffused state.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from leo_bench.leo.config import CddpmConfig, Diffusion, FrameDmConfig, LmdmConfig, TransitionConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.diffusion.codes import CodeStats, FrameStats, TransitionStats, to_tensors
from leo_bench.leo.diffusion.gaussian import Key, Sampler, Schedule, plain_noise, target
from leo_bench.leo.seeds import generator
from leo_bench.leo.stage import Batch, Losses, LossModule, Player, Share, Stage
from leo_bench.leo.training_config import CADENCES

HELD_OUT = 256  # held-out samples at most
SHOWN = 4  # windows in a picture
_AT_ONCE = 64  # held-out samples that go through the network together
_QUICK = 25  # steps of the sampler at most, for pictures

T = TypeVar("T")
Validate = Callable[[nn.Module], dict[str, float]]
DiffusionTable = LmdmConfig | FrameDmConfig | TransitionConfig | CddpmConfig


@dataclass(frozen=True)
class Denoising:
    """What a stage diffuses, and how its network is called.

    Args:
        diffusion: noise schedule, what the network predicts, weights.
        shape: of one state, X.
        state: batch -> clean states [B,*X].
        predict: (network, noised states [B,*X], batch) -> prediction [B,*X].
        noise: (shape, generator) -> standard normal numbers of that shape.
    """

    diffusion: Diffusion
    shape: tuple[int, ...]
    state: Callable[[Batch], Tensor]
    predict: Callable[[nn.Module, Tensor, Batch], Tensor]
    noise: Callable[[Sequence[int], torch.Generator], Tensor] = plain_noise

    def noised(self, clean: Batch, step_B: Tensor, random: torch.Generator) -> Batch:
        """The batch with the diffusion steps `step_B` and noise for its states."""
        noise_BX = self.noise((len(step_B), *self.shape), random)
        return {**clean, "step": step_B, "noise": noise_BX}


class DenoisingLoss(LossModule):
    """Mean squared error of a network's prediction for noised states (paper Eqs. 1 and 4)."""

    def __init__(self, network: nn.Module, denoising: Denoising) -> None:
        super().__init__()
        self.network = network
        self._denoising = denoising

    def forward(self, batch: Batch) -> tuple[Losses, Batch]:
        """Batch with "noise" [B,*X] and "step" int64 [B] -> {"mse": float32 []}."""
        how, noise_BX, step_B = self._denoising, batch["noise"], batch["step"]
        schedule, clean_BX = Schedule.of(how.diffusion), how.state(batch)
        noised_BX = schedule.noised(clean_BX, noise_BX, step_B)
        predicted_BX = how.predict(self.network, noised_BX, batch)
        wanted_BX = target(how.diffusion.prediction, schedule, clean_BX, noise_BX, step_B)
        square_BX = (predicted_BX.float() - wanted_BX).square()
        if how.diffusion.most_weight != 1:
            _, left = schedule.at(step_B, clean_BX)
            square_BX = square_BX * left.square().reciprocal().clamp(max=how.diffusion.most_weight)
        return {"mse": square_BX.mean()}, {}


@dataclass(frozen=True)
class RandomBatches:
    """Training batches of a stage that learns codes: `Stage.batch`.

    The whole global batch is drawn, and the share cut out of it: codes are small.

    Args:
        name: of the stage, part of every seed.
        seed: of the training run.
        count: samples in a global batch.
        clean: (count, generator) -> that many random clean samples.
        denoising: adds noise.
    """

    name: str
    seed: int
    count: int
    clean: Callable[[int, torch.Generator], Batch]
    denoising: Denoising

    def __call__(self, step: int, share: Share) -> Batch:
        """The share's samples of a step."""
        random = generator(self.name, self.seed, step)
        clean = self.clean(self.count, random)
        steps = torch.randint(self.denoising.diffusion.steps, (self.count,), generator=random)
        batch = self.denoising.noised(clean, steps, random)
        mine = share.of(self.count)
        return {name: values[mine] for name, values in batch.items()}


def held_out_batch(name: str, seed: int, clean: Batch, denoising: Denoising) -> Batch:
    """Held-out samples with fixed noise, at evenly spread diffusion steps in random order."""
    random = generator(name, seed, "held out")
    steps = spread_steps(len(next(iter(clean.values()))), denoising.diffusion, random)
    return denoising.noised(clean, steps, random)


def spread_steps(count: int, diffusion: Diffusion, random: torch.Generator) -> Tensor:
    """Diffusion steps evenly spread over the schedule, in random order: int64 [count]."""
    spread = ((torch.arange(count) + 0.5) * diffusion.steps / count).long()
    return spread[torch.randperm(count, generator=random)]


@dataclass(frozen=True)
class HeldOutLoss:
    """The loss on one fixed batch: `Stage.validate`.

    Args:
        denoising: of the stage.
        batch: held-out samples with noise and steps.
    """

    denoising: Denoising
    batch: Batch

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> dict[str, float]:
        """{"loss": mean over the batch}."""
        device = next(network.parameters()).device
        losses = DenoisingLoss(network, self.denoising)
        count = len(next(iter(self.batch.values())))
        total = 0.0
        for first in range(0, count, _AT_ONCE):
            part = {k: v[first : first + _AT_ONCE].to(device) for k, v in self.batch.items()}
            found, _ = losses(part)
            total += min(_AT_ONCE, count - first) * float(found["mse"])
        return {"loss": total / count}


@dataclass(frozen=True)
class DiffusionStage:
    """What differs from one diffusion stage to another.

    Args:
        name: of the stage.
        config: its table.
        network: makes an untrained network; its weights follow from `name` and `seed`.
        stats: statistics of the training codes, saved with the weights.
        denoising: what is diffused.
        batch, held_out: as `Stage.batch`, and the held-out samples.
        picture: as `Stage.picture`.
    """

    name: str
    config: DiffusionTable
    network: Callable[[], nn.Module]
    stats: CodeStats | FrameStats | TransitionStats
    denoising: Denoising
    batch: Callable[[int, Share], Batch]
    held_out: Batch
    picture: Callable[[nn.Module], Tensor]

    def build(self, codes: CodeBook, seed: int, validate: Validate | None = None) -> Stage:
        """The stage; `validate`: None for the loss on the held-out samples."""
        losses = DenoisingLoss(seeded(self.network, self.name, seed), self.denoising)
        ema = self.config.training.ema
        return Stage(
            name=self.name,
            players=[Player(self.name, losses, self.config.optimiser, ema)],
            batch=self.batch,
            validate=validate or HeldOutLoss(self.denoising, self.held_out),
            picture=self.picture,
            metadata={
                self.name: self.config.model_dump_json(exclude={"training": set(CADENCES)}),
                **codes.about_animator,
            },
            tensors=to_tensors(self.stats),
        )


def seeded(build: Callable[[], T], *key: str | int) -> T:
    """What `build` makes, its random first weights a function of `key`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(*key).initial_seed())
        return build()


def preview_sampler(diffusion: Diffusion, batch: int = 8) -> Sampler:
    """DDIM for pictures during training: at most 25 steps, a divisor of those of training."""
    return Sampler("ddim", max(n for n in range(1, _QUICK + 1) if diffusion.steps % n == 0), batch)


def shown(windows: Tensor) -> tuple[Tensor, list[Key]]:
    """Evenly spread windows, [W,L,M] -> [4,L,M], and keys for two rows of drawn ones, 8."""
    picked = torch.linspace(0, len(windows) - 1, SHOWN).round().long()
    return windows[picked], [("shown", row, column) for row in range(2) for column in range(SHOWN)]
