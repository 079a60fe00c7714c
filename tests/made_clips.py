"""Small clips in memory for the tests of the metrics."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import leo_bench
from leo_bench.benchmarks.api import video_distance
from leo_bench.benchmarks.api.video_distance import VideoDistance
from leo_bench.evaluation.features import of_clips

FRAMES, SIDE = 4, 24
QUICK: dict[str, Any] = {"extractor": "pixels"}  # averages of pixels


def clips(count: int, seed: int = 0, frames: int = FRAMES, brightest: int = 256) -> Tensor:
    """Noise with a brightness of its own for each clip: uint8 [count,frames,3,24,24]."""
    generator = torch.Generator().manual_seed(seed)
    shape = (count, frames, 3, SIDE, SIDE)
    noise = torch.randint(0, brightest, shape, dtype=torch.uint8, generator=generator)
    level = torch.randint(1, 256, (count, 1, 1, 1, 1), generator=generator)
    return (noise * level // 256).to(torch.uint8)


REAL, FAKE = clips(9, seed=1), clips(7, seed=2, brightest=150)


def filled(
    kind: type[VideoDistance] = leo_bench.FrechetVideoDistance, **options: Any
) -> VideoDistance:
    """A metric that has all of REAL and FAKE."""
    metric = kind(**QUICK | options)
    metric.update(REAL, real=True)
    metric.update(FAKE, real=False)
    return metric


def clips_passed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many clips go through a network from now on, an entry an update."""
    counts: list[int] = []
    extract = of_clips.extract

    def counted(*arguments: Any) -> of_clips.Features:
        found = extract(*arguments)
        counts.append(found.computed)
        return found

    monkeypatch.setattr(video_distance, "extract", counted)
    return counts


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
