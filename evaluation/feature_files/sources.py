"""Files of features and of statistics as sources: what a side is where its videos are not shared.

They have the videos' names, counts and sizes, so that clips are chosen as from the videos, and the
features of the clips. They have no frames.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from leo_bench.evaluation.clips import ClipRef
from leo_bench.evaluation.distances.gaussian import RealStatistics
from leo_bench.evaluation.distances.influence import Form
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.feature_files.files import Features as StoredFeatures
from leo_bench.evaluation.feature_files.files import Statistics, read_feature_file
from leo_bench.evaluation.feature_files.origin import Origin
from leo_bench.evaluation.features.of_clips import Features
from leo_bench.evaluation.records.parts import STATISTICS, SideRecord
from leo_bench.evaluation.videos.source import Medium, Skipped


@dataclass(frozen=True)
class FeaturesSource:
    """Videos of which the features of all clips are known, and nothing else."""

    path: Path
    sha256: str
    stored: StoredFeatures

    @property
    def origin(self) -> Origin:
        """How the features were made."""
        return self.stored.origin

    @property
    def name(self) -> str:
        """See `VideoSource.name`: that of the videos."""
        return self.origin.videos.name

    @property
    def names(self) -> Sequence[str]:
        """See `VideoSource.names`."""
        return self.stored.source_videos

    @property
    def frame_counts(self) -> Sequence[int]:
        """See `VideoSource.frame_counts`."""
        return self.stored.source_frames

    @property
    def medium(self) -> Medium:
        """See `VideoSource.medium`: that of the videos."""
        return _medium(self.origin)

    @property
    def skipped(self) -> Sequence[Skipped]:
        """See `VideoSource.skipped`."""
        return [Skipped(*pair) for pair in self.origin.videos.skipped]

    @property
    def notes(self) -> Sequence[str]:
        """Where the features come from, then the notes on the videos."""
        chosen = set(self.origin.videos.chosen)
        own = [note for note in self.origin.videos.notes if note not in chosen]
        return (_made(self.origin, self.path, self.sha256), *own)

    def sizes(self) -> Sequence[tuple[int, int]]:
        """See `VideoSource.sizes`."""
        return self.stored.source_sizes

    def digest(self, index: int) -> str:
        """See `VideoSource.digest`; "" of a video that gave no clip."""
        return self.stored.source_digests[index]

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """There are no frames.

        Raises:
            InputError: always.
        """
        raise InputError(
            f"{self.path}: holds features and no frames: fvd, kvd, fid, precision and leverage can "
            "use it as a side"
        )

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """There are no frames.

        Raises:
            InputError: always.
        """
        yield from self.read(index, frames)

    def check_unchanged(self, index: int) -> None:
        """Nothing can have changed: the whole file was read when it was opened."""

    def first(self, count: int) -> "FeaturesSource":
        """The source with its first `count` videos alone."""
        stored = self.stored
        cut = replace(
            stored,
            source_videos=stored.source_videos[:count],
            source_frames=stored.source_frames[:count],
            source_sizes=stored.source_sizes[:count],
            source_digests=stored.source_digests[:count],
        )
        return replace(self, stored=cut)

    def called(self, name: str) -> "FeaturesSource":
        """The source under another name."""
        videos = self.origin.videos.model_copy(update={"name": name})
        origin = self.origin.model_copy(update={"videos": videos})
        return replace(self, stored=replace(self.stored, origin=origin))

    def features(self, refs: Sequence[ClipRef]) -> Features:
        """Features of chosen clips, in the order of the choice.

        Raises:
            InputError: the file lacks a clip.
        """
        each = self.origin.rows_a_clip
        rows: list[int] = []
        for ref in refs:
            first = self._rows.get((self.names[ref.video], ref.start))
            if first is None:
                raise InputError(
                    f"{self.path}: lacks the clip at frame {ref.start} of {self.names[ref.video]}: "
                    f"its clips were drawn with seed {self.origin.seed}, each video's once; "
                    "measure with that seed, or write the file again"
                )
            rows += range(first, first + each)
        values = torch.from_numpy(self.stored.features[rows])
        return Features(values, tuple(self.stored.videos[row] for row in rows), 0)

    def completed(self, side: SideRecord) -> SideRecord:
        """The record of the side, with what only the videos' files tell."""
        of_videos = self.origin.videos
        found = {"rates": of_videos.rates, "repeated": of_videos.repeated}
        return side.model_copy(update=found)

    @cached_property
    def _rows(self) -> dict[tuple[str, int], int]:
        """(video, first frame) -> the first row of the clip."""
        found: dict[tuple[str, int], int] = {}
        for row in range(0, len(self.stored.videos), self.origin.rows_a_clip):
            found.setdefault((self.stored.videos[row], self.stored.starts[row]), row)
        return found


