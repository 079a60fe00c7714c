"""Random splits of videos into disjoint blocks, and the mean of a statistic over them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.distances.influence import Linearised, WeightedStatistic, Weights


def deal(names: Sequence[str], parts: int, salt: str) -> Tensor:
    """Assign each video to one of `parts` blocks of equal size, within one: int64 [len(names)].

    By a hash of salt and name, so that the order of the names does not matter.
    """
    keys = [hashlib.sha256(f"{salt}\0{name}".encode()).digest() for name in names]
    block = torch.empty(len(names), dtype=torch.int64)
    order = torch.tensor(sorted(range(len(names)), key=keys.__getitem__), dtype=torch.int64)
    block[order] = torch.arange(len(names)) % parts
    return block


@dataclass(frozen=True)
class BlockSplit:
    """Videos split into parts; a block is `run` consecutive parts, such as 1/3 of the videos.

    One of the numbers of parts divides the other.
    """

    real_parts: int
    fake_parts: int
    run: int
    salt: str


def block_weights(statistic: WeightedStatistic, dealing: BlockSplit) -> list[Weights]:
    """The weights, 0 or 1, that leave each pair of a real and a fake block."""
    real_part = deal(statistic.real_videos, dealing.real_parts, dealing.salt)
    fake_part = deal(statistic.fake_videos, dealing.fake_parts, dealing.salt)
    return [
        Weights(
            ((real_part - i) % dealing.real_parts < dealing.run).double(),
            ((fake_part - i) % dealing.fake_parts < dealing.run).double(),
        )
        for i in range(max(dealing.real_parts, dealing.fake_parts))
    ]


def mean_of_blocks(blocks: Sequence[Linearised]) -> Linearised:
    """Mean over pairs of blocks, as a function of the weights of all videos."""
    pairs = len(blocks)
    return Linearised(
        value=sum(block.value for block in blocks) / pairs,
        real=torch.stack([block.real for block in blocks]).sum(dim=0) / pairs,
        fake=torch.stack([block.fake for block in blocks]).sum(dim=0) / pairs,
    )


def mean_over_blocks(statistic: WeightedStatistic, dealing: BlockSplit) -> Linearised:
    """Mean of the statistic over pairs of a real and a fake block; every video counts the same."""
    found = statistic.evaluations(block_weights(statistic, dealing))
    return mean_of_blocks([block.linearised() for block in found])
