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
    for rank, index in enumerate(sorted(range(len(names)), key=keys.__getitem__)):
        block[index] = rank % parts
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


def in_blocks(statistic: WeightedStatistic, dealing: BlockSplit) -> WeightedStatistic:
    """Mean of the statistic over pairs of a real and a fake block; every video counts the same."""
    real_part = deal(statistic.real_videos, dealing.real_parts, dealing.salt)
    fake_part = deal(statistic.fake_videos, dealing.fake_parts, dealing.salt)
    pairs = max(dealing.real_parts, dealing.fake_parts)
    masks = [
        (
            ((real_part - i) % dealing.real_parts < dealing.run).double(),
            ((fake_part - i) % dealing.fake_parts < dealing.run).double(),
        )
        for i in range(pairs)
    ]

    def at(weights: Weights) -> Linearised:
        blocks = [
            statistic.at(Weights(weights.real * real, weights.fake * fake)) for real, fake in masks
        ]
        return Linearised(
            value=sum(block.value for block in blocks) / pairs,
            real=torch.stack([block.real for block in blocks]).sum(dim=0) / pairs,
            fake=torch.stack([block.fake for block in blocks]).sum(dim=0) / pairs,
        )

    return WeightedStatistic(
        statistic.real_videos,
        statistic.fake_videos,
        n_real=statistic.n_real,
        n_fake=statistic.n_fake,
        dimension=statistic.dimension,
        at=at,
    )


def mean_over_blocks(statistic: WeightedStatistic, dealing: BlockSplit) -> Linearised:
    """`in_blocks`, every video counting once."""
    return in_blocks(statistic, dealing).at(statistic.ones)
