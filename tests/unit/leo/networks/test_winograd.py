"""Tiled 3x3 convolutions are the convolution, picture by picture, and give way elsewhere."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.leo.networks.winograd import MANY, SIDE, Tiled


def case(count: int, height: int = SIDE, width: int = SIDE) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    x = torch.randn(count, MANY, height, width, dtype=torch.float64, generator=random)
    weight = torch.randn(MANY + 3, MANY, 3, 3, dtype=torch.float64, generator=random)
    return x, weight / (3 * MANY**0.5)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_is_the_convolution(layout: torch.memory_format) -> None:
    x, weight = case(2, height=SIDE, width=SIDE + 4)
    tiled = Tiled.of(weight.float().contiguous(memory_format=layout))
    assert tiled is not None
    found = tiled(x.float().contiguous(memory_format=layout)).double()
    expected = F.conv2d(x, weight, padding=1)
    torch.testing.assert_close(found, expected, atol=2e-4, rtol=0)  # where numbers are 1
    assert float((found - expected).abs().mean()) < 5e-6


def test_a_picture_does_not_depend_on_those_beside_it() -> None:
    x, weight = case(3)
    tiled = Tiled.of(weight.float())
    assert tiled is not None
    together = tiled(x.float())
    assert torch.equal(tiled(x[1:2].float()), together[1:2])


def test_what_learns_or_is_narrow_or_exact_stays_a_convolution() -> None:
    _, weight = case(1)
    assert Tiled.of(weight) is None  # float64
    assert Tiled.of(weight.float()[: MANY - 1]) is None
    assert Tiled.of(weight.float().requires_grad_()) is None


def test_it_pays_on_large_maps_of_whole_tiles_in_float32_without_gradient() -> None:
    tiled = Tiled.of(case(1)[1].float())
    assert tiled is not None
    x = torch.zeros(1, MANY, SIDE, SIDE)
    assert tiled.pays(x)
    assert not tiled.pays(x[..., :-4])
    assert not tiled.pays(torch.zeros(1, MANY, SIDE + 2, SIDE))
    assert not tiled.pays(x.double())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not tiled.pays(x)
    x.requires_grad_()
    assert not tiled.pays(x)
    with torch.no_grad():
        assert tiled.pays(x)
