"""What the training loop must know of a stage: its players, its batches, how it is judged.

A batch is a function of the step and of the share, and of nothing else: no iterator has a state
that a checkpoint would have to save, and any thread may make any batch ahead of time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from leo_bench.leo.config import Optimiser

Batch = dict[str, Tensor]
Losses = dict[str, Tensor]


@dataclass(frozen=True)
class Share:
    """One of `parts` equal parts of a global batch: a process's, or a step of accumulation's.

    Args:
        part: from 0.
        parts: how many.
        group: samples that a network looks at together, see `Stage`; a part holds whole groups.
    """

    part: int = 0
    parts: int = 1
    group: int = 1

    def of(self, count: int) -> list[int]:
        """The indices of a global batch of `count` that belong to this part.

        The batch is laid out as [group, count/group], a column a group, and each part is a block
        of columns: laid out alike, it has the same groups.

        Raises:
            ValueError: `count` cannot be dealt out equally.
        """
        if count % (self.parts * self.group):
            raise ValueError(
                f"a batch of {count} cannot be dealt out to {self.parts} equally, "
                f"{self.group} together"
            )
        groups = count // self.group
        size = groups // self.parts
        mine = range(self.part * size, (self.part + 1) * size)
        return [row * groups + column for row in range(self.group) for column in mine]


class LossModule(nn.Module):
    """A network with its losses: what a player trains. Abstract.

    `network` is what is optimised, saved and averaged. Other networks that the losses need belong
    to the closure or to a tuple, so that they are no parameters of this module.
    """

    network: nn.Module

    def part_means(self, batch: Batch) -> Batch:
        """Numbers [] of a part whose means over the global batch `forward` finds in its batch.

        A loss that is balanced by such a mean is the same whatever parts the batch is dealt in.
        """
        return {}

    def forward(self, batch: Batch) -> tuple[Losses, Batch]:
        """The losses on `batch`, weighted (their sum is trained), and what later players may read.

        What is returned second, detached, is added to the batch before the next player's turn: the
        generator's picture for the discriminator.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Player:
    """One network in turn on the same batch."""

    name: str
    module: LossModule
    optimiser: Optimiser
    ema: float | None = None  # decay of the average of the weights; None: no average is kept


@dataclass(frozen=True)
class Stage:
    """A model being trained.

    Args:
        name: "animator", "lmdm", "frame-dm", "transition-dm", "cddpm", "super-resolution".
        players: take turns on every batch, in this order; the first one is the model.
        batch: (step, share) -> that share's part of step's global batch, on the CPU.
        validate: the model's network (averaged, if an average is kept) -> numbers on held-out data
            by name; lower is better, and "loss" decides which checkpoint is the best.
        picture: the model's network -> uint8 [3,H,W] to look at; None: nothing to see.
        metadata: kept with the weights (JSON text by name): statistics a sampler needs.
        tensors: kept with the weights: code statistics and the like.
        group: samples that a network looks at together: every (batch/group)-th one. The batch, and
            what each process computes at once, is a multiple of it.
    """

    name: str
    players: Sequence[Player]
    batch: Callable[[int, Share], Batch]
    validate: Callable[[nn.Module], dict[str, float]]
    picture: Callable[[nn.Module], Tensor | None]
    metadata: dict[str, str]
    tensors: dict[str, Tensor]
    group: int = 1
