"""The record of a score of frames, ACD or drift: what all of them write down alike."""

from collections.abc import Mapping, Sized
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self, TypeVar

from leo_bench.benchmarks.scores.frame_plan import FramePlan, PlannedSide, caveats
from leo_bench.benchmarks.scores.stamp import device_name, side_record, weights_notes
from leo_bench.evaluation.embedders import FrameEmbedder
from leo_bench.evaluation.records.circumstances import circumstances
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.records.score import Against, ScoreRecord
from leo_bench.evaluation.uncertainty.intervals import Interval, ends
from leo_bench.evaluation.videos.frames import out_of_order
from leo_bench.evaluation.videos.source import VideoSource


class SourceScore(Protocol):
    """A source, scored video by video: `SourceACD`, `SourceDrift`."""

    @property
    def source(self) -> VideoSource:
        """Less the videos that were skipped as broken."""

    @property
    def seen(self) -> tuple[int, ...]:
        """Indices in `source` of the videos that were embedded."""

    @property
    def videos(self) -> Sized:
        """Those that gave a value."""

    @property
    def without_value(self) -> tuple[tuple[str, str], ...]:
        """(name, reason) of the others."""

    @property
    def frames_seen(self) -> int:
        """Frames that were embedded."""

    @property
    def frames_without(self) -> int:
        """Those in which nothing was found."""

    @property
    def value(self) -> float:
        """Mean over videos."""

    @property
    def interval(self) -> Interval | None:
        """Of `value`."""

    def is_paired_with(self, other: Self, /) -> bool:
        """Whether videos of one name are taken as pairs."""

    def difference(self, other: Self, /) -> Interval | None:
        """Interval of this value less the other's."""


@dataclass(frozen=True)
class ScoreDetails:
    """What a score says besides its value.

    Args:
        side, notes, diagnostics, curves, against: as in `ScoreRecord`.
    """

    side: Literal["real", "fake"]
    notes: tuple[str, ...]
    diagnostics: Mapping[str, float]
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    against: Against | None = None


def scored_side(side: PlannedSide, measured: SourceScore) -> SideRecord:
    """The videos that were embedded."""
    seen = measured.seen
    return side_record(side.spec, side.split, measured.source, seen, len(seen), side.window.stride)


ScoreT = TypeVar("ScoreT", bound=SourceScore)


def against(mine: ScoreT, real: ScoreT, of_real: ScoreRecord) -> Against:
    """A score held against that of the real videos, and their record."""
    interval = mine.difference(real)
    return Against(
        source=of_real.source,
        value=of_real.value,
        videos_used=of_real.videos_used,
        difference=mine.value - real.value,
        interval=ends(interval),
        interval_level=None if interval is None else interval.level,
        standard_error=None if interval is None else interval.standard_error,
        paired=mine.is_paired_with(real),
    )


def frame_record(
    chosen: FramePlan,
    measured: SourceScore,
    source: SideRecord,
    embedder: FrameEmbedder,
    told: ScoreDetails,
    seconds: float,
) -> ScoreRecord:
    """Everything about a source that was scored as planned.

    Args:
        chosen: the plan.
        measured: the score.
        source: the videos, as `scored_side` gives them.
        embedder: what frames went through.
        told: what else the score says.
        seconds: that it took.
    """
    request, protocol, interval = chosen.request, chosen.protocol, measured.interval
    why_not = (*caveats(chosen, embedder), *out_of_order(measured.source))
    return ScoreRecord(
        metric=request.metric,
        value=measured.value,
        interval=ends(interval),
        interval_level=None if interval is None else interval.level,
        interval_method=None if interval is None else interval.method,
        standard_error=None if interval is None else interval.standard_error,
        diagnostics=dict(told.diagnostics),
        curves=dict(told.curves),
        against=told.against,
        side=told.side,
        source=source,
        videos_used=len(measured.videos),
        without_value=measured.without_value,
        frames_seen=measured.frames_seen,
        frames_without=measured.frames_without,
        protocol=protocol.id,
        protocol_version=protocol.version,
        protocol_digest=protocol.digest,
        protocol_settings=protocol.model_dump(mode="json"),
        frames=request.frames,
        resolution=chosen.resolution,
        seed=request.seed,
        embedder=embedder.name,
        weights_sha256=embedder.weights,
        weights_verified=embedder.weights_verified,
        device=device_name(embedder.device),
        dataset=chosen.benchmark,
        comparable=not why_not,
        caveats=why_not,
        notes=(*told.notes, *weights_notes(embedder)),
        seconds=seconds,
        **circumstances(),
        request=request.model_dump(mode="json"),
    )
