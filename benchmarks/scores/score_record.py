"""Scores of single frames, ACD and drift: embed the videos, score each side, write its record."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from leo_bench.benchmarks.scores.plan import (
    FramePlan,
    PlannedSide,
    check_weights,
    open_side,
    source_options,
)
from leo_bench.benchmarks.scores.stamp import (
    interval_fields,
    protocol_fields,
    seconds_since,
    side_record,
    stamp,
    weights_notes,
    with_news,
)
from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.embedders import FrameEmbedder, build_embedder
from leo_bench.evaluation.features.jobs import FrameJob
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe
from leo_bench.evaluation.features.shared_pass import fill_together
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.identity.embedded_videos import (
    EmbeddedVideos,
    EmbeddingSettings,
    SourceScore,
)
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.records.score import Against, ScoreRecord, keep_score
from leo_bench.evaluation.videos.frames import out_of_order
from leo_bench.evaluation.videos.source import VideoSource


class ByVideo(Protocol):
    """A score that is a mean over videos."""

    @property
    def by_video(self) -> Mapping[str, float]:
        """The value of each video, by its name."""


ByVideoT = TypeVar("ByVideoT", bound=ByVideo)
ScoreT = TypeVar("ScoreT", bound=SourceScore[Any])


@dataclass(frozen=True)
class MeasuredScore(Generic[ByVideoT]):
    """The record of one source, and the score behind it.

    Args:
        record: what is written.
        measured: the values of the videos.
        beside: other files to write beside the record, by ending.
    """

    record: ScoreRecord
    measured: ByVideoT
    beside: Mapping[str, bytes] = field(default_factory=dict)

    def keep(self, path: Path) -> None:
        """Write the record to `path`, and beside it how much each video moves the number.

        Raises:
            InputError: the folder cannot be written to, or the disk is full.
        """
        keep_score(self.record, self.measured.by_video, path, self.beside)


@dataclass(frozen=True)
class ScoreDetails:
    """Notes, diagnostics and curves of a score, as in `ScoreRecord`."""

    notes: tuple[str, ...]
    diagnostics: Mapping[str, float]
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ScoredSide(Generic[ScoreT]):
    """One side that was measured, from which its details follow.

    Args:
        source: its videos, as its record states them.
        real: the real side, measured before; None for the real side itself.
    """

    plan: FramePlan
    side: PlannedSide
    measured: ScoreT
    source: SideRecord
    real: MeasuredScore[ScoreT] | None


def score_sides(
    sides: Sequence[tuple[FramePlan, PlannedSide]],
    score: Callable[[VideoSource, Window, EmbeddingSettings], ScoreT],
    details: Callable[[ScoredSide[ScoreT]], ScoreDetails],
    resources: Resources,
) -> list[MeasuredScore[ScoreT]]:
    """Measure sides one by one; the first is what the others are compared with.

    Several processes divide the videos of all sides among them, and the first goes on alone.

    Args:
        sides: each with its plan; all have the protocol and network of the first.
        score: scores the videos of a source.
        details: notes, diagnostics and curves of a side.
        resources: cache, threads, progress, processes.

    Raises:
        ShareDone: in every process but the first.
        InputError: the videos or the weights cannot be used.
    """
    chosen = sides[0][0]
    embedder = build_embedder(chosen.network)
    check_weights(embedder.name, chosen.weights_sha256, embedder.weights)
    # All sources are opened before the long part, so that a mistake in one costs no time.
    sources = [open_planned(each, side, resources) for each, side in sides]
    settings = embedding_settings(chosen, embedder, resources)

    def jobs() -> list[FrameJob]:
        opened = zip(sides, sources, strict=True)
        return [frame_job(source, side.window, settings) for (_, side), source in opened]

    fill_together(jobs, resources, chosen.request.on_error)
    found: list[MeasuredScore[ScoreT]] = []
    for (each, side), source in zip(sides, sources, strict=True):
        began = time.monotonic()
        measured = score(source, side.window, settings)
        seconds = seconds_since(began)
        seen, stride = measured.seen, side.window.stride
        scored = ScoredSide(
            plan=each,
            side=side,
            measured=measured,
            source=side_record(side.spec, side.split, measured.source, seen, len(seen), stride),
            real=found[0] if found else None,
        )
        record = on_one_thread(partial(_record, scored, details, embedder, seconds))
        found.append(MeasuredScore(with_news(record, resources), measured))
    return found


def embedding_settings(
    chosen: FramePlan, embedder: FrameEmbedder, resources: Resources
) -> EmbeddingSettings:
    """How the frames of a plan's videos are embedded."""
    return EmbeddingSettings(
        recipe=FrameRecipe(embedder, chosen.protocol.resize, chosen.resolution),
        choice=chosen.protocol.videos,
        subject=chosen.protocol.subject,
        seed=chosen.request.seed,
        on_error=chosen.request.on_error,
        resources=resources,
    )


