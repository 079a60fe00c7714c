"""Identity drift of a set of videos, one video at a time (the maths: `identity.drift`).

Letters: N videos, K times, D embedding size.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.identity.drift import first_break, from_first
from leo_bench.evaluation.identity.embedded_videos import (
    EmbeddedVideos,
    EmbeddingSettings,
    SourceScore,
)
from leo_bench.evaluation.videos.source import VideoSource


@dataclass(frozen=True)
class VideoDrift:
    """Drift of one video.

    Args:
        distances: float64 [K], of each frame to the first; NaN where nobody was found.
        first: float32 [D], embedding of the first frame.
    """

    distances: Tensor
    first: Tensor


class SourceDrift(SourceScore[VideoDrift]):
    """Drift of a set of videos; `window.stride` is the step between the times."""

    @property
    def times(self) -> list[int]:
        """Numbers of the K frames, counted from the first one of the window."""
        return list(range(0, self.window.frames * self.window.stride, self.window.stride))

    @property
    def distances(self) -> Tensor:
        """float64 [N,K]."""
        return torch.stack([video.distances for video in self.videos.values()])

    @property
    def first_embeddings(self) -> Tensor:
        """float32 [N,D]."""
        return torch.stack([video.first for video in self.videos.values()])

    @property
    def by_video(self) -> dict[str, float]:
        """Mean distance of each video over the times behind its first frame, by name."""
        return {name: float(video.distances[1:].nanmean()) for name, video in self.videos.items()}

    def breaks(self, threshold: float, run: int) -> dict[str, int | None]:
        """Place in `times` where each video breaks; None where it does not.

        Args:
            threshold: of `evaluation.identity.drift.limits`.
            run: times in a row.
        """
        return {
            name: first_break(video.distances, threshold, run)
            for name, video in self.videos.items()
        }


def source_drift(source: VideoSource, window: Window, settings: EmbeddingSettings) -> SourceDrift:
    """Drift of every video of a source; one video's embeddings are in memory at a time.

    Raises:
        InputError: fewer than 2 times; all videos too short; no video that shows somebody in its
            first frame and in a later one.
        BadVideoError: a broken video, under `on_error="fail"`.
    """
    if window.frames < 2:
        raise InputError(
            "drift needs the first frame and a later one: --frames must be above --every"
        )
    walk = EmbeddedVideos(source, window, settings)
    videos: dict[str, VideoDrift] = {}
    for name, embedded in walk:
        distances = on_one_thread(partial(from_first, embedded))
        if distances is None:
            walk.lacking[name] = f"no {settings.subject} in its first frame"
        elif not bool(embedded.found[1:].any()):
            walk.lacking[name] = f"no {settings.subject} behind its first frame"
        else:
            # A copy, since a view would keep all embeddings of the video in memory.
            videos[name] = VideoDrift(distances, embedded.values[0].clone())
    if not videos:
        raise InputError(
            f"{source.name}: no video has a distance to its first frame ({walk.example}); give "
            "longer videos, fewer --frames, or another --protocol"
        )
    return SourceDrift.of(walk, videos)
