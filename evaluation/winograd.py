"""Winograd's minimal filtering in two dimensions: convolutions with fewer multiplications.

`step` x `step` outputs of a convolution with `taps` x `taps` weights follow from `side` x `side`
inputs, a tile, where `side` = `step` + `taps` - 1: a product of `side` x `side` pairs of numbers
between two linear transforms. A direct convolution takes `step`² x `taps`² products for them.
Lavin and Gray, arXiv 1509.09308, section 4; the matrices are those of Cook and Toom, polynomials
evaluated at `points` and at infinity. The points decide the rounding error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor


@dataclass(frozen=True)
class Tiling:
    """The transforms of F(step, taps) in one dimension, float64; `both` makes those of two.

    Args:
        step: outputs of a tile.
        taps: weights of the kernel.
        side: inputs of a tile.
        of_input: [side,side].
        of_weight: [side,taps].
        back: [step,side].
    """

    step: int
    taps: int
    side: int
    of_input: Tensor
    of_weight: Tensor
    back: Tensor

    def transformed(self, weight: Tensor) -> Tensor:
        """A kernel of two dimensions: [taps,taps,...] -> [side²,...], in its dtype."""
        flat = both(self.of_weight).to(weight) @ weight.reshape(self.taps**2, -1)
        return flat.view(self.side**2, *weight.shape[2:])

    def tiles(self, pictures: Tensor) -> Tensor:
        """A view of overlapping tiles: [...,H,W,C] -> [side,side,...,rows,columns,C].

        H and W include margins.
        """
        *many, height, width, channels = pictures.shape
        *between, down, across, along = pictures.stride()
        rows, columns = ((size - self.side) // self.step + 1 for size in (height, width))
        return pictures.as_strided(
            (self.side, self.side, *many, rows, columns, channels),
            (down, across, *between, self.step * down, self.step * across, along),
            pictures.storage_offset(),
        )


def tiling(step: int, taps: int, points: Sequence[Fraction]) -> Tiling:
    """F(step, taps), evaluated at `step` + `taps` - 2 different `points` and at infinity."""
    of_input, of_weight, powers = [], [], []
    for place, point in enumerate(points):
        others = [*points[:place], *points[place + 1 :]]
        norm = Fraction(1)
        for other in others:
            norm *= point - other
        of_input.append([*_with_roots(others), Fraction(0)])
        of_weight.append([point**power / norm for power in range(taps)])
        powers.append([point**power for power in range(step)])
    of_input.append(_with_roots(points))
    of_weight.append([Fraction(power == taps - 1) for power in range(taps)])
    powers.append([Fraction(power == step - 1) for power in range(step)])
    back = _matrix(powers).T.contiguous()
    return Tiling(step, taps, step + taps - 1, _matrix(of_input), _matrix(of_weight), back)


def both(matrix: Tensor) -> Tensor:
    """A transform of one dimension -> that of two, over tiles in row-major order."""
    return torch.kron(matrix, matrix)


def _with_roots(roots: Sequence[Fraction]) -> list[Fraction]:
    """Coefficients, the constant first, of the product of x - root."""
    found = [Fraction(1)]
    for root in roots:
        raised, lowered = [Fraction(0), *found], [*found, Fraction(0)]
        found = [high - root * low for high, low in zip(raised, lowered, strict=True)]
    return found


def _matrix(rows: list[list[Fraction]]) -> Tensor:
    return torch.tensor([[float(value) for value in row] for row in rows], dtype=torch.float64)
