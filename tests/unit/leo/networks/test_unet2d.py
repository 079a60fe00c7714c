"""The U-Net of pictures: its size, its start, what its code does."""

import pytest
import torch
from diffusers.models.resnet import ResnetBlock2D

from leo_bench.leo.networks.network_config import UNet2dConfig
from leo_bench.leo.networks.unet2d import UNet2d

LEVELS_64 = (1, 2, 3, 4)
LEVELS_128 = (1, 1, 2, 3, 4)
LEVELS_256 = (1, 1, 2, 2, 4, 4)
TINY = UNet2dConfig(channels=16, multipliers=(1, 2), blocks=1, attention=(8,), heads=2)


@pytest.mark.parametrize(
    ("config", "resolution", "channels_in", "millions"),
    [
        pytest.param(
            UNet2dConfig(channels=32, multipliers=(1, 2, 2), blocks=1, attention=(8,), heads=2),
            *(32, 3, 1.19),
            id="tests",
        ),
        pytest.param(UNet2dConfig(multipliers=LEVELS_64), 64, 3, 92.0, id="64"),
        pytest.param(
            UNet2dConfig(multipliers=LEVELS_64, blocks=3, attention=(8, 16, 32)),
            *(64, 3, 122.9),
            id="64, three blocks",
        ),
        pytest.param(UNet2dConfig(multipliers=LEVELS_128), 128, 3, 95.0, id="128"),
        pytest.param(
            UNet2dConfig(channels=96, multipliers=LEVELS_128, attention=(16,)),
            *(128, 6, 50.5),
            id="64 to 128",
        ),
        pytest.param(
            UNet2dConfig(multipliers=LEVELS_256, attention=(16,)), 256, 3, 118.8, id="256"
        ),
        pytest.param(
            UNet2dConfig(channels=96, multipliers=LEVELS_256, attention=(16,)),
            *(256, 6, 66.9),
            id="64 to 256",
        ),
    ],
)
def test_has_as_many_parameters_as_improved_diffusions(
    config: UNet2dConfig, resolution: int, channels_in: int, millions: float
) -> None:
    # Spec section 4's table, which leaves the code's MLP out.
    with torch.device("meta"):
        network = UNet2d(config, resolution, channels_in=channels_in)
    found = sum(parameter.numel() for parameter in network.unet.parameters())
    assert found / 1e6 == pytest.approx(millions, rel=0.005)


def test_starts_by_saying_nothing() -> None:
    network = UNet2d(TINY, 16)
    said = network(torch.randn(2, 3, 16, 16), torch.tensor([3, 700]), torch.randn(2, 20))
    assert said.shape == (2, 3, 16, 16)
    assert not said.any()
    blocks = [module for module in network.modules() if isinstance(module, ResnetBlock2D)]
    assert len(blocks) == 8
    assert not any(bool(block.conv2.weight.any()) for block in blocks)


@pytest.mark.parametrize("patch", [1, 2, 4])
def test_says_a_whole_picture_whatever_the_patch(patch: int) -> None:
    network = UNet2d(TINY.model_copy(update={"patch": patch}), 32, channels_in=6)
    with torch.autocast("cpu", torch.bfloat16):
        said = network(torch.randn(2, 6, 32, 32), torch.tensor([3, 700]), torch.randn(2, 20))
    assert (said.shape, said.dtype) == ((2, 3, 32, 32), torch.float32)


def test_one_step_of_training_opens_its_ears_to_the_code_and_the_time() -> None:
    network = _after_one_step()
    picture = torch.randn(1, 3, 16, 16).expand(3, -1, -1, -1)
    step = torch.tensor([10, 10, 900])
    code = torch.stack([torch.zeros(20), torch.ones(20), torch.zeros(20)])
    said = network(picture, step, code)
    assert not torch.allclose(said[0], said[1], atol=1e-6)
    assert not torch.allclose(said[0], said[2], atol=1e-6)


def test_a_code_that_is_kept_back_has_no_influence() -> None:
    network = _after_one_step()
    picture = torch.randn(1, 3, 16, 16).expand(2, -1, -1, -1)
    code, step = torch.randn(2, 20), torch.tensor([10, 10])
    told, kept_back = torch.tensor([True, True]), torch.tensor([False, False])
    assert torch.equal(network(picture, step, code, told), network(picture, step, code))
    said = network(picture, step, code, kept_back)
    torch.testing.assert_close(said[0], said[1])


@pytest.mark.parametrize(
    ("changes", "resolution"),
    [({"patch": 2}, 18), ({"heads": 3}, 16), ({"multipliers": (3, 4)}, 8)],
    ids=["cannot be halved", "heads do not divide", "heads do not fit a level"],
)
def test_refuses_what_does_not_fit(changes: dict[str, object], resolution: int) -> None:
    with pytest.raises(ValueError, match=r"divided|no fit"):
        UNet2d(TINY.model_copy(update=changes), resolution)


def _after_one_step() -> UNet2d:
    torch.manual_seed(0)
    network = UNet2d(TINY, 16)
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(3):  # zero-initialised layers wake one after another
        said = network(
            torch.randn(4, 3, 16, 16), torch.tensor([1, 300, 600, 900]), torch.randn(4, 20)
        )
        (said - torch.randn(4, 3, 16, 16)).square().mean().backward()
        optimiser.step()
        optimiser.zero_grad()
    return network.eval()
