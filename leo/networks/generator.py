"""LIA's generator: a source picture, moved like a driving picture (Sec. 3.1); plain form.

wyhsirius/LIA b9f15fb, networks/generator.py and networks/styledecoder.py.

The decoder makes, at every resolution, a flow and a mask; the source's map of that resolution is
warped by the flow, and RGB is read from the warped and masked maps only. What the mask hides is
filled with generated features, which only the next resolution sees.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leo_bench.leo.networks.encoder import Encoder
from leo_bench.leo.networks.layers import (
    ModulatedConv2d,
    StyledConv,
    Upsample,
    Widths,
    conv_layer,
    exact,
    levels,
    without_autocast,
)


class Direction(nn.Module):
    """Orthonormal directions of motion in the space of appearances."""

    def __init__(self, style: int, directions: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(style, directions))

    def basis(self) -> Tensor:
        """Q of the QR decomposition: [S,D], never below float32.

        By Householder, as the original: another method may flip signs, and so break checkpoints.
        """
        q: Tensor = torch.linalg.qr(self.weight + 1e-8)[0]
        return q

    def forward(self, codes: Tensor) -> Tensor:
        """[B,D] -> [B,S]."""
        # A product and a sum, not a matrix product: autocast leaves these in full precision.
        return (codes[:, None] * self.basis()).sum(dim=2)


class ConstantInput(nn.Module):
    """The constant 4x4 map that the decoder begins with."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, count, 4, 4))


