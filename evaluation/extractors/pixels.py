"""An untrained extractor for tests: a fixed random projection of averaged pixels.

It accepts clips of any size and length, has no weights and takes a millisecond.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import ExtractorRequest
from leo_bench.evaluation.extractors.numerics import chosen_device
from leo_bench.evaluation.weights.registry import refuse_weights

DIM = 32
_GRID = (4, 8, 8)  # time, height, width that clips are averaged to
_SEED = 20230503


@dataclass(frozen=True)
class PixelsExtractor:
    """See `evaluation.extractors.ClipExtractor`."""

    projection: Tensor
    name: str = "pixels"
    dim: int = DIM
    weights: str = "none"
    weights_verified: bool = True  # it has none
    precision: str = "fp32"
    device: str = "cpu"

    def __call__(self, clips: Tensor) -> Tensor:
        """float32 [B,3,T,H,W], any T, H and W -> float32 [B,32] on the CPU."""
        clips = clips.to(self.projection.device)
        coarse = [F.adaptive_avg_pool3d(clip, _GRID).flatten() for clip in clips]
        return torch.stack([pixels @ self.projection for pixels in coarse]).cpu()


def build(request: ExtractorRequest) -> PixelsExtractor:
    """The extractor.

    Raises:
        InputError: a device that is not available; an option that does not apply.
    """
    device = chosen_device(request.device)
    refuse_weights(request.name, request.weights)
    if request.precision != "fp32" or request.trust_torchscript:
        raise InputError(
            f"{request.name} computes in fp32, and runs no program: drop --dtype and "
            "--trust-torchscript"
        )
    generator = torch.Generator().manual_seed(_SEED)
    inputs = 3 * _GRID[0] * _GRID[1] * _GRID[2]
    projection = torch.randn(inputs, DIM, generator=generator) / inputs**0.5
    return PixelsExtractor(projection.to(device), device=str(device))
