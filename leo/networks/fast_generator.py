"""The decoder of `leo.networks.generator`, folded: the same maths in less time.

- A modulated convolution is one convolution with shared weights: its input is scaled by the style,
  its output by the demodulation, which follows from the styles and squared weights alone. A single
  picture that is larger than the weight has the weight scaled instead.
- All styles of all layers are one affine map of the code, given the source.
- The colour layers are projections that commute with warp and mask: each source map is projected
  once, and at the finest level only three channels are warped. Wide maps are warped by `warp`.
- Gains go into demodulations and biases; FIR filters are depthwise.
- Wide 3x3 convolutions take a quarter of the multiplications on CPUs (`winograd`).

Folding is differentiable: training folds at every step, inference once, and both run the same code.
Styles, flow, mask and warp are computed in float32 at least, also under autocast.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.leo.networks.fast_encoder import Appearance, FoldedEncoder, point
from leo_bench.leo.networks.fir import fir
from leo_bench.leo.networks.generator import Decoder, Generator, ToFlow, ToRGB, base_grid
from leo_bench.leo.networks.layers import (
    EPSILON,
    GAIN,
    SLOPE,
    EqualConv2d,
    FusedLeakyReLU,
    ModulatedConv2d,
    StyledConv,
    exact,
    without_autocast,
)
from leo_bench.leo.networks.warp import warp
from leo_bench.leo.networks.winograd import Tiled


@dataclass(frozen=True)
class Prepared:
    """What is computed once for each source picture.

    Args:
        styles: of all layers side by side, at code zero: [B, sum of C].
        maps: from 8x8 up: the source's maps with their projections to RGB behind them, [B,C+3,..];
            of the finest level the projections alone. float32 or more.
    """

    styles: Tensor
    maps: list[Tensor]


@dataclass(frozen=True)
class _Styled:
    """A styled convolution, with the gain in its bias.

    Args:
        weight: [C',C,3,3]; [C,C',3,3] if `up`.
        squares: of the weight, summed over the window: [C,C'].
        bias: [C'].
        up: twice the side.
        tiled: the same convolution of large maps, where that is faster.
    """

    weight: Tensor
    squares: Tensor
    bias: Tensor
    up: bool
    tiled: Tiled | None

    def __call__(self, x: Tensor, style: Tensor, demodulation: Tensor) -> Tensor:
        """[B,C,H,H], [B,C], [B,C'] -> [B,C',H,H] or twice the side."""
        tiled = self.tiled if self.tiled is not None and self.tiled.pays(x) else None
        if tiled is None and len(x) == 1 and self.weight.numel() < x.numel():
            return self._of_one(x, style[0], demodulation[0])
        x = x * _as_channels(style, x)
        if tiled is not None:
            y = tiled(x)
        elif self.up:
            y = fir(F.conv_transpose2d(x, self.weight, stride=2), 4.0, padding=1)
        else:
            y = F.conv2d(x, self.weight, padding=1)
        bias = _as_channels(self.bias[None], y)
        y = torch.addcmul(bias, y, _as_channels(demodulation, y))
        return F.leaky_relu(y, SLOPE, inplace=True)

    def _of_one(self, x: Tensor, style: Tensor, demodulation: Tensor) -> Tensor:
        """The same for a single picture larger than the weight: scaling the weight is cheaper."""
        scale = style.outer(demodulation) if self.up else demodulation.outer(style)
        weight = self.weight * scale[:, :, None, None]
        if self.up:
            y = fir(F.conv_transpose2d(x, weight, stride=2), 4.0, padding=1, bias=self.bias)
        else:
            y = F.conv2d(x, weight, self.bias, padding=1)
        return F.leaky_relu(y, SLOPE, inplace=True)

    def demodulation(self, style: Tensor) -> Tensor:
        """[B,C] -> [B,C'], with the gain."""
        return torch.rsqrt(style.square() @ self.squares + EPSILON) * GAIN


@dataclass(frozen=True)
class _Flow:
    """Features to flow and mask: weight [3,C], bias [1,3,1,1]."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor, style: Tensor) -> Tensor:
        """[B,C,H,H], [B,C] -> [B,3,H,H], float32 or more."""
        batch, _, height, width = x.shape
        with without_autocast(x):
            weight = self.weight * style[:, None]
            return (weight @ exact(x).flatten(2)).view(batch, 3, height, width) + self.bias


@dataclass(frozen=True)
class _Colour:
    """Projection of a map to RGB; biases before (with gain) and after the activation."""

    projection: Tensor
    before: Tensor
    after: Tensor

    def __call__(self, projected: Tensor) -> Tensor:
        """[B,3,H,H] -> the same."""
        return F.leaky_relu(projected + self.before, SLOPE) + self.after


@dataclass(frozen=True)
class _Level:
    up: _Styled
    straight: _Styled
    flow: _Flow
    colour: _Colour
    grid: Tensor  # [H,H,2]


class FoldedDecoder:
    """The fast form of a decoder; gradients reach its parameters."""

    def __init__(self, decoder: Decoder) -> None:
        self._align_corners = decoder.align_corners
        self._start = decoder.input.input
        self._first = _styled(decoder.conv1)
        self._levels = [_level(decoder, i) for i in range(len(decoder.to_flows))]
        modulations = [layer.modulation for layer in _modulated(decoder)]
        self._widths = [len(m.bias) for m in modulations]
        self._matrix = torch.cat([m.weight * m.scale for m in modulations])
        self._offset = torch.cat([m.bias for m in modulations])
        basis = decoder.direction.basis()
        with torch.autocast(basis.device.type, enabled=False):
            self._code_matrix = self._matrix @ basis

    def prepare(self, source: Appearance) -> Prepared:
        """Styles and projected maps of B sources."""
        with torch.autocast(source.vector.device.type, enabled=False):
            vector = source.vector.to(self._matrix.dtype)
            styles = F.linear(vector, self._matrix, self._offset)
        maps = []
        for level, features in zip(self._levels, source.maps, strict=True):
            rgb = point(features, level.colour.projection)
            last = level is self._levels[-1]
            both = exact(rgb if last else torch.cat((features, rgb), dim=1))
            maps.append(both.contiguous(memory_format=torch.channels_last))
        return Prepared(styles, maps)

    def frames(self, source: Prepared, codes: Tensor) -> Tensor:
        """B sources, or one, and codes [B,D] -> [B,3,H,H], not clamped, float32 or more."""
        layers = self._styles(source.styles, codes)
        count = len(codes)
        x = self._first(self._start.expand(count, -1, -1, -1), *next(layers))
        # Flow and mask, and RGB, of the level before.
        before = torch.zeros(count, 6, 8, 8, dtype=codes.dtype, device=codes.device)
        for level, map_ in zip(self._levels, source.maps, strict=True):
            x = level.up(x, *next(layers))
            x = level.straight(x, *next(layers))
            flow_before, rgb_before = torch.chunk(before, 2, dim=1)
            flow = level.flow(x, next(layers)[0]) + flow_before
            mask = torch.sigmoid(flow[:, 2:])
            grid = level.grid + torch.tanh(flow[:, :2]).permute(0, 2, 3, 1)
            warped = warp(map_, grid, self._align_corners)
            rgb = level.colour(warped[:, -3:] * mask) + rgb_before
            if level is not self._levels[-1]:
                x = torch.lerp(x, warped[:, :-3].to(x.dtype), mask.to(x.dtype))
                before = upsample(torch.cat((flow, rgb), dim=1))
        return rgb

    def _styles(self, base: Tensor, codes: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Style and demodulation of each layer, in the order of use; a flow has only the first."""
        with torch.autocast(base.device.type, enabled=False):
            all_ = base + F.linear(codes.to(base.dtype), self._code_matrix)
            styles = list(torch.split(all_, self._widths, dim=1))
            layers: list[_Styled | None] = [self._first]
            for level in self._levels:
                layers += [level.up, level.straight, None]
            pairs = [
                (style, style if layer is None else layer.demodulation(style))
                for layer, style in zip(layers, styles, strict=True)
            ]
        return iter(pairs)


def reconstruct(generator: Generator, source: Tensor, driving: Tensor) -> Tensor:
    """`generator(source, driving)` by the folded form: both [B,3,H,H] in [-1,1] -> [B,3,H,H]."""
    encoder, decoder = FoldedEncoder(generator.enc), FoldedDecoder(generator.dec)
    appearance, codes = encoder.appearance(source), encoder.codes(driving)
    return decoder.frames(decoder.prepare(appearance), codes)


def upsample(x: Tensor) -> Tensor:
    """`layers.Upsample`: it is bilinear, where zeros surround the picture: [B,C,H,H] -> twice."""
    wide = F.interpolate(F.pad(x, (1, 1, 1, 1)), scale_factor=2, mode="bilinear")
    return wide[:, :, 2:-2, 2:-2]


def _as_channels(values: Tensor, like: Tensor) -> Tensor:
    return values[:, :, None, None].to(like.dtype)


def _modulated(decoder: Decoder) -> list[ModulatedConv2d]:
    """Modulated layers in the order of use."""
    layers = [decoder.conv1.conv]
    for i, flow in enumerate(decoder.to_flows):
        styled = cast("list[StyledConv]", list(decoder.convs[2 * i : 2 * i + 2]))
        layers += [*(s.conv for s in styled), cast("ToFlow", flow).conv]
    return layers


def _styled(layer: StyledConv) -> _Styled:
    weight = layer.conv.weight[0] * layer.conv.scale
    squares = weight.square().sum(dim=(2, 3)).T
    if layer.conv.up:
        weight = weight.transpose(0, 1)
    weight = weight.contiguous(memory_format=torch.channels_last)
    bias = layer.activate.bias.flatten() * GAIN
    tiled = None if layer.conv.up else Tiled.of(weight)
    return _Styled(weight, squares, bias, layer.conv.up, tiled)


def _level(decoder: Decoder, index: int) -> _Level:
    up, straight = cast("list[StyledConv]", list(decoder.convs[2 * index : 2 * index + 2]))
    flow, rgb = cast("ToFlow", decoder.to_flows[index]), cast("ToRGB", decoder.to_rgbs[index])
    project, activation = cast("tuple[EqualConv2d, FusedLeakyReLU]", tuple(rgb.conv))
    projection = project.weight.flatten(1) * (project.scale * GAIN)
    colour = _Colour(projection, activation.bias * GAIN, rgb.bias)
    grid = base_grid(8 * 2**index, exact(rgb.bias))
    folded_flow = _Flow(flow.conv.weight[0, :, :, 0, 0] * flow.conv.scale, flow.bias)
    return _Level(_styled(up), _styled(straight), folded_flow, colour, grid)
