"""Every video of a source through an embedder, one at a time: what ACD and drift walk over.

Legend: T frames, D embedding size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from leo_bench.evaluation.clips import ClipChoice, Window, choose_clips
from leo_bench.evaluation.embedders import Embedded
from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe, embed_frames
from leo_bench.evaluation.videos.source import (
    Skipped,
    VideoSource,
    check_unchanged,
    skipped_as_broken,
    without,
)


@dataclass(frozen=True)
class EmbeddingSettings:
    """What fixes a score of embeddings besides the videos and the window.

    Args:
        recipe: from stored frames to embeddings.
        choice: where a video's frames begin, and how many videos are taken.
        subject: what the embedder looks for, for messages: "face", "body".
        seed: for random starts.
        on_error: "skip" leaves broken videos out and lists them.
        resources: cache, threads, progress.
    """

    recipe: FrameRecipe
    choice: ClipChoice
    subject: str
    seed: int
    on_error: Literal["fail", "skip"]
    resources: Resources


class EmbeddedVideos:
    """Walks over the videos once, and counts; the counts are those of the walk so far.

    Args:
        source: the videos.
        window: frames and stride of each.
        settings: as above.

    Raises:
        InputError: all videos are too short.
    """

    def __init__(self, source: VideoSource, window: Window, settings: EmbeddingSettings) -> None:
        self._source, self._window, self._settings = source, window, settings
        choice, counts = settings.choice, source.frame_counts
        self._refs = choose_clips(source.names, counts, window, choice, settings.seed)
        self._broken: list[Skipped] = []
        self._seen: set[str] = set()
        self._found = 0
        needed = choice.frames_needed(window)
        # (Why a video gives no value) by its name; whoever walks adds to it.
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
        settings, source, done = self._settings, self._source, 0
        wanted = [(video, self._window.indices(start)) for video, start in self._refs]
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
        """Frames that were embedded."""
        return len(self._seen) * self._window.frames

    @property
    def frames_without(self) -> int:
        """Those of them in which nothing was found."""
        return self.frames_seen - self._found

    @property
    def example(self) -> str:
        """Of why videos give no value, for a message: "NAME: REASON"."""
        name, reason = next(iter(self.lacking.items()), (self._source.name, "every one is broken"))
        return f"{name}: {reason}"
