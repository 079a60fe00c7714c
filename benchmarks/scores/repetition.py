"""Repeated motion as a command measures it: calibrate on real videos, and record each source.

Table 5 of the paper, without its human raters: the share of videos that contain repeated motion.
"""

import csv
import hashlib
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field

from leo_bench.benchmarks.scores.motion_signals import (
    PixelSignals,
    SignalKind,
    Signals,
    first_frames,
)
from leo_bench.benchmarks.scores.plan import Opener, device_of, open_side, source_options
from leo_bench.benchmarks.scores.requests import VideoOptions
from leo_bench.benchmarks.scores.score_record import MeasuredScore
from leo_bench.benchmarks.scores.stamp import seconds_since, side_record, stamp, with_news
from leo_bench.benchmarks.sources.locations import with_definitions
from leo_bench.benchmarks.sources.open import dataset_behind
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.jobs import FrameJob
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.shared_pass import fill_together
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.files.printable import csv_cell
from leo_bench.evaluation.files.schema import Data, settings_digest
from leo_bench.evaluation.records.distance import slug
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.evaluation.repetition.recurrence import check_frames
from leo_bench.evaluation.repetition.score import (
    REPETITION_VERSION,
    Calibration,
    RepetitionSettings,
    SourceRepetition,
    calibrate,
    source_repetition,
)
from leo_bench.evaluation.uncertainty.variance import LEVEL
from leo_bench.evaluation.videos.source import VideoSource, check_unchanged

if TYPE_CHECKING:
    from leo_bench.benchmarks.scores.code_signals import CodeSignals

CALIBRATION_VIDEOS = 64  # all pairs of segments are compared, within and between videos

METRIC = "repetition"


class RepetitionOptions(Data):
    """What is compared, and how."""

    sources: tuple[str, ...]
    calibrate: str
    frames: int
    signal: SignalKind = "pixels"
    animator: str | None = None
    settings: RepetitionSettings = RepetitionSettings()
    calibration_videos: int = Field(default=CALIBRATION_VIDEOS, ge=1)
    seed: int = 0
    count: int | None = Field(default=None, ge=1)


class RepetitionRequest(VideoOptions, RepetitionOptions):
    """Options of repetition.

    Args:
        sources: the videos to measure.
        calibrate: real videos to calibrate on.
        frames: of every video, from its first frame on.
        signal: what is compared; see `benchmarks.scores.motion_signals`.
        animator: the LEO whose encoder makes codes.
        settings: what counts as a repeat.
        calibration_videos: at most, drawn by the seed.
        count: of samples of a `leo:` source that gives no count.
        limit: only the first videos of each of `sources`.
    """

    limit: int | None = Field(default=None, ge=1)


@dataclass(frozen=True)
class Calibrated:
    """Real videos, and the calibration on them.

    Args:
        source: the real videos.
        used: indices of those that were calibrated on.
        signals: makes the signals of any video.
    """

    source: VideoSource
    used: Sequence[int]
    signals: Signals
    calibration: Calibration


def measure_repetition(
    request: RepetitionRequest, resources: Resources, in_memory: Mapping[str, Opener] | None = None
) -> Iterator[MeasuredScore[SourceRepetition]]:
    """Calibrate, then measure source by source.

    Several processes divide the videos of all sources among them, and the first goes on alone.

    Args:
        request: the options.
        resources: cache, threads, progress, processes.
        in_memory: what opens the sources that are in memory, by their names in the request.

    Raises:
        ShareDone: in every process but the first.
        InputError: options, videos or the animator cannot be used.
    """
    check_frames(request.frames, request.settings.search)
    request = request.model_copy(update={"calibrate": with_definitions(request.calibrate)})
    # All sources are opened before the long part, so that a mistake in one costs no time.
    options = replace(
        source_options(request, None, None, resources), frames=request.frames, count=request.count
    )
    openers = in_memory or {}
    real_options = replace(options, limit=None)
    real = open_side("real", request.calibrate, real_options, openers.get(request.calibrate))
    opened = [
        (spec, open_side("fake", spec, options, openers.get(spec))) for spec in request.sources
    ]
    jobs = partial(_jobs, request, real, [source for _, source in opened])
    fill_together(jobs, resources, request.on_error)
    calibrated = calibrated_on(real, request, resources)
    for spec, source in opened:
        began = time.monotonic()
        found = found_in(source, calibrated, resources)
        seconds = seconds_since(began)
        record = _record(request, spec, source, found, calibrated, seconds)
        yield MeasuredScore(with_news(record, resources), found, _repeats_file(found))


def _jobs(
    request: RepetitionRequest, real: VideoSource, sources: Sequence[VideoSource]
) -> list[FrameJob]:
    """What is embedded of the calibration's videos and of all sources.

    Raises:
        InputError: videos are too short; no such animator.
    """
    sides = [(real, _drawn(real, request))]
    sides += [(source, first_frames(source, request.frames)) for source in sources]
    job = PixelSignals.job if request.signal == "pixels" else _codes(request).job
    return [job(source, videos, request.frames) for source, videos in sides]


def calibrated_on(
    real: VideoSource, request: RepetitionRequest, resources: Resources
) -> Calibrated:
    """Calibrate on real videos.

    Raises:
        InputError: they are too few or too short, or nothing moves in them; no such animator.
    """
    used = _drawn(real, request)
    signals: Signals
    if request.signal == "pixels":
        signals = PixelSignals.fitted(real, used, request.frames, resources)
    else:
        signals = _codes(request)
    of_video = signals.of(real, used, request.frames, resources)
    by_name = dict(zip((real.names[i] for i in used), of_video, strict=True))
    learned = on_one_thread(lambda: calibrate(by_name, request.settings))
    return Calibrated(real, used, signals, learned)


