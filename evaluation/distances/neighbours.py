"""Nearest neighbours among features: precision and recall, and a test for copied samples.

Precision and recall [Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric for Assessing
Generative Models", Sec. 3]: a set's manifold is the union of the balls around its members that
reach their k-th nearest neighbour; precision is the share of fakes on the real manifold, recall the
share of reals on the fake one. Copying [Meehan et al. 2020, "A Non-Parametric Test to Detect
Data-Copying in Generative Models", Sec. 3]: samples that lie nearer to the training videos than
unseen real videos do.

Distances are Euclidean, in float64.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from scipy.stats import mannwhitneyu, rankdata, tiecorrect
from torch import Tensor

from leo_bench.evaluation.distances.feature_matrix import check_pair
from leo_bench.evaluation.errors import InputError

# Kynkäänniemi et al. 2019, Sec. 3.1: "k = 3 is a robust choice".
K = 3

BLOCK_ROWS = 512  # of a distance matrix held at once

# A sample that lies nearer than this share of unseen real videos counts as suspicious.
NEAR = 0.05

T = TypeVar("T")


def precision(real: Tensor, fake: Tensor, k: int = K) -> float:
    """Share of fake [M,D] that lie on the manifold of real [N,D]: 0..1, 1 is best.

    Raises:
        InputError: features that cannot be used; k or fewer rows on a side.
    """
    check_pair(real, fake)
    for side, values in (("real", real), ("fake", fake)):
        if len(values) <= k:
            raise InputError(f"{side} features: {len(values)} clips; {k} neighbours need {k + 1}")
    # Centred, so that the squares in `_distances` lose no digits to a large mean.
    centre = real.double().mean(dim=0)
    return _share_within(fake.double() - centre, real.double() - centre, k)


def recall(real: Tensor, fake: Tensor, k: int = K) -> float:
    """Share of real [N,D] that lie on the manifold of fake [M,D]: 0..1, 1 is best.

    Raises:
        InputError: as `precision`.
    """
    check_pair(real, fake)
    return precision(fake, real, k)


@dataclass(frozen=True)
class Nearest(Generic[T]):
    """The nearest reference of each query.

    Args:
        distances: float64 [Q].
        which: the label of each nearest reference, Q of them.
    """

    distances: Tensor
    which: Sequence[T]


def nearest(queries: Tensor, references: Iterable[tuple[Tensor, Sequence[T]]]) -> Nearest[T]:
    """Nearest reference of each query [Q,D]; references come in blocks [B,D] with B labels.

    Memory holds the queries and one block. Of equally near references the first one is kept.

    Raises:
        InputError: no reference at all.
    """
    wanted = queries.double()
    best = torch.full((len(queries),), math.inf, dtype=torch.float64)
    which: list[T | None] = [None] * len(queries)
    for values, marks in references:
        for start in range(0, len(wanted), BLOCK_ROWS):
            rows = wanted[start : start + BLOCK_ROWS]
            # By differences, so that the distance of a copy is exactly 0.
            distances = torch.cdist(
                rows, values.double(), compute_mode="donot_use_mm_for_euclid_dist"
            )
            found, place = distances.min(dim=1)
            for i in torch.nonzero(found < best[start : start + len(rows)]).flatten().tolist():
                best[start + i] = found[i]
                which[start + i] = marks[int(place[i])]
    known = [mark for mark in which if mark is not None]
    if len(known) < len(which):
        raise InputError("there is no training clip to be near to")
    return Nearest(best, known)


@dataclass(frozen=True)
class Copying:
    """How near samples lie to the training videos, compared with unseen real videos.

    Args:
        percentiles: of each sample, 0..1: the share of unseen real videos that lie as near or
            nearer; small is suspicious.
        share_near: share of the samples below the NEAR percentile; NEAR is expected by chance.
        closer_than_all: share of the samples that lie nearer than every unseen real video.
        z: the Mann-Whitney statistic C_T of Meehan et al. with one cell, as a normal deviate: far
            below 0 means copying, far above 0 means samples away from the data.
        p: probability of such a z or a lower one if nothing is copied.
    """

    percentiles: Tensor  # float64 [Q]
    share_near: float
    closer_than_all: float
    z: float
    p: float


def copying(samples: Tensor, unseen: Tensor) -> Copying:
    """Test for copying, from the distances of samples [Q] and unseen reals [U] to training clips.

    Raises:
        InputError: no sample, or fewer than 2 unseen videos.
    """
    if len(samples) < 1 or len(unseen) < 2:
        raise InputError(
            f"{len(samples)} samples and {len(unseen)} held-out videos; a statement on copying "
            "needs 1 and 2"
        )
    ordered = unseen.double().sort().values
    mine = samples.double()
    percentiles = torch.searchsorted(ordered, mine, right=True).double() / len(ordered)
    z, p = _mann_whitney(mine, ordered)
    return Copying(
        percentiles=percentiles,
        share_near=(percentiles < NEAR).double().mean().item(),
        closer_than_all=(mine < ordered[0]).double().mean().item(),
        z=z,
        p=p,
    )


def _mann_whitney(mine: Tensor, others: Tensor) -> tuple[float, float]:
    """Normal deviate of U, with its ties, and the chance of so small a U; (0, 1/2) if all tie."""
    m, n = len(mine), len(others)
    ties = float(tiecorrect(rankdata(torch.cat([mine, others]).numpy())))
    if ties == 0:
        return 0.0, 0.5
    found = mannwhitneyu(
        mine.numpy(), others.numpy(), False, alternative="less", method="asymptotic"
    )
    # The deviate itself: p underflows below a deviate of -38.
    deviation = math.sqrt(m * n / 12 * (m + n + 1) * ties)
    return (float(found.statistic) - m * n / 2) / deviation, float(found.pvalue)


def _share_within(queries: Tensor, members: Tensor, k: int) -> float:
    """Share of queries [Q,D] inside a ball of members [N,D], each out to its k-th neighbour."""
    radii = torch.cat(
        [
            # The k + 1 nearest of a member hold the member itself.
            _distances(block, members).kthvalue(k + 1, dim=1).values
            for block in torch.split(members, BLOCK_ROWS)
        ]
    )
    inside = [
        (_distances(block, members) <= radii).any(dim=1)
        for block in torch.split(queries, BLOCK_ROWS)
    ]
    return torch.cat(inside).double().mean().item()


def _distances(x: Tensor, y: Tensor) -> Tensor:
    squares = x.square().sum(dim=1)[:, None] + y.square().sum(dim=1) - 2 * x @ y.T
    return squares.clamp(min=0).sqrt()
