"""What a config costs: parameters, operations a step, and hours on a GPU of a stated speed.

Nothing is computed but shapes: networks are built on torch's meta device and their operations
counted there. One multiply-add is one MAC. A backward pass counts twice its forward pass.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from leo_bench.leo.config import CddpmConfig, Config, Training
from leo_bench.leo.networks.code_mlp import CodeMlp
from leo_bench.leo.networks.discriminator import Discriminator
from leo_bench.leo.networks.generator import Generator
from leo_bench.leo.networks.layers import Widths
from leo_bench.leo.networks.network_config import UNet1dConfig, UNet2dConfig
from leo_bench.leo.networks.unet1d import UNet1d
from leo_bench.leo.networks.unet2d import UNet2d

# What training may reach on an H200: assumptions, not measured. A twentieth of its 989 TFLOP/s
# (bf16, dense), as LIA's many small layers wait for memory: its authors' 150 hours on four V100
# come to half of those cards' fp32 rate, and an H200's memory is five times as fast.
TERA_MACS_A_SECOND = 25.0
STEPS_A_SECOND = 25.0  # at most, however small the network: launching kernels takes its time

VGG_MACS_AT_256 = 23.7e9  # VGG-19 to relu5_1 (spec 7.5)
PYRAMID = 1 + 1 / 4 + 1 / 16 + 1 / 64


@dataclass(frozen=True)
class Cost:
    """Of one stage.

    Args:
        stage: its name.
        parameters: of what is kept: the generator, not the discriminator.
        macs: multiply-adds of one training step.
        steps: of the training.
    """

    stage: str
    parameters: int
    macs: float
    steps: int

    @property
    def hours(self) -> float:
        """On one GPU that does `TERA_MACS_A_SECOND` and `STEPS_A_SECOND`."""
        return self.steps * max(self.macs / TERA_MACS_A_SECOND / 1e12, 1 / STEPS_A_SECOND) / 3600


class _Network(NamedTuple):
    """What a network costs; counted once, as most configs share theirs."""

    parameters: int
    macs: float  # forward, of one sample


def costs(config: Config) -> list[Cost]:
    """One row a stage that the config has."""
    size, lmdm, frame_dm = config.animator.directions, config.lmdm, config.frame_dm
    rows = [
        _animator(config),
        _row("lmdm", _unet1d(lmdm.network, lmdm.length, size, 0), lmdm.training),
        _row("frame-dm", _mlp(frame_dm.width, frame_dm.blocks, size), frame_dm.training),
    ]
    if (way := config.transition_dm) is not None:
        network = _unet1d(way.network, way.length, size, len(way.strides))
        rows.append(_row("transition-dm", network, way.training))
    rows.append(_pictures("cddpm", config.cddpm, size, 3))
    if config.super_resolution is not None:
        rows.append(_pictures("super-resolution", config.super_resolution, size, 6))
    return rows


def _animator(config: Config) -> Cost:
    how, size = config.animator, config.resolution
    shape = (size, how.channel_cap, how.channel_base)
    generator = _generator(*shape, how.style, how.directions)
    # Source and driving are encoded, one picture is made; forward and backward.
    macs = 3 * generator.macs
    if how.discriminator is not None:
        # The generator's turn goes through it and back; its own turn sees two pictures.
        macs += (2 + 3 * 2) * _discriminator(*shape)
    if how.perceptual == "vgg19":
        # Both pictures forward, and back to the fake one.
        macs += 3 * VGG_MACS_AT_256 * (size / 256) ** 2 * PYRAMID
    return Cost("animator", generator.parameters, macs * how.training.batch, how.training.steps)


def _pictures(stage: str, how: CddpmConfig, size: int, channels: int) -> Cost:
    return _row(stage, _unet2d(how.network, how.resolution, size, channels), how.training)


def _row(stage: str, network: _Network, training: Training) -> Cost:
    return Cost(stage, network.parameters, 3 * network.macs * training.batch, training.steps)


@cache
def _generator(size: int, cap: int, base: int, style: int, directions: int) -> _Network:
    with torch.device("meta"):
        network = Generator(
            size, channel_cap=cap, channel_base=base, style=style, directions=directions
        )
        picture = torch.empty(1, 3, size, size)
    return _counted(network, lambda: network(picture, picture))


@cache
def _discriminator(size: int, cap: int, base: int) -> float:
    with torch.device("meta"):
        network, picture = Discriminator(size, Widths(base, cap)), torch.empty(1, 3, size, size)
    return _counted(network, lambda: network(picture)).macs


@cache
def _unet1d(config: UNet1dConfig, length: int, size: int, labels: int) -> _Network:
    with torch.device("meta"):
        network, codes = UNet1d(size, config, labels), torch.empty(1, length, size)
    told = (_times(), _times()) if labels else (_times(),)
    return _counted(network, lambda: network(codes, *told))


@cache
def _mlp(width: int, blocks: int, size: int) -> _Network:
    with torch.device("meta"):
        network, code = CodeMlp(size, width, blocks), torch.empty(1, size)
    return _counted(network, lambda: network(code, _times()))


@cache
def _unet2d(config: UNet2dConfig, resolution: int, size: int, channels: int) -> _Network:
    with torch.device("meta"):
        network = UNet2d(config, resolution, size, channels)
        picture = torch.empty(1, channels, resolution, resolution)
        code = torch.empty(1, size)
    return _counted(network, lambda: network(picture, _times(), code))


def _counted(network: nn.Module, call: Callable[[], Tensor]) -> _Network:
    with FlopCounterMode(display=False) as counter:
        call()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return _Network(parameters, float(counter.get_total_flops()) / 2)


def _times() -> Tensor:
    return torch.zeros(1, dtype=torch.int64, device="meta")
