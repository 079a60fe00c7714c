"""Motion signals, one vector for each frame, in which repeated motion is searched.

pixels    small grey pictures, projected on the main directions of motion of the calibration
codes     motion codes by a LEO's animator (`benchmarks.scores.code_signals`)

Both are computed one video at a time, and cached as embeddings of frames are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

import torch
from torch import Tensor

from leo_bench.evaluation.embedders import FrameEmbedder
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe, embed_frames
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.repetition.motion_signals import Luminance, principal_axes
from leo_bench.evaluation.videos.source import VideoSource

SignalKind = Literal["codes", "pixels"]


class Signals(Protocol):
    """Makes the motion signals of videos."""

    @property
    def embedder(self) -> FrameEmbedder:
        """The embedder of single frames."""

    def of(
        self, source: VideoSource, videos: Sequence[int], frames: int, resources: Resources
    ) -> Iterator[Tensor]:
        """The signals [T,D] of the first `frames` frames of each of these videos, in order.

        Raises:
            BadVideoError: a video does not hold what its header promised.
            InputError: a cache that cannot be written.
        """


@dataclass(frozen=True)
class PixelSignals:
    """Grey pictures, projected on axes.

    Args:
        axes: [256,K].
        embedder: makes the pictures.
    """

    axes: Tensor
    embedder: Luminance

    @staticmethod
    def fitted(
        source: VideoSource, videos: Sequence[int], frames: int, resources: Resources
    ) -> "PixelSignals":
        """Projected on the directions in which these videos move most.

        Raises:
            InputError: nothing moves in them.
        """
        recipe = FrameRecipe(Luminance(), "center-crop-lanczos", None)
        pictures = list(embedded(source, videos, frames, recipe, resources))
        return PixelSignals(on_one_thread(lambda: principal_axes(pictures)), Luminance())

    def of(
        self, source: VideoSource, videos: Sequence[int], frames: int, resources: Resources
    ) -> Iterator[Tensor]:
        """See `Signals`."""
        recipe = FrameRecipe(self.embedder, "center-crop-lanczos", None)
        for pictures in embedded(source, videos, frames, recipe, resources):
            yield on_one_thread(partial(torch.matmul, pictures.double(), self.axes))


def first_frames(source: VideoSource, frames: int) -> list[int]:
    """The indices of all videos, each of which must have so many frames.

    Raises:
        InputError: some have fewer.
    """
    short = [
        f"{name} has {count}"
        for name, count in zip(source.names, source.frame_counts, strict=True)
        if count < frames
    ]
    if short:
        raise InputError(
            f"{source.name}: {len(short)} of {len(source.names)} videos have fewer than {frames} "
            f"frames ({short[0]}); chance depends on the length, so all are cut to one: give a "
            "smaller --frames"
        )
    return list(range(len(source.names)))


def embedded(
    source: VideoSource,
    videos: Sequence[int],
    frames: int,
    recipe: FrameRecipe,
    resources: Resources,
) -> Iterator[Tensor]:
    """The embeddings [T,D] of the first frames of each of these videos."""
    wanted = [(video, range(frames)) for video in videos]
    for found in embed_frames(source, wanted, recipe, resources):
        yield found.values
