"""MobileFaceNet: a small network for the identity of faces.

Chen et al., "MobileFaceNets" (arXiv 1804.07573), Table 1: a strided 3x3 convolution, a depthwise
one, fifteen inverted residual bottlenecks, a global depthwise convolution in place of pooling, and
a linear layer. Two published files follow it with small differences, which are settings here.

Letters: B images, C channels.
"""

from collections.abc import Callable

from torch import Tensor, nn

# Of the bottlenecks: expansion, channels, how many, stride of the first (Table 1).
_BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
_STEM, _WIDE, DIM = 64, 512, 128  # channels

Activation = Callable[[int], nn.Module]


class Unit(nn.Sequential):
    """Convolution, batch norm, and an activation unless it is linear."""

    def __init__(
        self,
        channels: tuple[int, int],
        kernel: int | tuple[int, int] = 1,
        stride: int = 1,
        depthwise: bool = False,
        bias: bool = False,
        activation: Activation | None = None,
    ) -> None:
        super().__init__()
        groups = channels[0] if depthwise else 1
        padding = kernel // 2 if isinstance(kernel, int) else 0
        self.add_module(
            "conv", nn.Conv2d(*channels, kernel, stride, padding, groups=groups, bias=bias)
        )
        self.add_module("bn", nn.BatchNorm2d(channels[1]))
        if activation is not None:
            self.add_module("act", activation(channels[1]))


class Bottleneck(nn.Sequential):
    """Widen, filter each channel, narrow linearly; added to its input where the shapes allow."""

    def __init__(
        self, channels: tuple[int, int], expansion: int, stride: int, activation: Activation
    ) -> None:
        super().__init__()
        before, after = channels
        wide = before * expansion
        self.add_module("expand", Unit((before, wide), activation=activation))
        self.add_module(
            "depthwise", Unit((wide, wide), 3, stride, depthwise=True, activation=activation)
        )
        self.add_module("project", Unit((wide, after)))
        self.residual = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        """[B,C,H,W] -> [B,C',H/stride,W/stride]."""
        y = x
        for layer in self:
            y = layer(y)
        return x + y if self.residual else y


class MobileFaceNet(nn.Sequential):
    """float32 [B,3,H,W] -> [B,128,1,1], neither pooled nor normalised.

    Args:
        height: of the images, in pixels; a multiple of 16, as the width.
        width: of the images, in pixels.
        activation: after each convolution but the linear ones; given the channels.
        stem_pointwise: a 1x1 convolution after the depthwise one, and plain ReLU after both:
            foamliu's file; the paper has neither.
        embedding_bias: a bias in the last layer besides its batch norm's: foamliu's file.
    """

    def __init__(
        self,
        height: int,
        width: int,
        activation: Activation,
        stem_pointwise: bool = False,
        embedding_bias: bool = False,
    ) -> None:
        super().__init__()
        after_stem = relu if stem_pointwise else activation
        self.add_module("stem", Unit((3, _STEM), 3, 2, activation=activation))
        self.add_module("depthwise", Unit((_STEM, _STEM), 3, depthwise=True, activation=after_stem))
        if stem_pointwise:
            self.add_module("pointwise", Unit((_STEM, _STEM), activation=after_stem))
        blocks, channels = nn.Sequential(), _STEM
        for expansion, after, count, first_stride in _BOTTLENECKS:
            for i in range(count):
                stride = first_stride if i == 0 else 1
                blocks.append(Bottleneck((channels, after), expansion, stride, activation))
                channels = after
        self.add_module("blocks", blocks)
        self.add_module("widen", Unit((channels, _WIDE), activation=activation))
        whole = (height // 16, width // 16)
        self.add_module("global_depthwise", Unit((_WIDE, _WIDE), whole, depthwise=True))
        self.add_module("embedding", Unit((_WIDE, DIM), bias=embedding_bias))


def relu(channels: int) -> nn.Module:
    """ReLU; the channels do not matter to it."""
    return nn.ReLU()


def relu6(channels: int) -> nn.Module:
    """ReLU cut at 6; the channels do not matter to it."""
    return nn.ReLU6()


def prelu(channels: int) -> nn.Module:
    """ReLU with a learned slope below zero, one a channel: the paper's."""
    return nn.PReLU(channels)
