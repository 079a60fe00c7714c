"""Identity drift as a command measures it: a calibration on real videos, one record a source."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from leo_bench.benchmarks.scores.plan import FramePlan, PlannedSide, plan_frames
from leo_bench.benchmarks.scores.requests import FrameScoreRequest
from leo_bench.benchmarks.scores.score_record import (
    MeasuredScore,
    ScoreDetails,
    ScoredSide,
    score_sides,
)
from leo_bench.benchmarks.scores.stamp import side_notes
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.identity.drift import MIN_FOR_BAND, Bands, Limits, bands, limits, survival
from leo_bench.evaluation.identity.source_drift import SourceDrift, source_drift
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.evaluation.records.shown_digits import interval_text, number_text
from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS
from leo_bench.evaluation.uncertainty.variance import LEVEL

# With fewer real videos the threshold is uncertain.
FEW_REAL = 16


class DriftRequest(FrameScoreRequest):
    """Options of drift; `frames` are the embedded frames, the strides the steps between them.

    Args:
        run: consecutive video frames beyond the threshold that make a video broken.
        share: the share of real distances below the threshold.
    """

    metric: str = "drift"
    run: int = 32
    share: float = Field(default=0.99, gt=0, lt=1)


def drift_request(frames: int, every: int, run: int, **options: Any) -> DriftRequest:
    """A request for videos of `frames` frames, of which every `every`-th is embedded.

    Raises:
        InputError: the numbers leave no curve.
    """
    for name, number in (("--frames", frames), ("--every", every), ("--run", run)):
        if number < 1:
            raise InputError(f"{name} {number}: expected 1 or more")
    if frames <= every:
        raise InputError(
            f"--frames {frames} --every {every}: only the first frame is embedded; give more "
            "--frames or a smaller --every"
        )
    times = math.ceil(frames / every)
    if math.ceil(run / every) >= times:  # the first frame has distance 0
        raise InputError(
            f"--run {run}: no video of {frames} frames could be beyond the threshold for so long; "
            "give a smaller --run or more --frames"
        )
    given = {"frames": times, "real_stride": every, "fake_stride": every, "run": run}
    return parse(DriftRequest, given | options, where="drift")


def measure_drift(
    request: DriftRequest, sources: Sequence[str], resources: Resources
) -> list[MeasuredScore[SourceDrift]]:
    """Measure the real videos, and then every source.

    Raises:
        InputError: options, videos or weights cannot be used.
    """
    plans = [plan_frames(request.model_copy(update={"fake": source})) for source in sources]
    return drift_of(plans or [plan_frames(request)], resources)


def labels(sources: Sequence[str], given: Sequence[str]) -> list[str]:
    """Names of the sources' curves: those given, or the sources as on the command line.

    Raises:
        InputError: not as many names as sources, or the same for two of them.
    """
    if given and len(given) != len(sources):
        raise InputError(f"{len(given)} --label for {len(sources)} sources: give one for each")
    words = list(given or sources)
    twice = [word for word in words if words.count(word) > 1]
    if twice:
        raise InputError(f"{twice[0]!r} names two curves: tell them apart with --label")
    return words


def rows(drifts: Mapping[str, ScoreRecord]) -> tuple[list[str], list[list[str]]]:
    """Records of drift as a table: its columns, and one row for each record."""
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
                number_text(record.value, interval),
                interval_text(interval, record.value) or "none",
                number_text(told["at_the_end"], interval) if "at_the_end" in told else "none",
                f"{told['broken']:.0f}",
                "never" if half is None else f"frame {half:.0f}",
            ]
        )
    return [*columns, "broken", "half broken"], table


def drift_of(plans: Sequence[FramePlan], resources: Resources) -> list[MeasuredScore[SourceDrift]]:
    """As `measure_drift`, by plans, one for each source.

    Raises:
        InputError: there are no real videos; the videos or the weights cannot be used.
    """
    real = real_side(plans[0])
    fakes = [(each, each.fake) for each in plans if each.fake is not None and each.request.fake]
    return score_sides([(plans[0], real), *fakes], source_drift, _details, resources)


def real_side(chosen: FramePlan) -> PlannedSide:
    """The real videos, which the threshold comes from.

    Raises:
        InputError: there are none.
    """
    if chosen.real is None:
        raise InputError(
            "drift is judged by that of real videos: give them as --dataset ID or --real PATH"
        )
    return chosen.real


def _details(scored: ScoredSide[SourceDrift]) -> ScoreDetails:
    drift, real = scored.measured, scored.real
    request = parse(DriftRequest, scored.plan.request.model_dump(), where="drift")
    of_real = drift if real is None else real.measured
    found = limits(of_real.distances, of_real.first_embeddings, request.share)
    curve = bands(drift.distances)
    apart = [] if real is None else side_notes(real.record.source, scored.source, request.frames)
    return ScoreDetails(
        notes=(*_notes(drift, of_real), *apart),
        diagnostics=_diagnostics(drift, curve, found, request),
        curves=_curves(drift, curve, found, request),
    )


def _places(drift: SourceDrift, request: DriftRequest) -> int:
    """How many consecutive embedded frames span `request.run` video frames."""
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
    """The curves of a plot, without times at which no video shows a person."""
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
