"""Identity drift of a set of videos, one video at a time (the maths is in `evaluation.drift`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor

from evaluation.acd import ACDSettings
from evaluation.clips import Window, choose_clips
from evaluation.drift import first_break, from_first
from evaluation.errors import BadVideoError, InputError
from evaluation.features import Machinery
from evaluation.frame_features import embed_frames
from evaluation.intervals import Interval
from evaluation.mean_intervals import difference_interval, mean_interval
from evaluation.videos.source import Skipped, VideoSource, without

Settings = ACDSettings  # drift is fixed by the same things


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
            threshold: of `evaluation.drift.limits`.
            run: times in a row.
        """
        return {name: first_break(found, threshold, run) for name, found in self.videos.items()}


def source_drift(source: VideoSource, window: Window, settings: Settings) -> SourceDrift:
    """Drift of every video of a source. Holds one video's embeddings at a time.

    Raises:
        InputError: fewer than 2 times; all videos too short; a broken video where those are not
            skipped; no video that shows anybody first and later.
    """
    if window.frames < 2:
        raise InputError(
            "drift needs the first frame and a later one: --frames must be above --every"
        )
    refs = choose_clips(source.names, source.frame_counts, window, settings.choice, settings.seed)
    videos: dict[str, Tensor] = {}
    firsts: dict[str, Tensor] = {}
    needed = settings.choice.frames_needed(window)
    lacking = {
        name: f"{count} frames; {needed} are needed"
        for name, count in zip(source.names, source.frame_counts, strict=True)
        if count < needed
    }
    broken: list[Skipped] = []
    looked_at: set[str] = set()
    found = 0
    quiet = Machinery(settings.machinery.store, settings.machinery.workers)
    for done, (video, start) in enumerate(refs, 1):
        name = source.names[video]
        try:
            wanted = [(video, window.indices(start))]
            (embedded,) = embed_frames(source, wanted, settings.recipe, quiet)
        except BadVideoError as error:
            if settings.on_error == "fail":
                raise
            broken.append(Skipped(error.video, error.reason))
            continue
        looked_at.add(name)
        found += int(embedded.found.sum())
        distances = from_first(embedded)
        if distances is None:
            lacking[name] = f"no {settings.subject} in its first frame"
        elif not bool(embedded.found[1:].any()):
            lacking[name] = f"no {settings.subject} behind its first frame"
        else:
            videos[name], firsts[name] = distances, embedded.values[0]
        if settings.machinery.progress is not None:
            settings.machinery.progress(done, len(refs))
    for skipped in broken:
        source = without(source, skipped)
    if not videos:
        reason = next(iter(lacking.items()), ("", "every video is broken"))
        raise InputError(
            f"{source.name}: no video has a distance to its first frame ({': '.join(reason)}); "
            "give longer videos, fewer --frames, or another --protocol"
        )
    return SourceDrift(
        source=source,
        window=window,
        seen=tuple(i for i, name in enumerate(source.names) if name in looked_at),
        videos=videos,
        firsts=firsts,
        without_value=tuple(sorted(lacking.items())),
        frames_seen=len(looked_at) * window.frames,
        frames_without=len(looked_at) * window.frames - found,
    )
