"""A stage as the training loop sees it: players, batches, validation, pictures.

A batch is a function of step and share alone: no iterator has a state that a checkpoint would have
to save, and any thread may make any batch ahead of time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from leo_bench.leo.training_config import Optimiser

Batch = dict[str, Tensor]
Losses = dict[str, Tensor]


@dataclass(frozen=True)
class Share:
    """One of `parts` equal parts of a global batch: of a process, or of gradient accumulation.

    Args:
        part: 0 to parts - 1.
        parts: their number.
        group: samples that a network compares, see `Stage`; a part holds whole groups.
    """

    part: int = 0
    parts: int = 1
    group: int = 1

    def of(self, count: int) -> list[int]:
        """The indices of this part in a global batch of `count`.

        The batch is laid out as [group, count/group], a column a group; a part is a block of
        columns.

        Raises:
            ValueError: `count` cannot be split equally.
        """
        if count % (self.parts * self.group):
            raise ValueError(
                f"a batch of {count} cannot be dealt out to {self.parts} equally, "
                f"{self.group} together"
            )
        groups = count // self.group
        size = groups // self.parts
        columns = range(self.part * size, (self.part + 1) * size)
        return [row * groups + column for row in range(self.group) for column in columns]


class LossModule(nn.Module):
    """A network with its losses: what a player trains. Abstract.

    `network` is optimised, averaged and saved. Other networks that the losses use are kept in a
    tuple, so that they are no submodules.
    """

    network: nn.Module

    def part_means(self, batch: Batch) -> Batch:
        """Numbers [] of a part; `forward` finds their means over the global batch in its batch.

        A loss that is divided by such a mean does not depend on how the batch is split.
        """
        return {}

    def forward(self, batch: Batch) -> tuple[Losses, Batch]:
        """The weighted losses on `batch` (their sum is minimised), and tensors for later players.

        The tensors are detached and added to the batch before the next player's turn, as the
        generator's picture is for the discriminator.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Player:
    """One network of a stage, with its optimiser."""

    name: str
    module: LossModule
    optimiser: Optimiser
    ema: float | None = None  # decay of the moving average of the weights; None: none


@dataclass(frozen=True)
class Stage:
    """A model being trained.

    Args:
        name: "animator", "lmdm", "frame-dm", "transition-dm", "cddpm", "super-resolution".
        players: take turns on every batch, in this order; the first one is the model.
        batch: (step, share) -> the share of that step's global batch, on the CPU.
        validate: the model's network (averaged, if there is an average) -> numbers on held-out data
            by name; the lowest "loss" marks the best checkpoint.
        picture: the model's network -> uint8 [3,H,W], or None.
        metadata: saved with the weights, text by name.
        tensors: saved with the weights: statistics of the codes.
        group: samples that a network compares with each other: every (batch/group)-th one. The
            batch, and each part of it, is a multiple of it.
    """

    name: str
    players: Sequence[Player]
    batch: Callable[[int, Share], Batch]
    validate: Callable[[nn.Module], dict[str, float]]
    picture: Callable[[nn.Module], Tensor | None]
    metadata: dict[str, str]
    tensors: dict[str, Tensor]
    group: int = 1
