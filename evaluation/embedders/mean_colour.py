"""Mean colour as an embedding: what MoCoGAN's ACD takes for its shapes."""

from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.embedders import Embedded, EmbedderRequest
from leo_bench.evaluation.features.devices import chosen_device
from leo_bench.evaluation.weights.registry import refuse_weights


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


def build(request: EmbedderRequest) -> MeanColour:
    """It has no weights.

    Raises:
        InputError: weights are given; a device that is not here.
    """
    refuse_weights(request.name, request.weights)
    return MeanColour(device=str(chosen_device(request.device)))
