"""ACD as a command asks for it: the real side, the fake side, and a record of each."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from leo_bench.benchmarks.scores.frame_plan import (
    FramePlan,
    FrameScoreRequest,
    PlannedSide,
    open_side,
    plan_frames,
)
from leo_bench.benchmarks.scores.frame_record import (
    ScoreDetails,
    against,
    frame_record,
    scored_side,
)
from leo_bench.benchmarks.scores.side_notes import side_notes
from leo_bench.benchmarks.scores.stamp import with_news
from leo_bench.benchmarks.verify_and_explain.plan_again import Given, plan_score
from leo_bench.evaluation.embedders import FrameEmbedder, build_embedder
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.identity.acd import SourceACD, source_acd
from leo_bench.evaluation.identity.embedded_videos import EmbeddingSettings
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.records.score import ScoreRecord, keep_score
from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS

# Up to here intervals of a mean of heavy-tailed numbers cover 88 to 91 % (benchmarks/coverage.md).
FEW_VIDEOS = 16


@dataclass(frozen=True)
class MeasuredSide:
    """One side's record, and the videos' values behind it."""

    record: ScoreRecord
    measured: SourceACD


def measure_acd(request: FrameScoreRequest, resources: Resources) -> list[MeasuredSide]:
    """Do what `request` asks: the real side first, then the fake one, where they are there.

    Raises:
        InputError: anything that the user has to mend.
    """
    return measure_plan(plan_frames(request), resources)


def acd_again(record: ScoreRecord, resources: Resources, given: Given) -> ScoreRecord:
    """The record made anew, from the same videos by the same protocol.

    Raises:
        InputError: what it was made from is no longer there.
    """
    sides = measure_plan(plan_score(record, FrameScoreRequest, given), resources)
    return next(side.record for side in sides if side.record.side == record.side)


def measure_plan(chosen: FramePlan, resources: Resources) -> list[MeasuredSide]:
    """Measure as planned, and write everything down.

    Raises:
        InputError: the videos or the weights cannot be used.
    """
    embedder = build_embedder(chosen.embedder)
    chosen.check_weights(embedder.weights)
    settings = EmbeddingSettings(
        recipe=FrameRecipe(embedder, chosen.protocol.resize, chosen.resolution),
        choice=chosen.protocol.videos,
        subject=chosen.protocol.subject,
        seed=chosen.request.seed,
        on_error=chosen.request.on_error,
        resources=resources,
    )
    # Both are opened before the long part, which a fault of either would waste.
    opened = [
        (side, open_side(chosen, side, resources))
        for side in (chosen.real, chosen.fake)
        if side is not None
    ]
    found: list[MeasuredSide] = []
    for side, source in opened:
        began = time.monotonic()
        measured = source_acd(source, side.window, settings)
        seconds = round(time.monotonic() - began, 3)
        real = found[0] if found else None
        record = on_one_thread(partial(_record, chosen, side, measured, real, embedder, seconds))
        found.append(MeasuredSide(with_news(record, resources), measured))
    return found


def keep(side: MeasuredSide, path: Path) -> None:
    """Write a record to `path`, and beside it how far each video moves the number.

    Raises:
        InputError: the folder cannot be written to, or the disk is full.
    """
    keep_score(side.record, side.measured.by_video, path)


def _record(
    chosen: FramePlan,
    side: PlannedSide,
    measured: SourceACD,
    real: MeasuredSide | None,
    embedder: FrameEmbedder,
    seconds: float,
) -> ScoreRecord:
    source = scored_side(side, measured)
    told = ScoreDetails(
        side="real" if side is chosen.real else "fake",
        notes=_notes(chosen, side, measured, source, real),
        diagnostics=measured.diagnostics,
        against=None if real is None else against(measured, real.measured, real.record),
    )
    return frame_record(chosen, measured, source, embedder, told, seconds)


def _notes(
    chosen: FramePlan,
    side: PlannedSide,
    measured: SourceACD,
    source: SideRecord,
    real: MeasuredSide | None,
) -> tuple[str, ...]:
    """What the reader of the number should know besides."""
    found = []
    if side.default:
        found.append(f"no --fake was given: these are samples of the LEO run, {side.spec}")
    if measured.frames_without:
        found.append(
            f"no {chosen.protocol.subject} in {measured.frames_without} of {measured.frames_seen} "
            "frames: those frames are left out"
        )
    if measured.without_value:
        found.append(f"{len(measured.without_value)} videos give no value; the record lists each")
    still = sum(video.acd == 0 for video in measured.videos.values())
    if still:
        found.append(f"{still} videos have ACD 0: they are still, or blank")
    if len(measured.videos) < MIN_VIDEOS:
        found.append(f"no interval: fewer than {MIN_VIDEOS} videos")
    elif len(measured.videos) <= FEW_VIDEOS:
        found.append(
            f"{len(measured.videos)} videos: where few of them stand far out, a 95 % interval of "
            f"{MIN_VIDEOS} to {FEW_VIDEOS} covers 88 to 91 %"
        )
    if real is not None:
        other = real.record.source
        if chosen.resolution is None and source.sizes != other.sizes:
            found.append("the two sides are stored at different sizes, which is part of the value")
        if source.lossy != other.lossy:
            lossy = "this" if source.lossy else "the real"
            found.append(f"only {lossy} side is stored with loss, which is part of the value")
        found += side_notes(other, source, chosen.request.frames)
    return tuple(found)
