"""The encoder of `leo.networks.encoder`, folded: the same maths in less time.

- The gain behind every leaky ReLU goes into weights and biases before it; it and the 1/sqrt(2) of a
  residual block cancel.
- The five affine maps behind the appearance are one.
- The FIR filter is a depthwise convolution, channels last; in the skip connection it computes every
  second pixel only, as the others are not read.
- Wide 3x3 convolutions take a quarter of the multiplications on CPUs (`winograd`).

Folding is differentiable: training folds at every step, inference once, and both run the same code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leo_bench.leo.networks.encoder import Encoder
from leo_bench.leo.networks.fir import fir
from leo_bench.leo.networks.layers import (
    GAIN,
    SLOPE,
    EqualConv2d,
    EqualLinear,
    FusedLeakyReLU,
    ResBlock,
)
from leo_bench.leo.networks.winograd import Tiled


@dataclass(frozen=True)
class Appearance:
    """The encoder's output for a source picture.

    Args:
        vector: [B,S].
        maps: from 8x8 up to HxH, [B,C,side,side].
    """

    vector: Tensor
    maps: list[Tensor]


@dataclass(frozen=True)
class _Block:
    """A residual block: weights and biases of its convolutions, weight of its skip connection.

    `tiled`: the first convolution of large maps, where that is faster.
    """

    first: tuple[Tensor, Tensor]
    second: tuple[Tensor, Tensor]
    straight: Tensor
    tiled: Tiled | None


class FoldedTrunk:
    """The layers of `leo.networks.encoder.trunk` ready to run."""

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        stem, *blocks = layers
        self._stem = before_gain(stem)
        self._blocks = [_folded(cast("ResBlock", block)) for block in blocks]

    def maps(self, images: Tensor) -> list[Tensor]:
        """[B,3,H,H] in [-1,1] -> maps from HxH down to 4x4, channels last."""
        maps = [activated(images.contiguous(memory_format=torch.channels_last), self._stem, 0)]
        for block in self._blocks:
            maps.append(_run(block, maps[-1]))
        return maps


class FoldedEncoder:
    """The fast form of an encoder; gradients reach its parameters."""

    def __init__(self, encoder: Encoder) -> None:
        *layers, last = encoder.net_app.convs
        self._trunk = FoldedTrunk(layers)
        # Over all of the 4x4 map: a product of matrices, [S,4*4*C] as the map lies in memory.
        self._last = _scaled(cast("EqualConv2d", last)).permute(0, 2, 3, 1).flatten(1)
        self._matrix, self._offset = _composed(
            [cast("EqualLinear", m) for m in encoder.fc.children()]
        )

    def codes(self, images: Tensor) -> Tensor:
        """[B,3,H,H] in [-1,1] -> motion codes [B,D], float32 at least."""
        vector = self.appearance(images).vector
        with torch.autocast(vector.device.type, enabled=False):
            return F.linear(vector.to(self._matrix.dtype), self._matrix, self._offset)

    def appearance(self, images: Tensor) -> Appearance:
        """[B,3,H,H] in [-1,1] -> their appearance, as the decoder takes it."""
        maps = self._trunk.maps(images)
        vector = F.linear(maps[-1].permute(0, 2, 3, 1).flatten(1), self._last)
        return Appearance(vector, maps[-2::-1])


def point(x: Tensor, weight: Tensor) -> Tensor:
    """A 1x1 convolution: [B,C,H,W], weight [C',C] -> [B,C',H,W], channels last.

    As a product of matrices, because torch sends small 1x1 convolutions to a slow path.
    """
    return F.linear(x.permute(0, 2, 3, 1), weight).permute(0, 3, 1, 2)


def activated(x: Tensor, layer: tuple[Tensor, Tensor], padding: int) -> Tensor:
    """A convolution and its leaky ReLU; the layer as `before_gain` gives it."""
    weight, bias = layer
    return F.leaky_relu(F.conv2d(x, weight, bias, padding=padding), SLOPE, inplace=True)


def before_gain(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight and bias of a `conv_layer` that already hold its activation's gain.

    The gain commutes with a leaky ReLU.
    """
    convolution, activation = layer.children()
    weight = _scaled(cast("EqualConv2d", convolution), GAIN)
    return weight, _flat(cast("FusedLeakyReLU", activation)) * GAIN


def _run(block: _Block, x: Tensor) -> Tensor:
    if block.tiled is not None and block.tiled.pays(x):
        y = block.tiled(x).add_(block.first[1][:, None, None])
        y = F.leaky_relu(y, SLOPE, inplace=True)
    else:
        y = activated(x, block.first, 1)
    weight, bias = block.second
    y = F.leaky_relu(F.conv2d(fir(y, 1.0, padding=2), weight, bias, stride=2), SLOPE, inplace=True)
    return y + point(fir(x, 1.0, padding=1, stride=2), block.straight)


def _folded(block: ResBlock) -> _Block:
    _, convolution, activation = block.conv2
    # The block's 1/sqrt(2) is this activation's gain undone.
    second = _scaled(cast("EqualConv2d", convolution)), _flat(cast("FusedLeakyReLU", activation))
    straight = _scaled(cast("EqualConv2d", block.skip[1]), 1 / GAIN).flatten(1)
    first = before_gain(block.conv1)
    return _Block(first, second, straight, Tiled.of(first[0]))


def _scaled(convolution: EqualConv2d, more: float = 1.0) -> Tensor:
    weight = convolution.weight * (convolution.scale * more)
    return weight.contiguous(memory_format=torch.channels_last)


def _flat(activation: FusedLeakyReLU) -> Tensor:
    return activation.bias.flatten()


def _composed(layers: list[EqualLinear]) -> tuple[Tensor, Tensor]:
    """Matrix [D,S] and offset [D] of affine maps one after another, composed in float64."""
    dtype = layers[0].weight.dtype
    with torch.autocast(layers[0].weight.device.type, enabled=False):
        first, *others = [(m.weight.double() * m.scale, m.bias.double()) for m in layers]
        matrix, offset = first
        for weight, bias in others:
            matrix, offset = weight @ matrix, weight @ offset + bias
    return matrix.to(dtype), offset.to(dtype)
