"""Memory of extraction does not grow with the number of clips, nor with the length of a video."""

import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.clips import ClipRef, Window
from leo_bench.evaluation.extractors import ExtractorRequest, build_extractor
from leo_bench.evaluation.features.of_clips import (
    FeatureRecipe,
    Resources,
    clips_at_once,
    extract,
)
from leo_bench.evaluation.videos.remembered import RememberedVideos
from leo_bench.evaluation.videos.source import Medium

WINDOW = Window(2)
READERS = 2


@dataclass
class Alive:
    """How many tensors are held, and were at most."""

    now: int = 0
    most: int = 0

    def see(self, tensor: Tensor) -> Tensor:
        """Count a tensor until it is let go."""
        self.now += 1
        self.most = max(self.most, self.now)
        weakref.finalize(tensor, self._let_go)
        return tensor

    def _let_go(self) -> None:
        self.now -= 1


@dataclass(frozen=True)
class Drawn(RememberedVideos):
    """Videos of grey frames."""

    alive: Alive = field(default_factory=Alive)

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """Frames that differ by video and place."""
        for frame in frames:
            yield self.alive.see(torch.full((3, 8, 8), (index + frame) % 256, dtype=torch.uint8))


def grey(videos: int, frames: int) -> Drawn:
    names = [f"{number:05d}" for number in range(videos)]
    sizes, medium = [(8, 8)] * videos, Medium("rendered", (), "none", lossy=False)
    return Drawn("grey", names, [frames] * videos, sizes, dict(enumerate(names)), medium)


@pytest.mark.parametrize(("videos", "frames"), [(10, 2), (100, 2), (1, 20), (1, 200)])
def test_what_is_held_is_bounded_by_readers_and_lanes(
    videos: int, frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, source = Alive(), grey(videos, frames)
    extractor = build_extractor(ExtractorRequest(name="pixels", bn_eps=1e-3, device="cpu"))
    recipe = FeatureRecipe(extractor, 1e-3, "squash-224", "as-stored", "as-stored", None)
    right = FeatureRecipe.network_input

    def watched(self: FeatureRecipe, stored: Iterator[Tensor], count: int) -> Tensor:
        return inputs.see(right(self, stored, count))

    monkeypatch.setattr(FeatureRecipe, "network_input", watched)
    refs = [ClipRef(v, start) for v in range(videos) for start in range(0, frames, 2)]
    found = extract(source, refs, WINDOW, recipe, Resources(store=None, workers=READERS))
    assert len(found.values) == len(refs) == videos * frames // 2
    assert inputs.most <= READERS + clips_at_once(WINDOW.frames) + 2
    assert source.alive.most <= 2 * (READERS + 1)
