"""Identity drift as a command asks for it: real videos to calibrate on, and any sources beside."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import Field

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
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.identity.drift import MIN_FOR_BAND, Bands, Limits, bands, limits, survival
from leo_bench.evaluation.identity.embedded_videos import EmbeddingSettings
from leo_bench.evaluation.identity.source_drift import SourceDrift, source_drift
from leo_bench.evaluation.records.score import ScoreRecord, keep_score
from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS
from leo_bench.evaluation.uncertainty.variance import LEVEL

# Under this many real videos their largest distances say little of a threshold.
FEW_REAL = 16


class DriftRequest(FrameScoreRequest):
    """As every score of frames, `frames` being times and the strides the steps between them.

    Args:
        run: video frames that a distance stays above the threshold for a video to be broken.
        share: of real distances that lie below the threshold.
    """

    metric: str = "drift"
    run: int = 32
    share: float = Field(default=0.99, gt=0, lt=1)


@dataclass(frozen=True)
class MeasuredDrift:
    """One source's record, and the videos' distances behind it."""

    record: ScoreRecord
    measured: SourceDrift


def drift_request(frames: int, every: int, run: int, **options: object) -> DriftRequest:
    """A request for videos of `frames` frames, looked at in every `every`-th.

    Raises:
        InputError: numbers that make no curve.
    """
    for name, number in (("--frames", frames), ("--every", every), ("--run", run)):
        if number < 1:
            raise InputError(f"{name} {number}: expected 1 or more")
    if frames <= every:
        raise InputError(
            f"--frames {frames} --every {every}: no frame behind the first is looked at; give more "
            "--frames or a smaller --every"
        )
    times = math.ceil(frames / every)
    if math.ceil(run / every) >= times:  # the first frame is never beyond
        raise InputError(
            f"--run {run}: no video of {frames} frames could be beyond for so long; give a smaller "
            "--run or more --frames"
        )
    given = {"frames": times, "real_stride": every, "fake_stride": every, "run": run}
    return parse(DriftRequest, given | options, where="drift")


def measure_drift(
    request: DriftRequest, sources: Sequence[str], resources: Resources
) -> list[MeasuredDrift]:
    """The drift of the real videos, and then of every source.

    Raises:
        InputError: anything that the user has to mend.
    """
    plans = [plan_frames(request.model_copy(update={"fake": source})) for source in sources]
    return _measured(plans or [plan_frames(request)], resources)


def labels(sources: Sequence[str], given: Sequence[str]) -> list[str]:
    """Words for each source: those given, or the source as it was named.

    Raises:
        InputError: not as many words as sources, or the same for two of them.
    """
    if given and len(given) != len(sources):
        raise InputError(f"{len(given)} --label for {len(sources)} sources: give one for each")
    words = list(given or sources)
    twice = [word for word in words if words.count(word) > 1]
    if twice:
        raise InputError(f"{twice[0]!r} names two curves: tell them apart with --label")
    return words


def rows(drifts: Mapping[str, ScoreRecord]) -> tuple[list[str], list[list[str]]]:
    """Records of drift as a table: its columns, and a row a record."""
    last = max(record.curves["time"][-1] for record in drifts.values())
    columns = ["videos of", "n", "mean distance", "95 % interval", f"at frame {last:.0f}"]
    table = []
    for words, record in drifts.items():
        told = record.diagnostics
        interval = record.interval
        half = told.get("half_broken_at")
        table.append(
            [
                words,
                f"{record.videos_used}",
                f"{record.value:.3f}",
                "none" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}",
                f"{told['at_the_end']:.3f}" if "at_the_end" in told else "none",
                f"{told['broken']:.0f}",
                "never" if half is None else f"frame {half:.0f}",
            ]
        )
    return [*columns, "broken", "half broken"], table


def drift_again(record: ScoreRecord, resources: Resources, given: Given) -> ScoreRecord:
    """The record made anew, from the same videos by the same protocol.

    Raises:
        InputError: what it was made from is no longer there.
    """
    chosen = plan_score(record, DriftRequest, given)
    again = [drift.record for drift in _measured([chosen], resources)]
    return next(found for found in again if found.side == record.side)


def keep(drift: MeasuredDrift, path: Path) -> None:
    """Write a record to `path`, and beside it how far each video moves the number.

    Raises:
        InputError: the folder cannot be written to, or the disk is full.
    """
    keep_score(drift.record, drift.measured.by_video, path)


def _measured(plans: Sequence[FramePlan], resources: Resources) -> list[MeasuredDrift]:
    chosen = plans[0]
    if chosen.real is None:
        raise InputError(
            "drift is judged by that of real videos: give them as --dataset ID or --real PATH"
        )
    embedder = build_embedder(chosen.embedder)
    chosen.check_weights(embedder.weights)
    # All are opened before the long part, which a fault of one would waste.
    planned = [
        (chosen, chosen.real),
        *((each, each.fake) for each in plans if each.fake is not None and each.request.fake),
    ]
    opened = [open_side(each, side, resources) for each, side in planned]
    settings = EmbeddingSettings(
        recipe=FrameRecipe(embedder, chosen.protocol.resize, chosen.resolution),
        choice=chosen.protocol.videos,
        subject=chosen.protocol.subject,
        seed=chosen.request.seed,
        on_error=chosen.request.on_error,
        resources=resources,
    )
    found: list[MeasuredDrift] = []
    for (each, side), source in zip(planned, opened, strict=True):
        began = time.monotonic()
        drift = source_drift(source, side.window, settings)
        seconds = round(time.monotonic() - began, 3)
        real = found[0] if found else None
        record = on_one_thread(partial(_record, each, side, drift, real, embedder, seconds))
        found.append(MeasuredDrift(with_news(record, resources), drift))
    return found


def _record(
    chosen: FramePlan,
    side: PlannedSide,
    drift: SourceDrift,
    real: MeasuredDrift | None,
    embedder: FrameEmbedder,
    seconds: float,
) -> ScoreRecord:
    request = parse(DriftRequest, chosen.request.model_dump(), where="drift")
    of_real = drift if real is None else real.measured
    said = limits(of_real.distances, of_real.first_embeddings, request.share)
    curve = bands(drift.distances)
    source = scored_side(side, drift)
    apart = [] if real is None else side_notes(real.record.source, source, request.frames)
    told = ScoreDetails(
        side="real" if real is None else "fake",
        notes=(*_notes(drift, of_real), *apart),
        diagnostics=_diagnostics(drift, curve, said, request),
        curves=_curves(drift, curve, said, request),
        against=None if real is None else against(drift, real.measured, real.record),
    )
    return frame_record(chosen, drift, source, embedder, told, seconds)


def _places(drift: SourceDrift, request: DriftRequest) -> int:
    """Times in a row that a run of video frames takes."""
    return math.ceil(request.run / drift.window.stride)


def _diagnostics(
    drift: SourceDrift, curve: Bands, said: Limits, request: DriftRequest
) -> dict[str, float]:
    breaks = drift.breaks(said.threshold, _places(drift, request))
    broken = sorted(drift.times[place] for place in breaks.values() if place is not None)
    found = {
        "threshold": said.threshold,
        "other_videos": said.others,
        "at_the_end": float(curve.mean[-1]),
        "broken": float(len(broken)),
        "survived": 1 - len(broken) / len(drift.videos),
    }
    if 2 * len(broken) >= len(drift.videos):
        found["half_broken_at"] = float(broken[(len(drift.videos) - 1) // 2])
    return {name: value for name, value in found.items() if not math.isnan(value)}


def _curves(
    drift: SourceDrift, curve: Bands, said: Limits, request: DriftRequest
) -> dict[str, tuple[float, ...]]:
    """What a picture needs; times at which no video shows anybody are left out."""
    breaks = list(drift.breaks(said.threshold, _places(drift, request)).values())
    whole = survival(breaks, len(drift.times)).tolist()
    told = (~curve.mean.isnan()).tolist()
    columns: dict[str, list[float]] = {
        "time": [float(frame) for frame in drift.times],
        "mean": curve.mean.tolist(),
        "low": curve.low.tolist(),
        "high": curve.high.tolist(),
        "all_low": curve.all_low.tolist(),
        "all_high": curve.all_high.tolist(),
        "survival": whole,
    }
    kept = {
        name: tuple(value for value, there in zip(column, told, strict=True) if there)
        for name, column in columns.items()
    }
    found = {
        name: column
        for name, column in kept.items()
        if not any(math.isnan(value) for value in column)
    }
    found["break_frames"] = tuple(sorted(float(drift.times[p]) for p in breaks if p is not None))
    return found


def _notes(drift: SourceDrift, real: SourceDrift) -> tuple[str, ...]:
    """What the reader of the number should know besides."""
    found = []
    if len(drift.videos) < MIN_VIDEOS:
        found.append(f"no bands: fewer than {MIN_VIDEOS} videos")
    elif len(drift.videos) < MIN_FOR_BAND:
        found.append(f"no band over all times: fewer than {MIN_FOR_BAND} videos")
    else:
        found.append(f"bands cover the mean over videos, at {LEVEL:.0%}".replace("%", " %"))
    if len(real.videos) < FEW_REAL:
        found.append(f"{len(real.videos)} real videos: the threshold is not sure")
    if drift.frames_without:
        found.append(
            f"nobody found in {drift.frames_without} of {drift.frames_seen} frames: they have no "
            "distance, and count as beyond the threshold"
        )
    if drift.without_value:
        found.append(f"{len(drift.without_value)} videos give no value; the record lists each")
    return tuple(found)
