"""Kernel distance between two sets of features: unbiased squared MMD (KVD for I3D).

    k(a, b) = (gamma a.b + coef0)^degree
    d = mean k(r, r') + mean k(f, f') - 2 mean k(r, f)        r != r', f != f'

It is unbiased, so it may be negative. Published for video as degree 3, gamma 1/D, coef0 1, no
factor and no subsets (DIGAN, TATS, LVDM: one block of all clips).
"""

from collections.abc import Iterator
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
    weighing,
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
    x = real.detach()[content_order(real)].to(device="cpu", dtype=DTYPES[options.dtype])
    y = fake.detach()[content_order(fake)].to(device="cpu", dtype=DTYPES[options.dtype])
    across = sum(tile.sum(dtype=torch.float64).item() for _, _, tile in _tiles(x, y, options))
    return (
        mean_of_distinct_pairs(x, options)
        + mean_of_distinct_pairs(y, options)
        - 2 * across / (len(x) * len(y))
    )


def mean_of_distinct_pairs(x: Tensor, options: KernelOptions) -> float:
    """Mean of k over all pairs of distinct rows of x [N,D]; each pair is computed once."""
    total = 0.0
    for i, j, tile in _tiles(x, x, options, above=True):
        summed = tile.sum(dtype=torch.float64).item()
        if i == j:
            total += summed - tile.diagonal().sum(dtype=torch.float64).item()
        else:
            total += 2 * summed
    return total / (len(x) * (len(x) - 1))


def kernel_statistic(
    real: ClipFeatures, fake: ClipFeatures, options: KernelOptions
) -> WeightedStatistic:
    """`kernel_distance` as a function of the videos' weights, in float64 whatever `options` say.

    Raises:
        InputError: as `kernel_distance`.
    """
    check_pair(real.values, fake.values)
    weigh_real, weigh_fake = weighing(real), weighing(fake)

    def at(weights: Weights) -> Linearised:
        x, y = weigh_real(weights.real), weigh_fake(weights.fake)
        p, q = x.share, y.share
        across = kernel_row_sums(x.values, y.values, options, q)
        back = kernel_row_sums(y.values, x.values, options, p)
        within_x, pull_x = _weighted_pairs(x.values, p, options)
        within_y, pull_y = _weighted_pairs(y.values, q, options)
        between = p @ across
        return Linearised(
            value=float(within_x + within_y - 2 * between),
            real=x.rows.sums(pull_x - 2 * p * (across - between)),
            fake=y.rows.sums(pull_y - 2 * q * (back - between)),
        )

    return WeightedStatistic.of(real, fake, at)


def kernel_row_sums(
    x: Tensor, y: Tensor, options: KernelOptions, weights: Tensor | None = None
) -> Tensor:
    """Sum over j of weights[j] k(x_i, y_j), float64 [N]; x [N,D], y [M,D], weights [M] or all 1.

    Memory is bounded by one tile, whatever N and M.
    """
    columns = torch.ones(len(y), dtype=torch.float64) if weights is None else weights
    sums = torch.zeros(len(x), dtype=torch.float64)
    for i, j, tile in _tiles(x, y, options):
        sums[i : i + TILE] += tile.double() @ columns[j : j + TILE]
    return sums


def kernel_diagonal(x: Tensor, options: KernelOptions) -> Tensor:
    """k(x_i, x_i) for x [N,D] -> float64 [N]."""
    gamma = _gamma(x, options)
    return (x.square().sum(dim=1) * gamma + options.coef0).pow_(options.degree).double()


def _weighted_pairs(x: Tensor, share: Tensor, options: KernelOptions) -> tuple[Tensor, Tensor]:
    """Weighted mean of k over pairs of distinct clips, and each clip's influence on it [N]."""
    sums = kernel_row_sums(x, x, options, share) - share * kernel_diagonal(x, options)
    pairs = 1 - share.square().sum()
    mean = share @ sums / pairs
    return mean, 2 * share * (sums - mean * (1 - share)) / pairs


def _tiles(
    x: Tensor, y: Tensor, options: KernelOptions, *, above: bool = False
) -> Iterator[tuple[int, int, Tensor]]:
    """First row, first column and k of each TILE by TILE part; `above`: of j >= i alone."""
    coef0 = torch.tensor(options.coef0, dtype=x.dtype)
    gamma = _gamma(x, options)
    for i in range(0, len(x), TILE):
        for j in range(i if above else 0, len(y), TILE):
            tile = torch.addmm(coef0, x[i : i + TILE], y[j : j + TILE].T, alpha=gamma)
            yield i, j, tile.pow_(options.degree)


def _gamma(x: Tensor, options: KernelOptions) -> float:
    return 1 / x.shape[1] if options.gamma is None else options.gamma
