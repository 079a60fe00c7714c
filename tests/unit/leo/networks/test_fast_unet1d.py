"""The fast form of the 1-D U-Net is the plain one, for every shape that models use."""

from typing import Any

import pytest
import torch
from torch import Tensor

from leo_bench.leo.networks.fast_unet1d import FastUNet1d
from leo_bench.leo.networks.network_config import UNet1dConfig
from leo_bench.leo.networks.unet1d import UNet1d

CODE = 5
SHALLOW = {"channels": 32, "multipliers": (1, 2), "blocks": 1, "attention": (2,)}
# The depth, attention and heads of the paper's network, a quarter as wide.
DEEP = {"channels": 32, "multipliers": (1, 2, 3, 4), "blocks": 2, "attention": (4, 8)}
LAST = {"right_edge": "last"}


def plain(labels: int = 0, **config: Any) -> UNet1d:
    """Random weights everywhere, so that nothing is the identity."""
    network = UNet1d(CODE, UNet1dConfig(**config), labels).eval().requires_grad_(False)
    random = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=random) * 0.1)
    return network


def inputs(batch: int, length: int, labels: int = 0) -> tuple[Tensor, ...]:
    random = torch.Generator().manual_seed(1)
    x = torch.randn(batch, length, CODE, generator=random)
    step = torch.full((batch,), 431)
    return (x, step, torch.arange(batch) % labels) if labels else (x, step)


@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 1e-5), (torch.float64, 1e-9)])
@pytest.mark.parametrize(
    ("config", "labels"), [(SHALLOW, 0), (SHALLOW | LAST, 3), (DEEP, 3), (DEEP | LAST, 0)]
)
@pytest.mark.parametrize(("batch", "length"), [(1, 64), (8, 64), (3, 8)])
def test_it_is_the_plain_form(
    config: dict[str, Any], labels: int, batch: int, length: int, dtype: torch.dtype, most: float
) -> None:
    network = plain(labels, **config).to(dtype)
    x, *told = inputs(batch, length, labels)
    expected = network(x.to(dtype), *told)
    found = FastUNet1d(network)(x.to(dtype), *told)
    assert found.dtype == dtype
    assert float((found - expected).norm() / expected.norm()) < most


def test_a_sample_does_not_depend_on_those_beside_it() -> None:
    fast = FastUNet1d(plain(**SHALLOW))
    x, step = inputs(8, 64)
    changed = x.clone()
    changed[3] += 1
    before, after = fast(x, step), fast(changed, step)
    others = [0, 1, 2, 4, 5, 6, 7]
    assert torch.equal(before[others], after[others])
    assert not torch.equal(before[3], after[3])


def test_an_earlier_step_leaves_no_trace() -> None:
    network = plain(3, **SHALLOW)
    x, step, label = inputs(2, 8, 3)
    fast = FastUNet1d(network)
    first, other, again = (fast(x, s, label) for s in (step, step + 7, step))
    assert torch.equal(first, again)
    assert torch.allclose(other, network(x, step + 7, label), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(first, other, rtol=1e-4, atol=1e-5)


def test_later_training_does_not_reach_it() -> None:
    network = plain(**SHALLOW)
    x, step = inputs(2, 8)
    fast = FastUNet1d(network)
    before = fast(x, step)
    network.load_state_dict({key: 0 * value for key, value in network.state_dict().items()})
    assert torch.equal(FastUNet1d(plain(**SHALLOW))(x, step + 1), fast(x, step + 1))
    assert torch.equal(fast(x, step), before)


def test_bfloat16_is_near_and_gives_float32() -> None:
    network = plain(**DEEP)
    x, step = inputs(2, 16)
    expected, found = network(x, step), FastUNet1d(network, torch.bfloat16)(x, step)
    assert found.dtype == torch.float32
    assert 1e-5 < float((found - expected).norm() / expected.norm()) < 0.05


def test_what_the_plain_form_refuses_is_refused_and_steps_that_differ() -> None:
    fast = FastUNet1d(plain(**SHALLOW))
    x, step = inputs(2, 8)
    with pytest.raises(ValueError, match="length 7 is no multiple of 2"):
        fast(x[:, :7], step)
    with pytest.raises(ValueError, match="label"):
        fast(x, step, step)
    with pytest.raises(ValueError, match="the steps of a batch differ"):
        fast(x, torch.tensor([1, 2]))
