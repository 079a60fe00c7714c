"""What a config costs: parameters, operations a step, and hours on a GPU of a stated speed.

Nothing is computed but shapes: networks are built on torch's meta device and their operations
counted there. One multiply-add is one MAC. A backward pass counts twice its forward pass.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from leo.config import CddpmConfig, Config, Training
from leo.networks.code_mlp import CodeMlp
from leo.networks.discriminator import Discriminator
from leo.networks.generator import Generator
from leo.networks.unet1d import UNet1d
from leo.networks.unet2d import UNet2d

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


def costs(config: Config) -> list[Cost]:
    """One row a stage that the config has."""
    rows = [_animator(config), _lmdm(config), _frame_dm(config)]
    if config.transition_dm is not None:
        network = config.transition_dm.network
        labels = len(config.transition_dm.strides)
        with torch.device("meta"):
            unet = UNet1d(config.animator.directions, network, labels)
        length, training = config.transition_dm.length, config.transition_dm.training
        rows.append(
            _row(
                "transition-dm",
                unet,
                lambda: unet(_codes(config, length), _times(), _times()),
                training,
            )
        )
    rows.append(_pictures("cddpm", config, config.cddpm, 3))
    if config.super_resolution is not None:
        rows.append(_pictures("super-resolution", config, config.super_resolution, 6))
    return rows


def _animator(config: Config) -> Cost:
    how, size = config.animator, config.resolution
    with torch.device("meta"):
        generator = Generator(
            size,
            channel_cap=how.channel_cap,
            channel_base=how.channel_base,
            style=how.style,
            directions=how.directions,
        )
        judge = Discriminator(size, generator.widths)
        picture = torch.empty(1, 3, size, size)
    # Source and driving are encoded, one picture is made; forward and backward.
    macs = 3 * _macs(lambda: generator(picture, picture))
    if how.discriminator is not None:
        # The generator's turn goes through it and back; its own turn sees two pictures.
        macs += (2 + 3 * 2) * _macs(lambda: judge(picture))
    if how.perceptual == "vgg19":
        # Both pictures forward, and back to the fake one.
        macs += 3 * VGG_MACS_AT_256 * (size / 256) ** 2 * PYRAMID
    return Cost("animator", _count(generator), macs * how.training.batch, how.training.steps)


def _lmdm(config: Config) -> Cost:
    how = config.lmdm
    with torch.device("meta"):
        unet = UNet1d(config.animator.directions, how.network)
    return _row("lmdm", unet, lambda: unet(_codes(config, how.length), _times()), how.training)


def _frame_dm(config: Config) -> Cost:
    how, size = config.frame_dm, config.animator.directions
    with torch.device("meta"):
        mlp, code = CodeMlp(size, how.width, how.blocks), torch.empty(1, size)
    return _row("frame-dm", mlp, lambda: mlp(code, _times()), how.training)


def _pictures(stage: str, config: Config, how: CddpmConfig, channels: int) -> Cost:
    size = config.animator.directions
    with torch.device("meta"):
        unet = UNet2d(how.network, how.resolution, size, channels)
        picture = torch.empty(1, channels, how.resolution, how.resolution)
        code = torch.empty(1, size)
    return _row(stage, unet, lambda: unet(picture, _times(), code), how.training)


def _row(stage: str, network: nn.Module, call: Callable[[], Tensor], training: Training) -> Cost:
    return Cost(stage, _count(network), 3 * _macs(call) * training.batch, training.steps)


def _codes(config: Config, length: int) -> Tensor:
    return torch.empty(1, length, config.animator.directions, device="meta")


def _times() -> Tensor:
    return torch.zeros(1, dtype=torch.int64, device="meta")


def _macs(call: Callable[[], Tensor]) -> float:
    with FlopCounterMode(display=False) as counter:
        call()
    return float(counter.get_total_flops()) / 2


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