class ToFlow(nn.Module):
    """Features to flow x, flow y and mask, before their activations; added up over levels.

    In float32 at least, also under autocast: at 256 pixels bfloat16 places a pixel to about one.
    """

    def __init__(self, inputs: int, style: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.upsample = Upsample()
        self.conv = ModulatedConv2d(inputs, 3, 1, style, demodulate=False, up=False)

    def forward(self, x: Tensor, latent: Tensor, coarser: Tensor | None) -> Tensor:
        """[B,C,H,H], [B,S], [B,3,H/2,H/2] or None -> [B,3,H,H]."""
        with without_autocast(x):
            y: Tensor = self.conv(exact(x), exact(latent)) + self.bias
            return y if coarser is None else y + self.upsample(coarser)


class ToRGB(nn.Module):
    """Warped features to colours; added up over levels."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.upsample = Upsample()
        self.conv = conv_layer(inputs, 3, 1)

    def forward(self, x: Tensor, coarser: Tensor | None) -> Tensor:
        """[B,C,H,H], [B,3,H/2,H/2] or None -> [B,3,H,H]."""
        y: Tensor = self.conv(x) + self.bias
        return y if coarser is None else y + self.upsample(coarser)


class UnusedRGB(nn.Module):
    """A colour layer at 4x4 that the official checkpoints hold and no forward pass uses."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.conv = conv_layer(inputs, 3, 1)
        self.requires_grad_(False)


def base_grid(side: int, like: Tensor) -> Tensor:
    """Where a flow of zero points to: [side,side,2], (x, y) in [-1,1], on the corners' centres."""
    line = torch.linspace(-1, 1, side, dtype=torch.float64, device=like.device).to(like.dtype)
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack((x, y), dim=-1)


def warp(maps: Tensor, flow: Tensor, align_corners: bool) -> Tensor:
    """[B,C,H,H] sampled where `flow` [B,2,H,H] points, in halves of the side; zeros outside."""
    grid = base_grid(flow.shape[-1], flow) + flow.permute(0, 2, 3, 1)
    return F.grid_sample(maps.to(grid.dtype), grid, align_corners=align_corners)


class Decoder(nn.Module):
    """A latent and a source's maps to a picture.

    Args:
        size, widths, style, directions: as the encoder's.
        align_corners: False for the official weights, where a flow of zero shrinks the picture by
            half a pixel on each side; True, for new models: a flow of zero is the identity.
    """

    def __init__(
        self, size: int, widths: Widths, style: int, directions: int, *, align_corners: bool
    ) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.direction = Direction(style, directions)
        first = widths.at(4)
        self.input = ConstantInput(first)
        self.conv1 = StyledConv(first, first, style, up=False)
        self.to_rgb1 = UnusedRGB(first)
        self.convs = nn.ModuleList()
        self.to_rgbs = nn.ModuleList()
        self.to_flows = nn.ModuleList()
        coarser = first
        for side in levels(size):
            width = widths.at(side)
            self.convs.append(StyledConv(coarser, width, style, up=True))
            self.convs.append(StyledConv(width, width, style, up=False))
            self.to_rgbs.append(ToRGB(width))
            self.to_flows.append(ToFlow(width, style))
            coarser = width

    def forward(self, latent: Tensor, maps: list[Tensor]) -> Tensor:
        """[B,S], the source's maps from 8x8 up -> [B,3,H,H], not clamped."""
        x = self.conv1(self.input.input.expand(len(latent), -1, -1, -1), latent)
        flow: Tensor | None = None
        rgb: Tensor | None = None
        for level, features in enumerate(maps):
            x = self.convs[2 * level](x, latent)
            x = self.convs[2 * level + 1](x, latent)
            flow = self.to_flows[level](x, latent, flow)
            displacement, mask = torch.tanh(flow[:, :2]), torch.sigmoid(flow[:, 2:])
            visible = warp(features, displacement, self.align_corners) * mask
            rgb = self.to_rgbs[level](visible, rgb)
            x = visible + x * (1 - mask)
        if rgb is None:
            raise ValueError("a decoder needs at least one map")
        return rgb


class Generator(nn.Module):
    """The image animator: encoder and decoder, named as in the official checkpoints.

    Args:
        size: side of the pictures, a power of two from 8.
        channel_cap, channel_base: see `Widths`.
        style: S, size of the appearance.
        directions: D, size of a motion code.
        align_corners: see `Decoder`.
    """

    def __init__(
        self,
        size: int,
        *,
        channel_cap: int = 512,
        channel_base: int = 16384,
        style: int = 512,
        directions: int = 20,
        align_corners: bool = False,
    ) -> None:
        super().__init__()
        if size < 8 or size & (size - 1):
            raise ValueError(
                f"the side of the pictures is {size}; it must be a power of two from 8"
            )
        self.size, self.style = size, style
        self.widths = Widths(channel_base, channel_cap)
        self.directions, self.align_corners = directions, align_corners
        self.enc = Encoder(size, self.widths, style, directions)
        self.dec = Decoder(size, self.widths, style, directions, align_corners=align_corners)

    def forward(self, source: Tensor, driving: Tensor) -> Tensor:
        """Both [B,3,H,H] in [-1,1] -> the source moved as the driving picture: [B,3,H,H]."""
        appearance, _, maps = self.enc(source)
        _, codes, _ = self.enc(driving)
        picture: Tensor = self.dec(appearance + self.dec.direction(codes), maps)
        return picture


def start_from_identity(generator: Generator) -> None:
    """Before training, make flows nearly zero and the first mask nearly open; ours.

    The first picture is then nearly the source, and small models learn several times faster.
    """
    decoder = generator.dec
    with torch.no_grad():
        for flow in decoder.to_flows:
            flow.get_submodule("conv").get_parameter("weight").mul_(0.01)
        decoder.to_flows[0].get_parameter("bias")[:, 2] += 3


def start_from_copy(generator: Generator) -> None:
    """Before training, make flows nearly zero and the finest level copy the source's colours; ours.

    Three channels of the finest map hold the picture, shifted to where the leaky ReLU is linear,
    and the finest colour layer takes them back; coarser colours start black. The first
    picture is then the source but for the mask.
    """
    start_from_identity(generator)
    encoder, decoder = generator.enc.net_app.convs[0], generator.dec
    shown = torch.eye(3)[:, :, None, None]
    with torch.no_grad():
        weight = encoder.get_parameter("0.weight")
        weight[:3] = shown * 3**0.5  # an equalised convolution divides by the root of its inputs
        encoder.get_parameter("1.bias")[:, :3] = 1  # the maps are sqrt(2) (colour + 1)
        for colour in decoder.to_rgbs:
            colour.get_parameter("conv.0.weight").zero_()
        finest = decoder.to_rgbs[-1]
        weight = finest.get_parameter("conv.0.weight")
        weight[:, :3] = shown * weight.shape[1] ** 0.5 / 2
        finest.get_parameter("bias").fill_(-1)
