"""LIA's discriminator: StyleGAN2's, on whole pictures (LIA's training code, spec 2.2). Plain form.

`leo.networks.fast_discriminator` is the one that trains.
"""

import torch
from torch import Tensor, nn

from leo_bench.leo.networks.encoder import trunk
from leo_bench.leo.networks.layers import EqualLinear, Widths, conv_layer

_GROUP = 4  # samples whose spread is measured together, at most


class Discriminator(nn.Module):
    """How real a picture looks.

    Args:
        size: side of the pictures, a power of two from 8.
        widths: channels of the maps, as the encoder's.
    """

    def __init__(self, size: int, widths: Widths) -> None:
        super().__init__()
        width = widths.at(4)
        self.convs = nn.Sequential(*trunk(size, widths))
        self.final_conv = conv_layer(width + 1, width, 3)
        self.final_linear = nn.Sequential(
            EqualLinear(width * 16, width, activate=True), EqualLinear(width, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        """[B,3,H,H] in [-1,1], B below 4 or a multiple of 4 -> [B,1], high for real."""
        x = self.convs(images)
        x = torch.cat((x, spread(x)), dim=1)
        scores: Tensor = self.final_linear(self.final_conv(x).flatten(1))
        return scores


def group_of(batch: int) -> int:
    """How many samples of a batch are looked at together; it must divide the batch."""
    return min(batch, _GROUP)


def spread(x: Tensor) -> Tensor:
    """Mean standard deviation over groups of samples: [B,C,H,W] -> [B,1,H,W].

    A group is every (B/4)-th sample; `leo.stage.Share` deals out a batch so that it stays one.
    """
    batch, _, height, width = x.shape
    group = group_of(batch)
    deviation = torch.sqrt(
        x.reshape(group, batch // group, *x.shape[1:]).var(0, correction=0) + 1e-8
    )
    return deviation.mean(dim=(1, 2, 3)).view(-1, 1, 1, 1).repeat(group, 1, height, width)
