"""Winograd's transforms give the convolution."""

from fractions import Fraction

import pytest
import torch
from torch.nn import functional as F

from leo_bench.evaluation.winograd import both, tiling

HALVES = [Fraction(n, 2) for n in (0, 2, -2, 1, -1, 4, -4)]


@pytest.mark.parametrize("step", [1, 2, 4])
@pytest.mark.parametrize("taps", [1, 3, 4])
def test_products_between_the_transforms_are_a_convolution(step: int, taps: int) -> None:
    form = tiling(step, taps, HALVES[: step + taps - 2])
    assert form.side == step + taps - 1
    generator = torch.Generator().manual_seed(0)
    # Two pictures of 2 x 3 tiles, 5 channels in, 4 out.
    height, width = 2 * step + taps - 1, 3 * step + taps - 1
    x = torch.randn(2, height, width, 5, dtype=torch.float64, generator=generator)
    weight = torch.randn(4, 5, taps, taps, dtype=torch.float64, generator=generator)
    tiles = form.tiles(x)
    assert tiles.shape == (form.side, form.side, 2, 2, 3, 5)
    squares = form.side**2
    seen = (both(form.of_input) @ tiles.reshape(squares, -1)).view(squares, -1, 5)
    found = torch.bmm(seen, form.transformed(weight.permute(2, 3, 1, 0)))
    back = (both(form.back) @ found.view(squares, -1)).view(step, step, 2, 2, 3, 4)
    pictures = back.permute(2, 3, 0, 4, 1, 5).reshape(2, 2 * step, 3 * step, 4)
    expected = F.conv2d(x.movedim(3, 1), weight).movedim(1, 3)
    torch.testing.assert_close(pictures, expected, rtol=1e-12, atol=1e-12)


def test_the_matrices_are_those_of_the_paper() -> None:
    """F(2x2, 3x3) of Lavin and Gray, section 4.1, whose third row has the other sign."""
    form = tiling(2, 3, [Fraction(0), Fraction(1), Fraction(-1)])
    along = torch.tensor([[-1.0, 0, 1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, -1, 0, 1]])
    assert torch.equal(form.of_input, along.double())