def found_in(source: VideoSource, calibrated: Calibrated, resources: Resources) -> SourceRepetition:
    """Repeated motion in all videos of a source.

    Raises:
        InputError: a video is shorter than those of the calibration.
    """
    frames = calibrated.calibration.frames
    videos = first_frames(source, frames)
    signals = calibrated.signals.of(source, videos, frames, resources)
    found = source_repetition(zip(source.names, signals, strict=True), calibrated.calibration)
    check_unchanged(calibrated.source, calibrated.used)
    check_unchanged(source, videos)
    return found


def _repeats_file(found: SourceRepetition) -> dict[str, bytes]:
    """All repeats as a CSV file, by its ending."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("video", "start", "of", "lag", "tempo", "alike"))
    for name, video in found.videos.items():
        for r in sorted(video.repeats, key=lambda repeat: repeat.start):
            numbers = (f"{r.of:g}", f"{r.lag:g}", f"{r.tempo:g}", f"{r.alike:.6f}")
            rows.writerow((csv_cell(name), r.start, *numbers))
    return {".repeats.csv": text.getvalue().encode()}


def _codes(request: RepetitionRequest) -> "CodeSignals":
    # Imported here, since diffusers takes seconds.
    from leo_bench.benchmarks.scores.code_signals import CodeSignals
    from leo_bench.leo.sampling.model import LeoModel, find_model

    if request.animator is None:
        raise InputError("codes need the encoder of a LEO: give --animator (leo:toy-bodies)")
    return CodeSignals.by(LeoModel.open(find_model(request.animator), device_of(request)))


def _drawn(real: VideoSource, request: RepetitionRequest) -> list[int]:
    """Indices of the calibration's videos, ordered by a hash of seed and name."""

    def order(video: int) -> bytes:
        return hashlib.sha256(f"{request.seed}\0{real.names[video]}".encode()).digest()

    return sorted(first_frames(real, request.frames), key=order)[: request.calibration_videos]


def _record(
    request: RepetitionRequest,
    spec: str,
    source: VideoSource,
    found: SourceRepetition,
    calibrated: Calibrated,
    seconds: float,
) -> ScoreRecord:
    videos, learned = found.videos.values(), found.calibration
    embedder, settings = calibrated.signals.embedder, request.settings
    described = settings.model_dump(mode="json") | {
        "signal": request.signal,
        "embedder": embedder.name,
        "calibration_videos": learned.videos,
    }
    everyone = range(len(source.names))
    return ScoreRecord(
        metric=METRIC,
        value=found.occurrence,
        interval=found.interval,
        interval_level=LEVEL,
        interval_method="wilson",
        standard_error=None,
        diagnostics={
            "occurrence_null_real": found.occurrence_under("real"),
            "occurrence_null_strangers": found.occurrence_under("strangers"),
            "repeats_a_video": sum(len(v.repeats) for v in videos) / len(videos),
            "repeated_share": sum(v.repeated_share for v in videos) / len(videos),
            "still_share": sum(v.still_share for v in videos) / len(videos),
            "trembling": sum(v.trembling for v in videos) / len(videos),
            "threshold": learned.threshold,
        },
        side="fake",
        source=side_record(spec, None, source, everyone, len(everyone), 1),
        videos_used=len(found.videos),
        without_value=(),
        frames_seen=len(found.videos) * learned.frames,
        frames_without=0,
        protocol=f"repetition-{request.signal}",
        protocol_version=REPETITION_VERSION,
        protocol_digest=settings_digest([REPETITION_VERSION, described]),
        protocol_settings=described,
        frames=request.frames,
        resolution=None,
        seed=request.seed,
        embedder=embedder.name,
        dataset=_dataset(request.calibrate, calibrated.source),
        comparable=False,
        caveats=_caveats(request),
        notes=_notes(source, found, calibrated),
        **stamp(request, embedder, seconds),
    )


def _dataset(spec: str, real: VideoSource) -> str | None:
    """The data set and split of the calibration, as records name it."""
    behind = dataset_behind(spec)
    named = behind is not None and real.name.split("/")[0] == behind.id
    return slug(real.name) if named else None


def _caveats(request: RepetitionRequest) -> tuple[str, ...]:
    found = ["the paper's Table 5 comes from human raters, not from a score"]
    if request.limit is not None:
        found.append(f"limited to {request.limit} videos: not for publication")
    return tuple(found)


def _notes(source: VideoSource, found: SourceRepetition, calibrated: Calibrated) -> tuple[str, ...]:
    learned, settings = found.calibration, found.calibration.settings
    notes = [
        f"calibrated on {learned.videos} videos of {calibrated.source.name}: {settings.null} give "
        f"{settings.false_alarms:.0%} at most beyond {learned.threshold:.4g}".replace("%", " %")
    ]
    real = calibrated.source
    digests = {real.digest(i) for i in calibrated.used}
    shared = sum(source.digest(i) in digests for i in range(len(source.names)))
    if shared:
        notes.append(
            f"{shared} of these videos are among those of the calibration: their own share is "
            f"{settings.false_alarms:.0%} by construction".replace("%", " %")
        )
    still = sum(video.still_share == 1 for video in found.videos.values())
    if still:
        notes.append(f"{still} videos are still, or blank, throughout: they repeat no motion")
    return tuple(notes)
