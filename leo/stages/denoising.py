"""What the stages that learn codes share: noise and steps of a batch, a fixed held-out batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from leo import chance
from leo.config import Diffusion
from leo.stage import Batch, LossModule

JUDGED = 256  # held-out samples at most
_AT_ONCE = 64

T = TypeVar("T")


def steps_and_noise(
    shape: Sequence[int], diffusion: Diffusion, random: torch.Generator
) -> tuple[Tensor, Tensor]:
    """A step of diffusion for each sample, int64 [B], and noise, float32 [B,...] as `shape`."""
    steps = torch.randint(diffusion.steps, (shape[0],), generator=random)
    return steps, torch.randn(tuple(shape), generator=random)


def spread_steps_and_noise(
    shape: Sequence[int], diffusion: Diffusion, random: torch.Generator
) -> tuple[Tensor, Tensor]:
    """As `steps_and_noise`, the steps evenly spread: a mean over them varies less."""
    count = shape[0]
    spread = ((torch.arange(count) + 0.5) * diffusion.steps / count).long()
    steps = spread[torch.randperm(count, generator=random)]
    return steps, torch.randn(tuple(shape), generator=random)


def judged_sequences(training: Sequence[Tensor], held_out: Sequence[Tensor]) -> Sequence[Tensor]:
    """The held-out ones; with nothing held out the first training one stands in."""
    return held_out or training[:1]


@dataclass(frozen=True)
class Judge:
    """The loss on one fixed batch: `Stage.validate`.

    Args:
        losses: network -> its losses.
        batch: held-out samples with fixed noise and steps.
    """

    losses: Callable[[nn.Module], LossModule]
    batch: Batch

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> dict[str, float]:
        """The mean over the batch, as "loss"."""
        device = next(network.parameters()).device
        losses = self.losses(network)
        count = len(next(iter(self.batch.values())))
        total = 0.0
        for first in range(0, count, _AT_ONCE):
            part = {name: values[first : first + _AT_ONCE] for name, values in self.batch.items()}
            found, _ = losses({name: values.to(device) for name, values in part.items()})
            rows = min(_AT_ONCE, count - first)
            total += rows * float(torch.stack(list(found.values())).sum())
        return {"loss": total / count}


def seeded(build: Callable[[], T], *key: str | int) -> T:
    """A network, or several, whose first weights follow from `key`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(chance.generator(*key).initial_seed())
        return build()
