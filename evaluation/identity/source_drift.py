"""Identity drift of a set of videos, one video at a time (the maths is in `identity.drift`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from statistics import fmean

import torch
from torch import Tensor

from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.identity.drift import first_break, from_first
from leo_bench.evaluation.identity.embedded_videos import EmbeddedVideos, EmbeddingSettings
from leo_bench.evaluation.uncertainty.intervals import Interval
from leo_bench.evaluation.uncertainty.mean_intervals import difference_interval, mean_interval
from leo_bench.evaluation.videos.source import VideoSource


@dataclass(frozen=True)
class SourceDrift:
    """Drift of a set of videos.

    Args:
        source: as given, less the videos that were skipped as broken.
        window: frames looked at and the step between them.
        seen: indices of the videos whose frames were embedded.
        videos: by name, distances to the first frame, float64 [K]; NaN where nobody was found.
        firsts: by name, embeddings of the first frames, float32 [D].
        without_value: (name, reason) of every other video of `source`.
        frames_seen: frames that were embedded; frames_without: those of them that show nobody.
    """

    source: VideoSource
    window: Window
    seen: tuple[int, ...]
    videos: Mapping[str, Tensor]
    firsts: Mapping[str, Tensor]
    without_value: tuple[tuple[str, str], ...]
    frames_seen: int
    frames_without: int

    @property
    def times(self) -> list[int]:
        """Frame numbers behind the first frame, K of them, from 0 on."""
        return list(range(0, self.window.frames * self.window.stride, self.window.stride))

    @property
    def distances(self) -> Tensor:
        """float64 [N,K]."""
        return torch.stack(list(self.videos.values()))

    @property
    def first_embeddings(self) -> Tensor:
        """float32 [N,D]."""
        return torch.stack(list(self.firsts.values()))

    @property
    def by_video(self) -> dict[str, float]:
        """Mean distance of each video over the times behind its first frame."""
        return {name: float(found[1:].nanmean()) for name, found in self.videos.items()}

    @property
    def value(self) -> float:
        """Mean over videos."""
        return fmean(self.by_video.values())

    @property
    def interval(self) -> Interval | None:
        """Interval of `value` over videos; None with too few."""
        return mean_interval(self.by_video)

    def is_paired_with(self, other: "SourceDrift") -> bool:
        """Whether the two sets have videos of the same names, so that each has its counterpart."""
        return set(self.source.names) == set(other.source.names)

    def difference(self, other: "SourceDrift") -> Interval | None:
        """Interval of this value less the other's; None with too few videos on a side."""
        paired = self.is_paired_with(other)
        return difference_interval(self.by_video, other.by_video, paired=paired)

    def breaks(self, threshold: float, run: int) -> dict[str, int | None]:
        """Place in `times` where each video breaks; None where it does not.

        Args:
            threshold: of `evaluation.identity.drift.limits`.
            run: times in a row.
        """
        return {name: first_break(found, threshold, run) for name, found in self.videos.items()}


def source_drift(source: VideoSource, window: Window, settings: EmbeddingSettings) -> SourceDrift:
    """Drift of every video of a source. Holds one video's embeddings at a time.

    Raises:
        InputError: fewer than 2 times; all videos too short; a broken video where those are not
            skipped; no video that shows anybody first and later.
    """
    if window.frames < 2:
        raise InputError(
            "drift needs the first frame and a later one: --frames must be above --every"
        )
    walk = EmbeddedVideos(source, window, settings)
    videos: dict[str, Tensor] = {}
    firsts: dict[str, Tensor] = {}
    for name, embedded in walk:
        distances = on_one_thread(partial(from_first, embedded))
        if distances is None:
            walk.lacking[name] = f"no {settings.subject} in its first frame"
        elif not bool(embedded.found[1:].any()):
            walk.lacking[name] = f"no {settings.subject} behind its first frame"
        else:
            # A copy: a view would keep all of the video's embeddings.
            videos[name], firsts[name] = distances, embedded.values[0].clone()
    if not videos:
        raise InputError(
            f"{source.name}: no video has a distance to its first frame ({walk.example}); give "
            "longer videos, fewer --frames, or another --protocol"
        )
    return SourceDrift(
        source=walk.source,
        window=window,
        seen=walk.seen,
        videos=videos,
        firsts=firsts,
        without_value=walk.without_value,
        frames_seen=walk.frames_seen,
        frames_without=walk.frames_without,
    )
