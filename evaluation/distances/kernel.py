"""Kernel distance between two sets of features: unbiased squared MMD (KVD for I3D).

    k(a, b) = (gamma a.b + coef0)^degree
    d = mean k(r, r') + mean k(f, f') - 2 mean k(r, f)        r != r', f != f'

It is unbiased, so it may be negative. Published for video as degree 3, gamma 1/D, coef0 1, no
factor and no subsets (DIGAN, TATS, LVDM: one block of all clips).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from leo_bench.evaluation.distances.feature_matrix import DTYPES, check_pair, content_order
from leo_bench.evaluation.distances.influence import (
    ClipFeatures,
    Form,
    Linearised,
    WeightedStatistic,
    Weights,
)
from leo_bench.evaluation.files.schema import Data

# Rows and columns of the kernel matrix held at once: 2 MB of float64, which a core's cache holds.
TILE = 512


class KernelOptions(Data):
    """What a protocol fixes about the kernel; `gamma` absent means 1/D."""

    degree: int
    gamma: float | None = None
    coef0: float
    dtype: Literal["float32", "float64"]


def form(options: KernelOptions) -> Form:
    """KVD as the protocol computes it."""
    exact = partial(kernel_distance, options=options.model_copy(update={"dtype": "float64"}))
    return Form(
        "kvd",
        published=exact
        if options.dtype == "float64"
        else partial(kernel_distance, options=options),
        exact=exact,
        weighted=partial(kernel_statistic, options=options),
        settings=options.model_dump(mode="json"),
    )


def kernel_distance(real: Tensor, fake: Tensor, options: KernelOptions) -> float:
    """Unbiased squared MMD between real [N,D] and fake [M,D]; the rows' order moves no bit.

    Raises:
        InputError: features that are not finite, not [N,D], of unlike D, or of fewer than 2 clips.
    """
    check_pair(real, fake)
    x, y = (side.detach()[content_order(side)].cpu() for side in (real, fake))
    dtype = DTYPES[options.dtype]
    across = sum(
        tile.sum(dtype=torch.float64).item() for _, _, tile in _tiles(x, y, options, dtype)
    )
    return (
        _mean_of_distinct_pairs(x, options, dtype)
        + _mean_of_distinct_pairs(y, options, dtype)
        - 2 * across / (len(x) * len(y))
    )


def kernel_statistic(
    real: ClipFeatures, fake: ClipFeatures, options: KernelOptions
) -> WeightedStatistic:
    """`kernel_distance` as a function of the videos' weights, in float64 whatever `options` say.

    Several weights share one pass over the kernel's matrix.

    Raises:
        InputError: as `kernel_distance`.
    """
    check_pair(real.values, fake.values)
    of_real, of_fake = real.by_video(), fake.by_video()
    x, y = real.values.detach()[of_real.order].cpu(), fake.values.detach()[of_fake.order].cpu()

    def evaluations(each: Sequence[Weights]) -> list[_Evaluation]:
        p = torch.stack([of_real.shares(weights.real) for weights in each])
        q = torch.stack([of_fake.shares(weights.fake) for weights in each])
        across, back = kernel_sums(x, y, options, p, q)
        between = (p * across).sum(dim=1)
        within_x, pull_x = _weighted_pairs(x, p, options)
        within_y, pull_y = _weighted_pairs(y, q, options)
        values = within_x + within_y - 2 * between
        of_x = pull_x - 2 * p * (across - between[:, None])
        of_y = pull_y - 2 * q * (back - between[:, None])
        return [
            _Evaluation(Linearised(value, of_real.sums(u), of_fake.sums(v)))
            for value, u, v in zip(values.tolist(), of_x, of_y, strict=True)
        ]

    return WeightedStatistic(
        of_real.names,
        of_fake.names,
        n_real=len(x),
        n_fake=len(y),
        dimension=x.shape[1],
        evaluations=evaluations,
    )


@dataclass(frozen=True)
class _Evaluation:
    """An `Evaluation` that is known already."""

    found: Linearised

    def value(self) -> float:
        return self.found.value

    def linearised(self) -> Linearised:
        return self.found


def kernel_sums(
    x: Tensor, y: Tensor, options: KernelOptions, p: Tensor, q: Tensor
) -> tuple[Tensor, Tensor]:
    """Sums of the kernel between x [N,D] and y [M,D] at B weights; memory is bounded by one tile.

    Args:
        x: features.
        y: features.
        options: of the kernel.
        p: float64 [B,N], weights of x.
        q: float64 [B,M], weights of y.

    Returns:
        float64 [B,N], sums over j of q_j k(x_i, y_j); float64 [B,M], over i of p_i k(x_i, y_j).
    """
    of_x, of_y = torch.zeros_like(p), torch.zeros_like(q)
    for i, j, tile in _tiles(x, y, options, torch.float64):
        of_x[:, i : i + TILE] += q[:, j : j + TILE] @ tile.T
        of_y[:, j : j + TILE] += p[:, i : i + TILE] @ tile
    return of_x, of_y


def _mean_of_distinct_pairs(x: Tensor, options: KernelOptions, dtype: torch.dtype) -> float:
    """Mean of k over all pairs of distinct rows of x [N,D]; each pair is computed once."""
    total = 0.0
    for i, j, tile in _tiles(x, x, options, dtype, above=True):
        summed = tile.sum(dtype=torch.float64).item()
        if i == j:
            total += summed - tile.diagonal().sum(dtype=torch.float64).item()
        else:
            total += 2 * summed
    return total / (len(x) * (len(x) - 1))


def _weighted_pairs(x: Tensor, p: Tensor, options: KernelOptions) -> tuple[Tensor, Tensor]:
    """Weighted mean of k over pairs of distinct clips [B], and each clip's influence on it [B,N].

    Args:
        x: [N,D].
        p: float64 [B,N], weights that sum to 1.
        options: of the kernel.
    """
    sums = torch.zeros_like(p)
    for i, j, tile in _tiles(x, x, options, torch.float64, above=True):
        if i == j:
            tile.fill_diagonal_(0)
        else:
            sums[:, j : j + TILE] += p[:, i : i + TILE] @ tile
        sums[:, i : i + TILE] += p[:, j : j + TILE] @ tile.T
    pairs = 1 - p.square().sum(dim=1)
    mean = (p * sums).sum(dim=1) / pairs
    return mean, 2 * p * (sums - mean[:, None] * (1 - p)) / pairs[:, None]


def _tiles(
    x: Tensor, y: Tensor, options: KernelOptions, dtype: torch.dtype, *, above: bool = False
) -> Iterator[tuple[int, int, Tensor]]:
    """First row, first column and k of each TILE by TILE part; `above`: of j >= i alone."""
    coef0 = torch.tensor(options.coef0, dtype=dtype)
    gamma = 1 / x.shape[1] if options.gamma is None else options.gamma
    for i in range(0, len(x), TILE):
        rows = x[i : i + TILE].to(dtype)
        for j in range(i if above else 0, len(y), TILE):
            tile = torch.addmm(coef0, rows, y[j : j + TILE].to(dtype).T, alpha=gamma)
            yield i, j, tile.pow_(options.degree)
