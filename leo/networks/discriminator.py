"""LIA's discriminator, which is StyleGAN2's, on whole pictures; plain form and folded form.

wyhsirius/LIA before 3f1d865, networks/discriminator.py. The plain form carries the parameters; the
folded one is the same maths in less time (`leo.networks.fast_encoder`), and is what trains. Its
gradients are first ones only: LIA's training has no gradient penalty.
"""

import torch
from torch import Tensor, nn

from leo_bench.leo.networks.encoder import trunk
from leo_bench.leo.networks.fast_encoder import FoldedTrunk, activated, before_gain
from leo_bench.leo.networks.layers import EqualLinear, Widths, conv_layer

_GROUP = 4  # samples whose standard deviation is taken together, at most


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


class FoldedDiscriminator:
    """The fast form of a discriminator; gradients reach the parameters of `network`."""

    def __init__(self, network: Discriminator) -> None:
        self._trunk = FoldedTrunk(list(network.convs))
        self._last = before_gain(network.final_conv)
        self._linear = network.final_linear

    def scores(self, images: Tensor) -> Tensor:
        """[B,3,H,H] in [-1,1], B below 4 or a multiple of 4 -> [B,1], high for real."""
        x = self._trunk.maps(images)[-1]
        x = activated(torch.cat((x, spread(x)), dim=1), self._last, 1)
        scores: Tensor = self._linear(x.flatten(1))
        return scores


def group_of(batch: int) -> int:
    """Samples of a batch whose standard deviation is taken together; it must divide the batch."""
    return min(batch, _GROUP)


def spread(x: Tensor) -> Tensor:
    """Minibatch standard deviation, mean over channels and positions: [B,C,H,W] -> [B,1,H,W].

    A group is every (B/4)-th sample; `leo.stage.Share` splits a batch so that groups stay whole.
    """
    batch, _, height, width = x.shape
    group = group_of(batch)
    deviation = torch.sqrt(
        x.reshape(group, batch // group, *x.shape[1:]).var(0, correction=0) + 1e-8
    )
    return deviation.mean(dim=(1, 2, 3)).view(-1, 1, 1, 1).repeat(group, 1, height, width)
