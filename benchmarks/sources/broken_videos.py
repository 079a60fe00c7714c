"""A broken video named so that a person finds it: with the source that it lies in."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.videos.source import WrappedVideos


@dataclass(frozen=True)
class NamedVideos(WrappedVideos):
    """Videos of a source; one that turns out to be broken is named with the source.

    Args:
        advice: what to do about a broken one.
    """

    advice: str = "mend it"

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """The base's."""
        with broken_videos_named(self.name, self.advice):
            return super().read(index, frames)

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """The base's."""
        with broken_videos_named(self.name, self.advice):
            yield from super().each_frame(index, frames)


@contextlib.contextmanager
def broken_videos_named(source: str, advice: str) -> Iterator[None]:
    """A video's own name says too little where no option of the command line holds it."""
    try:
        yield
    except BadVideoError as error:
        is_itself = Path(source).name == error.video  # the source is this one file
        video = source if is_itself else f"{source}: {error.video}"
        raise BadVideoError(video, f"{error.reason}; {advice}") from None
