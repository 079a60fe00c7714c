"""Small clips in memory for the tests of the metrics."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

FRAMES, SIDE = 4, 24

# Quick: averages of pixels; and what makes the default protocols take a size and length like these.
QUICK: dict[str, Any] = {"extractor": "pixels"}


def clips(count: int, seed: int = 0, frames: int = FRAMES, brightest: int = 256) -> Tensor:
    """Noise with a brightness of its own for each clip: uint8 [count,frames,3,24,24]."""
    generator = torch.Generator().manual_seed(seed)
    shape = (count, frames, 3, SIDE, SIDE)
    noise = torch.randint(0, brightest, shape, dtype=torch.uint8, generator=generator)
    level = torch.randint(1, 256, (count, 1, 1, 1, 1), generator=generator)
    return (noise * level // 256).to(torch.uint8)


def means_of_colours() -> Callable[[Tensor], Tensor]:
    """An extractor of one's own, whose number of features is not known before the first clip."""
    return ColourMeans()


class ColourMeans(nn.Module):
    """Means of the colours and of the first frame's rows, with a weight that draws at random."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn = nn.Linear(3, 3)  # moves torch's random state
        self.register_buffer("scale", torch.tensor([1.0, 2.0, 4.0]))

    def forward(self, inputs: Tensor) -> Tensor:
        """float32 [B,3,T,224,224] -> [B,5]."""
        colours = inputs.mean(dim=(2, 3, 4)) * self.scale
        return torch.cat([colours, inputs[:, :2, 0].amax(dim=(2, 3))], dim=1)