def frame_job(source: VideoSource, window: Window, settings: EmbeddingSettings) -> FrameJob:
    """What a score needs of the videos of a source.

    Raises:
        InputError: all videos are too short.
    """
    return FrameJob(source, EmbeddedVideos(source, window, settings).wanted, settings.recipe)


def open_planned(chosen: FramePlan, side: PlannedSide, resources: Resources) -> VideoSource:
    """The videos of one side.

    Raises:
        InputError: they cannot be opened.
    """
    videos = chosen.protocol.videos
    options = replace(
        source_options(chosen.request, chosen.resolution, chosen.protocol, resources),
        frames=videos.frames_needed(side.window),
        count=videos.count,
    )
    name = "real" if side is chosen.real else "fake"
    return open_side(name, side.spec, options, side.in_memory)


def caveats(chosen: FramePlan, embedder: FrameEmbedder) -> tuple[str, ...]:
    """Why a number is not comparable with published ones; empty if it is."""
    request, protocol = chosen.request, chosen.protocol
    found = []
    if embedder.name != protocol.embedder:
        found.append(f"embedder {embedder.name}, not {protocol.embedder}")
    elif not embedder.weights_verified:
        found.append("weights of unknown digest")
    if not protocol.comparable_to_paper:
        found.append(f"protocol {protocol.id}: {protocol.caveat}")
    if protocol.resolution is not None and chosen.resolution != protocol.resolution:
        found.append(f"resolution {chosen.resolution}, not the protocol's {protocol.resolution}")
    if request.limit is not None:
        found.append(f"limited to {request.limit} videos: not for publication")
    return tuple(found)


def _record(
    scored: ScoredSide[ScoreT],
    details: Callable[[ScoredSide[ScoreT]], ScoreDetails],
    embedder: FrameEmbedder,
    seconds: float,
) -> ScoreRecord:
    chosen, measured, told = scored.plan, scored.measured, details(scored)
    request = chosen.request
    why_not = (*caveats(chosen, embedder), *out_of_order(measured.source))
    return ScoreRecord(
        metric=request.metric,
        value=measured.value,
        **interval_fields(measured.interval),
        diagnostics=dict(told.diagnostics),
        curves=dict(told.curves),
        against=None if scored.real is None else _against(measured, scored.real),
        side="real" if scored.side is chosen.real else "fake",
        source=scored.source,
        videos_used=len(measured.videos),
        without_value=measured.without_value,
        frames_seen=measured.frames_seen,
        frames_without=measured.frames_without,
        **protocol_fields(chosen.protocol),
        frames=request.frames,
        resolution=chosen.resolution,
        seed=request.seed,
        embedder=embedder.name,
        dataset=chosen.benchmark,
        comparable=not why_not,
        caveats=why_not,
        notes=(*told.notes, *weights_notes(embedder)),
        **stamp(request, embedder, seconds),
    )


def _against(mine: ScoreT, real: MeasuredScore[ScoreT]) -> Against:
    """The comparison of a score with that of the real videos."""
    of_difference = interval_fields(mine.difference(real.measured))
    del of_difference["interval_method"]
    return Against(
        source=real.record.source,
        value=real.record.value,
        videos_used=real.record.videos_used,
        difference=mine.value - real.measured.value,
        **of_difference,
        paired=mine.is_paired_with(real.measured),
    )
