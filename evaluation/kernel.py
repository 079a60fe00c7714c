"""Kernel distance between two sets of features: unbiased squared MMD (KVD where they are I3D's).

    k(a, b) = (gamma a.b + coef0)^degree
    d = mean k(r, r') + mean k(f, f') - 2 mean k(r, f)        r != r', f != f'

Unbiased, so that it may be negative. Published for video as degree 3, gamma 1/D, coef0 1, no factor
and no subsets (DIGAN, TATS, LVDM: one block of all clips).
"""

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor

from evaluation.feature_matrix import check_pair, content_order
from evaluation.frechet import DTYPES
from evaluation.schema import Data

# Rows of the kernel matrix held at once: with 2048 columns of float64, 8 MB.
BLOCK_ROWS = 512


class KernelOptions(Data):
    """What a protocol fixes about the kernel; `gamma` absent means 1/D."""

    degree: int
    gamma: float | None = None
    coef0: float
    dtype: Literal["float32", "float64"]


def kernel_distance(real: Tensor, fake: Tensor, options: KernelOptions) -> float:
    """Unbiased squared MMD between real [N,D] and fake [M,D]; the rows' order moves no bit.

    Raises:
        InputError: features that are not finite, not [N,D], of unlike D, or of fewer than 2 clips.
    """
    check_pair(real, fake)
    x = real.detach()[content_order(real)].to(device="cpu", dtype=DTYPES[options.dtype])
    y = fake.detach()[content_order(fake)].to(device="cpu", dtype=DTYPES[options.dtype])
    return (
        mean_of_distinct_pairs(x, options)
        + mean_of_distinct_pairs(y, options)
        - 2 * kernel_row_sums(x, y, options).sum().item() / (len(x) * len(y))
    )


def mean_of_distinct_pairs(x: Tensor, options: KernelOptions) -> float:
    """Mean of k over all ordered pairs of unlike rows of x [N,D]."""
    total = (kernel_row_sums(x, x, options) - kernel_diagonal(x, options)).sum().item()
    return total / (len(x) * (len(x) - 1))


def kernel_row_sums(
    x: Tensor, y: Tensor, options: KernelOptions, weights: Tensor | None = None
) -> Tensor:
    """Sum over j of weights[j] k(x_i, y_j), float64 [N]; x [N,D], y [M,D], weights [M] or all 1.

    Memory is bounded by BLOCK_ROWS * M, whatever N.
    """
    columns = torch.ones(len(y), dtype=torch.float64) if weights is None else weights
    sums = [block.double() @ columns for block in _kernel_blocks(x, y, options)]
    return torch.cat(sums)


def kernel_diagonal(x: Tensor, options: KernelOptions) -> Tensor:
    """k(x_i, x_i) for x [N,D] -> float64 [N]."""
    return _kernel(x.square().sum(dim=1), x.shape[1], options).double()


def _kernel_blocks(x: Tensor, y: Tensor, options: KernelOptions) -> Iterator[Tensor]:
    for block in torch.split(x, BLOCK_ROWS):
        yield _kernel(block @ y.T, x.shape[1], options)


def _kernel(products: Tensor, dimension: int, options: KernelOptions) -> Tensor:
    gamma = 1 / dimension if options.gamma is None else options.gamma
    return (products * gamma + options.coef0) ** options.degree
