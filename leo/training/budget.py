"""What training a config costs: parameters, operations a step, estimated hours on one GPU.

Networks are built on torch's meta device and their operations counted from shapes; nothing is
computed. One multiply-add is one MAC. A backward pass counts as two forward passes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from leo_bench.leo.config import Config
from leo_bench.leo.networks.discriminator import Discriminator
from leo_bench.leo.networks.generator import Generator
from leo_bench.leo.networks.layers import Widths
from leo_bench.leo.stages import ENTRIES, STAGES
from leo_bench.leo.training_config import Optimiser, Training

# What training may reach on an H200: assumptions, not measured. A twentieth of its 989 TFLOP/s
# (bf16, dense), as LIA's many small layers wait for memory: its authors' 150 hours on four V100
# come to half of those cards' fp32 rate, and an H200's memory is five times as fast.
TERA_MACS_A_SECOND = 25.0
STEPS_A_SECOND = 25.0  # at most, however small the network: launching kernels takes time

VGG_MACS_AT_256 = 23.7e9  # VGG-19 to relu5_1, counted
PYRAMID = 1 + 1 / 4 + 1 / 16 + 1 / 64

_ANY = {  # what a network does not depend on, made alike so that configs share its count
    "training": Training(steps=1, batch=1),
    "optimiser": Optimiser(learning_rate=1.0),
}


@dataclass(frozen=True)
class Cost:
    """Cost of training one stage.

    Args:
        stage: its name.
        parameters: of the model that is saved: the generator, not the discriminator.
        macs: multiply-adds of one training step.
        steps: of the training; 0: it is not trained.
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
    parameters: int
    macs: float  # forward, of one sample


def costs(config: Config) -> list[Cost]:
    """One row for each stage that the config has, in the order of training."""
    rows = [_animator(config)]
    for stage in STAGES[1:]:
        table = getattr(config, ENTRIES[stage].table)
        if table is not None:
            network = _denoiser(stage, table.model_copy(update=_ANY), config.animator.directions)
            macs = 3 * network.macs * table.training.batch
            rows.append(Cost(stage, network.parameters, macs, table.training.steps))
    return rows


def _animator(config: Config) -> Cost:
    how, size = config.animator, config.resolution
    shape = (size, how.channel_cap, how.channel_base)
    generator = _generator(*shape, how.style, how.directions)
    if how.training is None:  # taken from a checkpoint
        return Cost("animator", generator.parameters, 0.0, 0)
    # Source and driving are encoded, one picture is decoded; forward and backward.
    macs = 3 * generator.macs
    if how.discriminator is not None:
        # Forward and backward to the picture in the generator's turn; two pictures in its own.
        macs += (2 + 3 * 2) * _discriminator(*shape)
    if how.perceptual == "vgg19":
        # Both pictures forward, and backward to the generated one.
        macs += 3 * VGG_MACS_AT_256 * (size / 256) ** 2 * PYRAMID
    return Cost("animator", generator.parameters, macs * how.training.batch, how.training.steps)


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
def _denoiser(stage: str, table: Any, code_size: int) -> _Network:
    with torch.device("meta"):
        network, inputs = ENTRIES[stage].module().example(table, code_size)
    return _counted(network, lambda: network(*inputs))


def _counted(network: nn.Module, call: Callable[[], Tensor]) -> _Network:
    with FlopCounterMode(display=False) as counter:
        call()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return _Network(parameters, float(counter.get_total_flops()) / 2)
