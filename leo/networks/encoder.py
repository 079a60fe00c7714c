"""LIA's encoder: appearance, feature maps and motion code of a picture; plain form.

wyhsirius/LIA b9f15fb, networks/encoder.py.
"""

from itertools import pairwise

from torch import Tensor, nn

from leo_bench.leo.networks.layers import (
    EqualConv2d,
    EqualLinear,
    ResBlock,
    Widths,
    conv_layer,
    levels,
)


def trunk(size: int, widths: Widths) -> list[nn.Module]:
    """Layers from [B,3,size,size] down to [B,C,4,4]; the discriminator has the same."""
    sides = [*reversed(levels(size)), 4]
    blocks = [ResBlock(widths.at(i), widths.at(o)) for i, o in pairwise(sides)]
    return [conv_layer(3, widths.at(size), 1), *blocks]


class Appearance(nn.Module):
    """A picture to one vector, and the feature maps on the way there.

    `convs` are the trunk and a convolution over all of the 4x4 map.
    """

    def __init__(self, size: int, widths: Widths, style: int) -> None:
        super().__init__()
        last = EqualConv2d(widths.at(4), style, 4, stride=1, padding=0)
        self.convs = nn.ModuleList([*trunk(size, widths), last])

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """[B,3,H,H] in [-1,1] -> [B,S], and the maps from 8x8 up to HxH."""
        maps = []
        x = images
        for layer in self.convs:
            x = layer(x)
            maps.append(x)
        # Neither the 4x4 map nor the vector is among the maps.
        return x.flatten(1), maps[-3::-1]


class Encoder(nn.Module):
    """Appearance and motion code of pictures.

    Args:
        size: side of the pictures, a power of two from 8.
        widths: channels of the maps.
        style: S, size of the appearance.
        directions: size of a motion code.
    """

    def __init__(self, size: int, widths: Widths, style: int, directions: int) -> None:
        super().__init__()
        self.net_app = Appearance(size, widths, style)
        straight = [EqualLinear(style, style) for _ in range(4)]
        self.fc = nn.Sequential(*straight, EqualLinear(style, directions))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """[B,3,H,H] in [-1,1] -> appearance [B,S], codes [B,D], maps from 8x8 up to HxH."""
        appearance, maps = self.net_app(images)
        return appearance, self.fc(appearance), maps
