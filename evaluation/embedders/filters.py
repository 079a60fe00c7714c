"""An untrained embedder: how strongly fixed random filters answer to a frame, at three scales.

What stands in for Inception where nothing is to be downloaded: it tells colours, contrast and
sharpness, and says nothing of what a frame shows. Its numbers compare with themselves alone.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from leo_bench.evaluation.embedders import Embedded, EmbedderRequest
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.devices import chosen_device
from leo_bench.evaluation.weights.registry import refuse_weights

NAME = "random-filters"
SCALES, FILTERS, SIDE = 3, 8, 5  # halvings of the frame, filters at each, pixels of a filter
DIM = 2 * SCALES * FILTERS
_SEED = 20230503


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


def build(request: EmbedderRequest) -> RandomFilters:
    """The filters.

    Raises:
        InputError: weights are given; a device that is not here.
    """
    refuse_weights(request.name, request.weights)
    device = chosen_device(request.device)
    generator = torch.Generator().manual_seed(_SEED)
    filters = torch.randn(FILTERS, 3, SIDE, SIDE, generator=generator)
    # Half of them without a mean, so that they see edges and not colours.
    filters[FILTERS // 2 :] -= filters[FILTERS // 2 :].mean(dim=(2, 3), keepdim=True)
    filters = filters / filters.flatten(1).norm(dim=1)[:, None, None, None]
    return RandomFilters(filters.to(device), device=str(device))
