"""Features of many clips, one block in memory at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from torch import Tensor

from leo_bench.evaluation.clips import ClipRef, Window
from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.features.of_clips import FeatureRecipe, Progress, Resources, extract
from leo_bench.evaluation.videos.source import Skipped, VideoSource, skipped_as_broken

# Clips whose features are in memory at once; a multiple of any batch.
CLIPS_AT_ONCE = 1024


class ClipBlocks:
    """Clips of one source through one recipe; each iteration extracts or reads them again.

    Args:
        source: the videos.
        refs: which clips; those of one video best stand together.
        window: frames and stride of a clip.
        recipe: from pixels to features.
        on_error: "skip" leaves a broken video out and lists it in `broken`.
        resources: cache, threads, progress.
    """

    def __init__(
        self,
        source: VideoSource,
        refs: Sequence[ClipRef],
        window: Window,
        recipe: FeatureRecipe,
        *,
        on_error: Literal["fail", "skip"],
        resources: Resources,
    ) -> None:
        self.broken: dict[str, Skipped] = {}
        self._source, self._refs, self._window = source, refs, window
        self._recipe, self._on_error, self._resources = recipe, on_error, resources

    def __iter__(self) -> Iterator[tuple[Tensor, list[ClipRef]]]:
        """Features float32 [B,D] and the clips they are of, B of them.

        Raises:
            BadVideoError: a video does not hold what its header promised, and is not skipped.
            InputError: features that are not finite; a cache that cannot be written.
        """
        for start in range(0, len(self._refs), CLIPS_AT_ONCE):
            refs = self._sound(self._refs[start : start + CLIPS_AT_ONCE])
            while refs:
                told = self._resources.progress
                after = None if told is None else partial(_tell, told, start, len(self._refs))
                how = replace(self._resources, progress=after)
                try:
                    found = extract(self._source, refs, self._window, self._recipe, how)
                except BadVideoError as error:
                    if self._on_error == "fail":
                        raise
                    self.broken[error.video] = skipped_as_broken(self._source, error)
                    refs = self._sound(refs)
                else:
                    yield found.values, refs
                    break

    def _sound(self, refs: Sequence[ClipRef]) -> list[ClipRef]:
        return [ref for ref in refs if self._source.names[ref.video] not in self.broken]


def _tell(progress: Progress, before: int, total: int, done: int, of_block: int) -> None:
    """Progress of one block as progress of the whole."""
    progress(before + done, total)
