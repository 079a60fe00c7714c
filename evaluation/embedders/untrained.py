"""Embedders without trained weights: mean colour, and responses of random filters.

mean-colour     mean red, green and blue: MoCoGAN's embedding for the ACD of its shapes
random-filters  responses of fixed random filters at three scales: it replaces Inception where
                nothing may be downloaded. It measures colour, contrast and sharpness, not what a
                frame shows; its numbers can be compared only with one another.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from leo_bench.evaluation.embedders import Embedded, EmbedderRequest
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.numerics import chosen_device
from leo_bench.evaluation.weights.registry import refuse_weights

NAME = "random-filters"
SCALES, FILTERS, SIDE = 3, 8, 5  # halvings of the frame, filters at each, pixels of a filter
DIM = 2 * SCALES * FILTERS
_SEED = 20230503


@dataclass(frozen=True)
class MeanColour:
    """Mean red, green and blue of a frame, each 0..1."""

    name: str = "mean-colour"
    dim: int = 3
    weights: str = "none"
    weights_verified: bool = True
    device: str = "cpu"

    def __call__(self, frames: Tensor) -> Embedded:
        """uint8 [T,3,H,W] -> [T,3]."""
        means = frames.to(self.device).double().mean(dim=(2, 3)) / 255
        return Embedded(means.float().cpu(), torch.ones(len(frames), dtype=torch.bool))


@dataclass(frozen=True)
class RandomFilters:
    """See `evaluation.embedders.FrameEmbedder`."""

    filters: Tensor  # [FILTERS,3,SIDE,SIDE]
    name: str = NAME
    dim: int = DIM
    weights: str = "none"
    weights_verified: bool = True  # there are none that could be wrong
    device: str = "cpu"

    def __call__(self, frames: Tensor) -> Embedded:
        """uint8 [T,3,H,W], sides of 20 or more -> [T,48]: mean and root mean square by filter.

        In percent of the full range, so that distances are of the order of 1 to 100.

        Raises:
            InputError: smaller frames.
        """
        least = SIDE * 2 ** (SCALES - 1)
        if min(frames.shape[-2:]) < least:
            height, width = frames.shape[-2:]
            raise InputError(f"{NAME}: frames of {height}x{width}; {least}x{least} is the least")
        frames = frames.to(self.filters.device)
        values = torch.stack([self._answers(frame.float() * (100 / 255)) for frame in frames])
        return Embedded(values.cpu(), torch.ones(len(frames), dtype=torch.bool))

    def _answers(self, frame: Tensor) -> Tensor:
        found = []
        scaled = frame[None]
        for _ in range(SCALES):
            answer = F.conv2d(scaled, self.filters)[0]
            found += [answer.mean(dim=(1, 2)), answer.square().mean(dim=(1, 2)).sqrt()]
            scaled = F.avg_pool2d(scaled, 2)
        return torch.cat(found)


def build(request: EmbedderRequest) -> MeanColour | RandomFilters:
    """Either embedder of this module.

    Raises:
        InputError: weights are given; a device that is not here.
    """
    refuse_weights(request.name, request.weights)
    device = chosen_device(request.device)
    if request.name == "mean-colour":
        return MeanColour(device=str(device))
    generator = torch.Generator().manual_seed(_SEED)
    filters = torch.randn(FILTERS, 3, SIDE, SIDE, generator=generator)
    # Half of them have mean 0: they respond to edges, not to colours.
    filters[FILTERS // 2 :] -= filters[FILTERS // 2 :].mean(dim=(2, 3), keepdim=True)
    filters = filters / filters.flatten(1).norm(dim=1)[:, None, None, None]
    return RandomFilters(filters.to(device), device=str(device))
