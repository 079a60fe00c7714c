"""`ScoreRecord`: a score of one set of videos (ACD, drift, repetition) with its provenance.

Distances between two sets, such as FVD, have a `Record`. Both kinds of record are stored in one
tree of folders. This module does not import torch.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.records.checks import (
    RELATIVE,
    Count,
    Flag,
    Level,
    Method,
    NotNegative,
    Number,
    Positive,
    Version1,
    Whole,
    check_all_or_none,
    check_around,
    check_at_most,
    check_close,
    check_equal,
    check_error,
    check_interval,
    check_mean,
    check_protocol,
    check_request,
    contradict,
    rounding,
)
from leo_bench.evaluation.records.distance import (
    benchmark_name,
    read_content,
    record_from,
    slug,
    write_record,
)
from leo_bench.evaluation.records.influences import beside_record, mean_influences
from leo_bench.evaluation.records.parts import Provenance, SideRecord
from leo_bench.evaluation.uncertainty.paired_shares import wilson_interval

# Curves of drift that have one number a time, and which of two lies below the other.
BY_TIME = frozenset({"mean", "low", "high", "all_low", "all_high", "survival"})
ORDERED = (("all_low", "low"), ("low", "mean"), ("mean", "high"), ("high", "all_high"))


class Against(Data):
    """The same score of the videos that a score is compared with, and the difference.

    Args:
        source: the other videos, usually the real ones.
        difference: this record's value less `value`.
        interval: of `difference`; None with too few videos.
        paired: whether videos of the same name were taken as pairs.
    """

    source: SideRecord
    value: Number
    videos_used: Count
    difference: Number
    interval: tuple[Number, Number] | None
    interval_level: Level | None
    standard_error: NotNegative | None
    paired: Flag

    @model_validator(mode="after")
    def _interval_fits(self) -> Self:
        check_at_most(
            "videos_used", self.videos_used, "source.videos_used", self.source.videos_used
        )
        error, level = self.standard_error, self.interval_level
        check_all_or_none(interval=self.interval, interval_level=level, standard_error=error)
        if self.interval is not None and error is not None and level is not None:
            check_around("interval", self.interval, "difference", self.difference)
            check_error(self.interval, self.difference, error, level)
        return self


class ScoreRecord(Provenance):
    """One score of one set of videos, with its provenance.

    Args:
        kind: distinguishes it from the record of a distance.
        metric: "acd", ...; also the name of the record's file.
        value: the score: a mean over videos, or as the metric defines it.
        interval: low and high end around `value`, for other videos of the same origin; None with
            too few videos.
        diagnostics: other numbers of the same videos, by name.
        curves: the score against something, such as time: name -> values.
        side: which side of a comparison these videos are.
        videos_used: videos that gave a value; `without_value` is [video, reason] of every other
            one that could be read, and `source.skipped` of every one that could not.
        frames_seen: number of frames that were examined; frames_without: number of those with
            nothing to score, such as frames without a face.
        protocol_settings: the protocol, all of it.
        frames: of a video; `source.stride` is the step between them.
        resolution: side that frames were brought to; None: as stored.
        embedder: the network, or another origin of the score ("leo-codes", "flow", ...).
        weights_sha256: of the network; "none" where there are no weights.
    """

    kind: Literal["score"] = "score"
    schema_version: Version1 = 1
    metric: str
    value: Number
    interval: tuple[Number, Number] | None
    interval_level: Level | None
    interval_method: Method | None
    standard_error: NotNegative | None
    diagnostics: dict[str, Number] = Field(default_factory=dict)
    curves: dict[str, tuple[Number, ...]] = Field(default_factory=dict)
    against: Against | None = None

    side: Literal["real", "fake"]
    source: SideRecord
    videos_used: Count
    without_value: tuple[tuple[str, str], ...]
    frames_seen: Count
    frames_without: Count

    protocol: str
    protocol_version: Count
    protocol_digest: str
    protocol_settings: dict[str, Any]
    frames: Positive
    resolution: Positive | None
    seed: Whole

    embedder: str
    weights_sha256: str
    weights_verified: Flag
    device: str

    @model_validator(mode="after")
    def _interval_fits(self) -> Self:
        level, method, error = self.interval_level, self.interval_method, self.standard_error
        check_interval("value", self.value, self.interval, level, method, error)
        if self.interval is not None and level is not None and method == "wilson":
            yes = round(self.value * self.videos_used)
            check_close("value", self.value, "videos_used", yes / max(self.videos_used, 1))
            ends = wilson_interval(yes, self.videos_used, level)
            for place, end in enumerate(ends):
                says = "value, of which Wilson's interval"
                check_close(f"interval[{place}]", self.interval[place], says, end, 1.0)
        return self

    @model_validator(mode="after")
    def _counts_agree(self) -> Self:
        of_source = self.source
        check_at_most("videos_used", self.videos_used, "source.videos_used", of_source.videos_used)
        told = self.videos_used + len(self.without_value)
        check_at_most("without_value", told - self.videos_used, "source.videos", of_source.videos)
        check_at_most("videos_used", told, "source.videos", of_source.videos)
        check_equal("source.clips", of_source.clips, "source.videos_used", of_source.videos_used)
        seen = of_source.videos_used * self.frames
        check_equal("frames_seen", self.frames_seen, "source.videos_used", seen)
        check_at_most("frames_without", self.frames_without, "frames_seen", self.frames_seen)
        check_protocol(
            self.protocol,
            self.protocol_version,
            self.protocol_digest,
            self.protocol_settings,
            of_both=True,
        )
        check_request(
            self.request,
            metric=self.metric,
            frames=self.frames,
            seed=self.seed,
            resolution=self.resolution,
            **{f"{self.side}_stride": of_source.stride},
        )
        return self

    @model_validator(mode="after")
    def _difference_fits(self) -> Self:
        if self.against is not None:
            other, scale = self.against.value, max(abs(self.value), abs(self.against.value))
            difference = self.value - other
            name = "against.difference"
            check_close(
                name, self.against.difference, "value less against.value", difference, scale
            )
            if self.side == "real":
                contradict("side", self.side, "against", "which the real side has none of")
        return self

    @model_validator(mode="after")
    def _curves_fit(self) -> Self:
        if self.metric == "acd":
            for name, number in {"value": self.value, **self.diagnostics}.items():
                check_at_most("0", 0, f"{name}, a distance", number)
            squared = self.diagnostics.get("squared", self.value**2)
            check_at_most("the square of value", self.value**2 * (1 - RELATIVE), "squared", squared)
        if self.metric == "drift":
            complete = self.frames_without == 0
            curves, told = self.curves, self.diagnostics
            _check_drift(self.value, curves, told, self.videos_used, complete=complete)
        return self


def keep_score(
    record: ScoreRecord,
    by_video: Mapping[str, float],
    path: Path,
    beside: Mapping[str, bytes] | None = None,
) -> None:
    """Write a score that is a mean over videos, with the influence of each video beside it.

    Args:
        record: of the score.
        by_video: the values whose mean it is, by the video's name.
        path: of the record.
        beside: content by ending of other files to write beside it.

    Raises:
        InputError: the folder cannot be written to, or the disk is full.
    """
    write_record(record, path, files_beside(record, by_video, beside))


def files_beside(
    record: ScoreRecord, by_video: Mapping[str, float], beside: Mapping[str, bytes] | None = None
) -> dict[str, bytes]:
    """Content by ending of the files that `keep_score` writes beside a record."""
    influences = beside_record(mean_influences(by_video, record.side))
    return {**influences, **(beside or {})}


def read_score_record(path: Path) -> ScoreRecord:
    """Read the record of a score.

    Raises:
        InputError: no such file, or not a record of this schema.
    """
    return record_from(ScoreRecord, read_content(path), path)


def score_record_path(records: Path, record: ScoreRecord) -> Path:
    """The path of a record: `RECORDS/BENCHMARK/MODEL/METRIC.json`, as for distances.

    Both sides of a comparison have one benchmark, named after the real side.
    """
    real = record.source if record.against is None else record.against.source
    benchmark = benchmark_name(
        record.dataset or slug(real.name),
        record.resolution,
        record.frames,
        real.stride,
        record.protocol,
    )
    return records / benchmark / slug(record.source.name) / f"{record.metric}.json"


def _check_drift(
    value: float,
    curves: Mapping[str, Sequence[float]],
    diagnostics: Mapping[str, float],
    videos_used: int,
    *,
    complete: bool,
) -> None:
    """The curves of identity drift have the right order and lengths, and give its numbers.

    Args:
        value: the mean distance over the times behind the first frame.
        curves: by name, as `benchmarks.scores.drift` writes them.
        diagnostics: likewise.
        videos_used: videos behind them.
        complete: whether every video has a distance at every time.
    """
    for name in BY_TIME & curves.keys():
        check_equal(f"curves.{name}", len(curves[name]), "curves.time", len(curves.get("time", ())))
    for lower, upper in ORDERED:
        if lower in curves and upper in curves:
            for place, (low, high) in enumerate(zip(curves[lower], curves[upper], strict=True)):
                if low > high + rounding(low, high):
                    name = f"curves.{lower}[{place}]"
                    contradict(name, low, f"curves.{upper}", f"which is {high:.6g} there")
    mean = curves.get("mean", ())
    if complete and len(mean) > 1:
        check_mean("value", value, "curves.mean behind the first time", mean[1:])
    if mean and "at_the_end" in diagnostics:
        check_close("diagnostics.at_the_end", diagnostics["at_the_end"], "curves.mean", mean[-1])
    broken = diagnostics.get("broken")
    if broken is not None and "break_frames" in curves:
        count = float(len(curves["break_frames"]))
        check_equal("diagnostics.broken", broken, "curves.break_frames", count)
    if broken is not None and "survived" in diagnostics and videos_used:
        whole = 1 - broken / videos_used
        check_close("diagnostics.survived", diagnostics["survived"], "broken", whole, 1.0)