@dataclass(frozen=True)
class StatisticsSource:
    """A real side of which mean and covariance are known, and no video.

    It is a `VideoSource` so that it can stand where one is expected; all that asks for its videos
    is refused.
    """

    path: Path
    sha256: str
    origin: Origin
    statistics: Sequence[RealStatistics]

    @property
    def name(self) -> str:
        """See `VideoSource.name`: that of the videos."""
        return self.origin.videos.name

    @property
    def clips(self) -> int:
        """Number of clips in each repeat."""
        return self.origin.videos.clips

    @property
    def names(self) -> Sequence[str]:
        """There are no videos.

        Raises:
            InputError: always.
        """
        raise self._refused("this needs videos or features")

    @property
    def frame_counts(self) -> Sequence[int]:
        """There are no videos.

        Raises:
            InputError: always.
        """
        raise self._refused("this needs videos or features")

    @property
    def medium(self) -> Medium:
        """See `VideoSource.medium`: that of the videos."""
        return _medium(self.origin)

    @property
    def skipped(self) -> Sequence[Skipped]:
        """None is named."""
        return ()

    @property
    def notes(self) -> Sequence[str]:
        """Where the statistics come from, then the notes on the videos that name none."""
        return (_made(self.origin, self.path, self.sha256), *self.origin.videos.notes)

    def sizes(self) -> Sequence[tuple[int, int]]:
        """Sizes of the videos, each once."""
        return self.origin.videos.sizes

    def digest(self, index: int) -> str:
        """There are no videos.

        Raises:
            InputError: always.
        """
        raise self._refused("this needs videos or features")

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """There are no frames.

        Raises:
            InputError: always.
        """
        raise self._refused("this needs videos")

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """There are no frames.

        Raises:
            InputError: always.
        """
        yield from self.read(index, frames)

    def check_unchanged(self, index: int) -> None:
        """Nothing can have changed: the whole file was read when it was opened."""

    def check_side(self, side: str) -> None:
        """See that this is the real side.

        Raises:
            InputError: it is "fake": an interval needs the features of the fake videos.
        """
        if side == "fake":
            raise self._refused("they can be the real side alone")

    def check_form(self, form: Form) -> None:
        """See that the statistics are enough for a distance.

        Raises:
            InputError: they are not.
        """
        if form.of_statistics is None:
            raise self._refused(f"{form.metric} needs the features of the real side")

    def recorded(self, spec: str, absolute: str | None) -> SideRecord:
        """The record of the side.

        Args:
            spec: the source, as on the command line.
            absolute: the same with an absolute path.
        """
        return self.origin.videos.model_copy(
            update={
                "source": spec,
                "absolute": absolute,
                "fingerprint": self.sha256,
                "layout": STATISTICS,
                "notes": tuple(self.notes),
            }
        )

    def _refused(self, why: str) -> InputError:
        return InputError(
            f"{self.path}: holds mean and covariance of features, no videos: {why} "
            "(`leo-bench features` without --statistics writes features)"
        )


def open_feature_file(path: Path) -> FeaturesSource | StatisticsSource:
    """Open a file for which `evaluation.feature_files.files.kind_at` is not None.

    Raises:
        InputError: as `read_feature_file`.
    """
    found, sha256 = read_feature_file(path)
    if isinstance(found, Statistics):
        return StatisticsSource(path, sha256, found.origin, found.repeats)
    return FeaturesSource(path, sha256, found)


def _medium(origin: Origin) -> Medium:
    side = origin.videos
    return Medium(side.layout, side.codecs, side.decoder, side.lossy)


def _made(origin: Origin, path: Path, sha256: str) -> str:
    side = origin.videos
    version = origin.versions.get("leo-bench", "unknown")
    return (
        f"{origin.kind} from {path.name} (SHA-256 {sha256[:16]}) of {side.clips:,} clips of "
        f"{side.videos_used:,} videos, made {origin.created} by leo-bench {version} on "
        f"{origin.device}, decoder {side.decoder}; the videos were not read"
    )
