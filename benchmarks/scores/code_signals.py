"""Motion codes of videos by a LEO's animator; LEO samples keep the codes they were drawn as."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.benchmarks.scores.motion_signals import RESIZE, embedded, frame_job
from leo_bench.evaluation.embedders import Embedded
from leo_bench.evaluation.features.jobs import FrameJob
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.evaluation.videos.source import Selection, VideoSource
from leo_bench.leo.models.animator import ImageAnimator
from leo_bench.leo.sampling.model import LeoModel, model_file
from leo_bench.leo.sampling.source import LeoSource

AT_ONCE = 16  # frames in a batch of the encoder; another number would change last bits


@dataclass(frozen=True)
class CodeEmbedder:
    """A LEO's encoder as a `FrameEmbedder`.

    Args:
        animator: the encoder.
        name: of the model.
        weights: hex SHA-256 of the file of the model's animator.
        device: where it runs.
    """

    animator: ImageAnimator
    name: str
    weights: str
    device: str
    weights_verified: bool = True

    @property
    def dim(self) -> int:
        """Length of a code."""
        return self.animator.directions

    def __call__(self, frames: Tensor) -> Embedded:
        """uint8 [T,3,R,R] at the model's size -> codes [T,20]."""
        parts = []
        for part in torch.split(frames, AT_ONCE):
            filled = part[[min(row, len(part) - 1) for row in range(AT_ONCE)]]
            parts.append(self.animator.codes(filled)[: len(part)])
        return Embedded(torch.cat(parts), torch.ones(len(frames), dtype=torch.bool))


@dataclass(frozen=True)
class CodeSignals:
    """Motion codes.

    Args:
        embedder: the encoder.
    """

    embedder: CodeEmbedder

    @staticmethod
    def by(model: LeoModel) -> "CodeSignals":
        """Motion codes by the animator of a run or of a shipped model.

        Raises:
            InputError: its animator is not trained.
        """
        name, animator = f"leo-codes:{model.root.name}", model.animator
        return CodeSignals(CodeEmbedder(animator, name, _animator_digest(model), model.device))

    def job(self, source: VideoSource, videos: Sequence[int], frames: int) -> FrameJob:
        """What `of` embeds: of samples of this animator, nothing."""
        recipe = FrameRecipe(self.embedder, RESIZE, self.embedder.animator.size)
        own = _own_codes(source, self.embedder.weights) is not None
        return frame_job(source, () if own else videos, frames, recipe)

    def of(
        self, source: VideoSource, videos: Sequence[int], frames: int, resources: Resources
    ) -> Iterator[Tensor]:
        """See `Signals`; samples of a LEO with this animator are not rendered."""
        drawn = _own_codes(source, self.embedder.weights)
        if drawn is None:
            yield from embedded(self.job(source, videos, frames), resources)
            return
        samples, chosen = drawn
        for done, video in enumerate(videos, 1):
            yield samples.codes(chosen[video])[:frames]
            if resources.progress is not None:
                resources.progress(done, len(videos))


def _own_codes(source: VideoSource, weights: str) -> tuple[LeoSource, Sequence[int]] | None:
    """The LEO samples behind `source` and their indices, if this animator renders them.

    None for samples that continue from generated frames: their codes refer to several pictures.
    """
    chosen: Sequence[int] = range(len(source.names))
    while isinstance(source, Selection):
        chosen = [source.indices[i] for i in chosen]
        source = source.base
    if not isinstance(source, LeoSource) or source.drawing.from_own_frames:
        return None
    if _animator_digest(source.drawing.model) != weights:
        return None
    return source, chosen


def _animator_digest(model: LeoModel) -> str:
    """The digest of the animator's file."""
    return file_sha256(model_file(model.root, "animator"))
