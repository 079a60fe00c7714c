"""Videos whose pixels are gone: names, sizes and digests of what was measured, for its record."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.source import Medium, Skipped, VideoSource


@dataclass(frozen=True)
class RememberedVideos:
    """See `VideoSource`; nothing can be read, and the object can be pickled.

    Args:
        digests: of the videos at these indices; the others were not used.
    """

    name: str
    names: Sequence[str]
    frame_counts: Sequence[int]
    heights_and_widths: Sequence[tuple[int, int]]
    digests: Mapping[int, str]
    medium: Medium
    skipped: Sequence[Skipped] = ()
    notes: Sequence[str] = ()

    @classmethod
    def of(cls, source: VideoSource, used: Sequence[int]) -> "RememberedVideos":
        """What is known of a source, of which the videos at `used` were measured."""
        return cls(
            name=source.name,
            names=tuple(source.names),
            frame_counts=tuple(source.frame_counts),
            heights_and_widths=tuple(source.sizes()),
            digests={index: source.digest(index) for index in used},
            medium=source.medium,
            skipped=tuple(source.skipped),
            notes=tuple(source.notes),
        )

    def sizes(self) -> Sequence[tuple[int, int]]:
        """See `VideoSource.sizes`."""
        return self.heights_and_widths

    def digest(self, index: int) -> str:
        """See `VideoSource.digest`."""
        return self.digests[index]

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """Refuse to read.

        Raises:
            InputError: always.
        """
        raise InputError(f"{self.name}: {self.names[index]}: its {len(frames)} frames are gone")

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """As `read`."""
        yield self.read(index, frames)

    def check_unchanged(self, index: int) -> None:
        """Nothing can change."""
