"""The layers of LIA's networks, as the original defines them (wyhsirius/LIA b9f15fb).

They are StyleGAN2's, in plain form: per-sample weights, grouped convolutions, every channel
filtered by itself. The plain form carries the parameters, named as in the official checkpoints, and
is the reference for the folded form. Weights are drawn from N(0,1) and scaled where they are used.

Letters: B samples, C channels, H W positions, S size of the latent.
"""

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.2  # of every leaky ReLU
GAIN = math.sqrt(2)  # behind every leaky ReLU
EPSILON = 1e-8  # of the demodulation


@dataclass(frozen=True)
class Widths:
    """Channels of maps, halved with every doubling of their side.

    Args:
        base: channels times side, at most; 16,384 is the official network: 256 at 64, 64 at 256.
        cap: no map has more channels; 512 is the official network.
    """

    base: int = 16384
    cap: int = 512

    def at(self, side: int) -> int:
        """Channels of the maps of this side."""
        return min(self.base // side, self.cap)


def levels(size: int) -> list[int]:
    """Sides of the maps that are warped, coarse to fine: 8, 16, ..., `size`."""
    return [2**power for power in range(3, size.bit_length())]


def exact(x: Tensor) -> Tensor:
    """In float32 at least: float64 stays, all else becomes float32."""
    return x if x.dtype == torch.float64 else x.float()


def without_autocast(like: Tensor) -> AbstractContextManager[None]:
    """A context without autocast; on the meta device, which has no autocast, nothing."""
    return nullcontext() if like.is_meta else torch.autocast(like.device.type, enabled=False)


class EqualConv2d(nn.Module):
    """A convolution whose weight is scaled by 1/sqrt(inputs to one output)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, padding: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale = 1 / math.sqrt(inputs * kernel * kernel)
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """[B,C,H,W] -> [B,C',H',W']."""
        weight = self.weight * self.scale
        return F.conv2d(x, weight, stride=self.stride, padding=self.padding)


class EqualLinear(nn.Module):
    """An affine map whose weight is scaled by 1/sqrt(inputs); `activate`: leaky ReLU after it."""

    def __init__(
        self, inputs: int, outputs: int, bias: float = 0.0, activate: bool = False
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.full((outputs,), bias))
        self.scale = 1 / math.sqrt(inputs)
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        """[B,inputs] -> [B,outputs]."""
        y = F.linear(x, self.weight * self.scale, self.bias)
        return F.leaky_relu(y, SLOPE) * GAIN if self.activate else y


class FusedLeakyReLU(nn.Module):
    """Bias, leaky ReLU, gain."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, count, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """[B,C,H,W] -> the same."""
        return F.leaky_relu(x + self.bias, SLOPE) * GAIN


def fir_kernel(total: float) -> Tensor:
    """[1,3,3,1] by [1,3,3,1], scaled to this sum: [4,4]."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return torch.outer(taps, taps) * (total / 64)


class Blur(nn.Module):
    """The FIR filter over every channel, zeros around: `total` is what the kernel sums to."""

    kernel: Tensor

    def __init__(self, before: int, after: int, total: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("kernel", fir_kernel(total))
        self.padding = (before, after, before, after)

    def forward(self, x: Tensor) -> Tensor:
        """[B,C,H,W] -> [B,C,H+before+after-3,W+before+after-3]."""
        pictures = F.pad(x.reshape(-1, 1, *x.shape[2:]), self.padding)
        y = F.conv2d(pictures, self.kernel[None, None])
        return y.view(*x.shape[:2], *y.shape[2:])


class Upsample(nn.Module):
    """Twice the side: zeros between the samples, then the FIR filter, which sums to four."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", fir_kernel(4.0))

    def forward(self, x: Tensor) -> Tensor:
        """[B,C,H,W] -> [B,C,2H,2W]."""
        batch, count, height, width = x.shape
        spread = x.new_zeros(batch * count, 1, 2 * height, 2 * width)
        spread[:, 0, ::2, ::2] = x.flatten(0, 1)
        y = F.conv2d(F.pad(spread, (2, 1, 2, 1)), self.kernel[None, None])
        return y.view(batch, count, 2 * height, 2 * width)


def conv_layer(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """A convolution that keeps the side, and its activation."""
    convolution = EqualConv2d(inputs, outputs, kernel, stride=1, padding=kernel // 2)
    return nn.Sequential(convolution, FusedLeakyReLU(outputs))


def halving_layer(inputs: int, outputs: int, kernel: int) -> list[nn.Module]:
    """A blur and a convolution of stride 2, padded so that they halve the side."""
    padding = 2 + (kernel - 1)
    blur = Blur((padding + 1) // 2, padding // 2)
    return [blur, EqualConv2d(inputs, outputs, kernel, stride=2, padding=0)]


class ResBlock(nn.Module):
    """Two convolutions and a skip connection; halves the side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = conv_layer(inputs, inputs, 3)
        self.conv2 = nn.Sequential(*halving_layer(inputs, outputs, 3), FusedLeakyReLU(outputs))
        self.skip = nn.Sequential(*halving_layer(inputs, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        """[B,inputs,H,W] -> [B,outputs,H/2,W/2]."""
        y: Tensor = (self.conv2(self.conv1(x)) + self.skip(x)) / GAIN
        return y


class ModulatedConv2d(nn.Module):
    """A convolution whose weight is scaled, for each sample, by a style made of the latent.

    Args:
        style: S.
        demodulate: scale each output channel's weight back to norm one.
        up: twice the side: transposed convolution of stride 2, then the FIR filter.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, style: int, *, demodulate: bool, up: bool
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, outputs, inputs, kernel, kernel))
        self.modulation = EqualLinear(style, inputs, bias=1.0)
        self.scale = 1 / math.sqrt(inputs * kernel * kernel)
        self.demodulate, self.up = demodulate, up
        if up:
            self.blur = Blur(1, 1, total=4.0)

    def forward(self, x: Tensor, latent: Tensor) -> Tensor:
        """[B,inputs,H,W], [B,S] -> [B,outputs,H,W], or twice the side."""
        batch, inputs, height, width = x.shape
        _, outputs, _, kernel, _ = self.weight.shape
        style = self.modulation(latent).view(batch, 1, inputs, 1, 1)
        weight = self.weight * self.scale * style
        if self.demodulate:
            norm = weight.square().sum(dim=(2, 3, 4), keepdim=True)
            weight = weight * torch.rsqrt(norm + EPSILON)
        together = x.reshape(1, batch * inputs, height, width)
        if not self.up:
            weight = weight.view(batch * outputs, inputs, kernel, kernel)
            y = F.conv2d(together, weight, padding=kernel // 2, groups=batch)
            return y.view(batch, outputs, height, width)
        weight = weight.transpose(1, 2).reshape(batch * inputs, outputs, kernel, kernel)
        y = F.conv_transpose2d(together, weight, stride=2, groups=batch)
        blurred: Tensor = self.blur(y.view(batch, outputs, 2 * height + 1, 2 * width + 1))
        return blurred


class UnusedNoise(nn.Module):
    """A weight that the official checkpoints hold and no forward pass reads: there is no noise."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1), requires_grad=False)


class StyledConv(nn.Module):
    """A modulated 3x3 convolution and its activation."""

    def __init__(self, inputs: int, outputs: int, style: int, *, up: bool) -> None:
        super().__init__()
        self.conv = ModulatedConv2d(inputs, outputs, 3, style, demodulate=True, up=up)
        self.noise = UnusedNoise()
        self.activate = FusedLeakyReLU(outputs)

    def forward(self, x: Tensor, latent: Tensor) -> Tensor:
        """[B,inputs,H,W], [B,S] -> [B,outputs,H,W], or twice the side."""
        y: Tensor = self.activate(self.conv(x, latent))
        return y


def from_pixels(pixels: Tensor) -> Tensor:
    """Pixels as the networks take them: uint8, 0..255 -> float32, -1..1, any shape."""
    return pixels.float() / 255 * 2 - 1


def to_pixels(numbers: Tensor) -> Tensor:
    """The networks' output as pixels: float, clamped to -1..1 -> uint8, rounded, any shape."""
    return ((numbers.clamp(-1, 1) + 1) / 2 * 255).round().to(torch.uint8)
