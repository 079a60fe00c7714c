"""The record of a score of frames, ACD or drift: what all of them write down alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from leo_bench.benchmarks.scores.frame_plan import FramePlan, PlannedSide, caveats
from leo_bench.benchmarks.scores.stamp import device_name, side_record, weights_notes
from leo_bench.evaluation.embedders import FrameEmbedder
from leo_bench.evaluation.identity.embedded_videos import SourceScore
from leo_bench.evaluation.records.circumstances import circumstances
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.records.score import Against, ScoreRecord
from leo_bench.evaluation.uncertainty.intervals import ends
from leo_bench.evaluation.videos.frames import out_of_order


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


def scored_side(side: PlannedSide, measured: SourceScore[Any]) -> SideRecord:
    """The videos that were embedded."""
    seen = measured.seen
    return side_record(side.spec, side.split, measured.source, seen, len(seen), side.window.stride)


ScoreT = TypeVar("ScoreT", bound=SourceScore[Any])


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
    measured: SourceScore[Any],
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
