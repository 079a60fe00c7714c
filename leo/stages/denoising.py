"""What the diffusion stages share: steps of a batch, a held-out batch, first weights, pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from leo_bench.leo import seeds as chance
from leo_bench.leo.config import Diffusion
from leo_bench.leo.diffusion.gaussian import Key, Sampler, Schedule, target
from leo_bench.leo.stage import Batch, LossModule

JUDGED = 256  # held-out samples at most
_AT_ONCE = 64
_QUICK = 25  # steps of the sampler at most, for pictures
_SHOWN = 4  # windows in a picture

T = TypeVar("T")


def quick(diffusion: Diffusion, batch: int = 8) -> Sampler:
    """A sampler for pictures during training: DDIM in few steps, as many as divide training's."""
    return Sampler("ddim", max(n for n in range(1, _QUICK + 1) if diffusion.steps % n == 0), batch)


def shown(windows: Tensor) -> tuple[Tensor, list[Key]]:
    """Some windows [W,L,M], evenly spread, [4,L,M], and keys for two rows of drawn ones, 8."""
    picked = torch.linspace(0, len(windows) - 1, _SHOWN).round().long()
    return windows[picked], [("shown", row, column) for row in range(2) for column in range(_SHOWN)]


def as_kind(network: nn.Module, kind: type[T]) -> T:
    """The network as what it is.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(network, kind):
        raise TypeError(f"expected a {kind.__name__}, not {type(network).__name__}")
    return network


def error(
    diffusion: Diffusion, said_BX: Tensor, clean_BX: Tensor, noise_BX: Tensor, step_B: Tensor
) -> Tensor:
    """The mean squared error of what a network says of noised states, weighted as the config says.

    Args:
        diffusion: schedule, kind of prediction, weights.
        said_BX: the network's prediction.
        clean_BX: the clean states.
        noise_BX: the noise that was laid on them.
        step_B: at which step.

    Returns:
        One number, float32.
    """
    schedule = Schedule.of(diffusion)
    wanted_BX = target(diffusion.prediction, schedule, clean_BX, noise_BX, step_B)
    square_BX = (said_BX.float() - wanted_BX).square()
    if diffusion.most_weight != 1:
        _, left = schedule.at(step_B, clean_BX)
        square_BX = square_BX * left.square().reciprocal().clamp(max=diffusion.most_weight)
    return square_BX.mean()


def random_steps(count: int, diffusion: Diffusion, random: torch.Generator) -> Tensor:
    """A step of diffusion for each of `count` samples: int64 [count]."""
    return torch.randint(diffusion.steps, (count,), generator=random)


def spread_steps(count: int, diffusion: Diffusion, random: torch.Generator) -> Tensor:
    """As `random_steps`, evenly spread, in random order."""
    spread = ((torch.arange(count) + 0.5) * diffusion.steps / count).long()
    return spread[torch.randperm(count, generator=random)]


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
