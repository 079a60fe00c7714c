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
from leo_bench.evaluation.features.jobs import FrameJob
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe, embed_frames
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.repetition.motion_signals import Luminance, principal_axes
from leo_bench.evaluation.videos.source import VideoSource

SignalKind = Literal["codes", "pixels"]

RESIZE = "center-crop-lanczos"


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
        job = PixelSignals.job(source, videos, frames)
        pictures = list(embedded(job, resources))
        return PixelSignals(on_one_thread(lambda: principal_axes(pictures)), Luminance())

    @staticmethod
    def job(source: VideoSource, videos: Sequence[int], frames: int) -> FrameJob:
        """What is embedded of these videos, whatever the axes."""
        return frame_job(source, videos, frames, FrameRecipe(Luminance(), RESIZE, None))

    def of(
        self, source: VideoSource, videos: Sequence[int], frames: int, resources: Resources
    ) -> Iterator[Tensor]:
        """See `Signals`."""
        for pictures in embedded(self.job(source, videos, frames), resources):
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


def frame_job(
    source: VideoSource, videos: Sequence[int], frames: int, recipe: FrameRecipe
) -> FrameJob:
    """The first frames of each of these videos, to be embedded."""
    return FrameJob(source, [(video, range(frames)) for video in videos], recipe)


def embedded(job: FrameJob, resources: Resources) -> Iterator[Tensor]:
    """The embeddings [T,D] of each video."""
    for found in embed_frames(job.source, job.wanted, job.recipe, resources):
        yield found.values
