"""Embeddings of every video of a source, one video at a time, and the scores made of them.

Letters: T frames, D embedding size.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Generic, Literal, Self, TypeVar

from leo_bench.evaluation.clips import ClipChoice, Window, choose_clips
from leo_bench.evaluation.embedders import Embedded
from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe, embed_frames
from leo_bench.evaluation.uncertainty.intervals import Interval
from leo_bench.evaluation.uncertainty.mean_intervals import difference_interval, mean_interval
from leo_bench.evaluation.videos.source import (
    Skipped,
    VideoSource,
    check_unchanged,
    skipped_as_broken,
    without,
)

ValueT = TypeVar("ValueT", covariant=True)


@dataclass(frozen=True)
class EmbeddingSettings:
    """How the frames of a source are embedded.

    Args:
        recipe: from stored frames to embeddings.
        choice: where a video's frames begin, and how many videos are taken.
        subject: what the embedder looks for, for messages: "face", "body".
        seed: of random starts.
        on_error: "skip" leaves broken videos out and lists them; "fail" stops at the first.
        resources: cache, threads, progress.
    """

    recipe: FrameRecipe
    choice: ClipChoice
    subject: str
    seed: int
    on_error: Literal["fail", "skip"]
    resources: Resources


class EmbeddedVideos:
    """Iterates once over the videos of a source; the counts are those of the iteration so far.

    Args:
        source: the videos.
        window: frames and stride of each.
        settings: how frames are embedded.

    Raises:
        InputError: all videos are too short.
    """

    def __init__(self, source: VideoSource, window: Window, settings: EmbeddingSettings) -> None:
        self.window = window
        self._source, self._settings = source, settings
        choice, counts = settings.choice, source.frame_counts
        self._refs = choose_clips(source.names, counts, window, choice, settings.seed)
        self._broken: list[Skipped] = []
        self._seen: set[str] = set()
        self._found = 0
        needed = choice.frames_needed(window)
        # Name -> why the video gives no value; the caller adds to it while it iterates.
        self.lacking = {
            name: f"{count} frames; {needed} are needed"
            for name, count in zip(source.names, counts, strict=True)
            if count < needed
        }

    def __iter__(self) -> Iterator[tuple[str, Embedded]]:
        """Name and embeddings, [T,D], of every video that is long enough.

        Raises:
            BadVideoError: a broken video where those are not skipped.
            InputError: as `embed_frames`; at the end, a video that has changed since it was read.
        """
        settings, source, done, wanted = self._settings, self._source, 0, self.wanted
        quiet = Resources(settings.resources.store, settings.resources.workers)
        while done < len(wanted):
            try:
                for embedded in embed_frames(source, wanted[done:], settings.recipe, quiet):
                    name = source.names[wanted[done][0]]
                    self._seen.add(name)
                    self._found += int(embedded.found.sum())
                    self._done(done := done + 1)
                    yield name, embedded
            except BadVideoError as error:
                if settings.on_error == "fail":
                    raise error.placed(source.name) from None
                self._broken.append(skipped_as_broken(source, error))
                self._done(done := done + 1)
        check_unchanged(source, [v for v, _ in self._refs if source.names[v] in self._seen])

    @property
    def wanted(self) -> list[tuple[int, Sequence[int]]]:
        """Index in the source and frames of every video that is long enough."""
        return [(video, self.window.indices(start)) for video, start in self._refs]

    def _done(self, count: int) -> None:
        if self._settings.resources.progress is not None:
            self._settings.resources.progress(count, len(self._refs))

    @property
    def source(self) -> VideoSource:
        """As given, less the videos that were skipped as broken."""
        left = self._source
        for skipped in self._broken:
            left = without(left, skipped)
        return left

    @property
    def seen(self) -> tuple[int, ...]:
        """Indices in `source` of the videos whose frames were embedded."""
        return tuple(i for i, name in enumerate(self.source.names) if name in self._seen)

    @property
    def without_value(self) -> tuple[tuple[str, str], ...]:
        """(name, reason) of each video in `lacking`."""
        return tuple(sorted(self.lacking.items()))

    @property
    def frames_seen(self) -> int:
        """Number of frames that were embedded."""
        return len(self._seen) * self.window.frames

    @property
    def frames_without(self) -> int:
        """Number of embedded frames in which the subject was not found."""
        return self.frames_seen - self._found

    @property
    def example(self) -> str:
        """One reason why a video gives no value, for a message: "NAME: REASON"."""
        name, reason = next(iter(self.lacking.items()), (self._source.name, "every one is broken"))
        return f"{name}: {reason}"


@dataclass(frozen=True)
class SourceScore(ABC, Generic[ValueT]):
    """Base of the scores that are a mean over the videos of a source: ACD, drift.

    Args:
        source: as given, less the videos that were skipped as broken.
        window: frames and stride of each video.
        seen: indices in `source` of the videos whose frames were embedded.
        videos: results by name, of the videos that gave one.
        without_value: (name, reason) of every other video of `source`.
        frames_seen: number of frames that were embedded.
        frames_without: number of those in which the subject was not found.
    """

    source: VideoSource
    window: Window
    seen: tuple[int, ...]
    videos: Mapping[str, ValueT]
    without_value: tuple[tuple[str, str], ...]
    frames_seen: int
    frames_without: int

    @classmethod
    def of(cls, walk: EmbeddedVideos, videos: Mapping[str, ValueT]) -> Self:
        """The score of the videos that were iterated over."""
        return cls(
            source=walk.source,
            window=walk.window,
            seen=walk.seen,
            videos=videos,
            without_value=walk.without_value,
            frames_seen=walk.frames_seen,
            frames_without=walk.frames_without,
        )

    @property
    @abstractmethod
    def by_video(self) -> dict[str, float]:
        """The score of each video, by name."""

    @property
    def value(self) -> float:
        """Mean over videos."""
        return fmean(self.by_video.values())

    @property
    def interval(self) -> Interval | None:
        """Interval of `value` over videos; None with too few."""
        return mean_interval(self.by_video)

    def is_paired_with(self, other: Self, /) -> bool:
        """Whether both sources have videos of the same names, which are then taken as pairs."""
        return set(self.source.names) == set(other.source.names)

    def difference(self, other: Self, /) -> Interval | None:
        """Interval of this value less the other's; None with too few videos on a side."""
        paired = self.is_paired_with(other)
        return difference_interval(self.by_video, other.by_video, paired=paired)
