"""Frames of chosen clips as the samples of a distance: what FID is measured on.

Which clips is the protocol's choice, as for FVD; of each clip some frames are taken, evenly spread,
so that long clips cost no more memory than short ones. Every frame keeps the name of its video:
videos, not frames, are what chance draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from leo_bench.evaluation.clips import ClipRef, Window
from leo_bench.evaluation.embedders import FrameEmbedder
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Features, Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe, embed_frames
from leo_bench.evaluation.videos.source import VideoSource


@dataclass(frozen=True)
class FrameExtractor:
    """An embedder in the place of a clip extractor, as settings and records see it.

    Args:
        embedder: the frozen network.
        of_clip: frames taken of a clip, at most.
    """

    embedder: FrameEmbedder
    of_clip: int

    @property
    def name(self) -> str:
        """The embedder's."""
        return self.embedder.name

    @property
    def dim(self) -> int:
        """The embedder's."""
        return self.embedder.dim

    @property
    def weights(self) -> str:
        """The embedder's."""
        return self.embedder.weights

    @property
    def weights_verified(self) -> bool:
        """The embedder's."""
        return self.embedder.weights_verified

    @property
    def precision(self) -> str:
        """Embedders run in float32."""
        return "fp32"

    @property
    def device(self) -> str:
        """The embedder's."""
        return self.embedder.device

    def frames_of(self, start: int, window: Window) -> list[int]:
        """The video frames taken of the clip at `start`: from its first to its last, ascending."""
        indices = window.indices(start)
        count = min(self.of_clip, window.frames)
        last = window.frames - 1
        return [indices[i * last // max(1, count - 1)] for i in range(count)]


def extract_frames(
    source: VideoSource,
    refs: Sequence[ClipRef],
    window: Window,
    extractor: FrameExtractor,
    resize: str,
    resolution: int | None,
    resources: Resources,
) -> Features:
    """Embeddings of the frames of the clips at `refs`: the same number of rows for each clip.

    Raises:
        BadVideoError: a video does not hold what its header promised.
        InputError: a frame that shows nothing to embed; embeddings that are not finite.
    """
    wanted = [(ref.video, extractor.frames_of(ref.start, window)) for ref in refs]
    each = min(extractor.of_clip, window.frames)
    values = torch.empty(len(refs) * each, extractor.dim)
    recipe = FrameRecipe(extractor.embedder, resize, resolution)
    for i, embedded in enumerate(embed_frames(source, wanted, recipe, resources)):
        if not bool(embedded.found.all()):
            missing = int((~embedded.found).sum())
            raise InputError(
                f"{source.names[refs[i].video]}: {extractor.name} finds nothing in {missing} of "
                f"{each} frames; a distance of frames needs an embedder that answers to every frame"
            )
        values[i * each : (i + 1) * each] = embedded.values
    videos = tuple(source.names[ref.video] for ref in refs for _ in range(each))
    return Features(values, videos, len(refs))
