"""The discriminator of `leo.networks.discriminator`, folded as the encoder is (spec 7.3).

Folding is differentiable, so gradients reach its parameters and the pictures; first ones only are
asked for, as there is no penalty on gradients (spec 2.1).
"""

import torch
from torch import Tensor

from leo_bench.leo.networks.discriminator import Discriminator, spread
from leo_bench.leo.networks.fast_encoder import FoldedTrunk, activated, before_gain


class FoldedDiscriminator:
    """A discriminator ready to run; made by `fold_discriminator`."""

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


def fold_discriminator(network: Discriminator) -> FoldedDiscriminator:
    """The fast form of `network`; gradients reach its parameters."""
    return FoldedDiscriminator(network)
