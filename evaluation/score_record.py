"""A score of one set of videos, such as ACD, with everything needed to trust it, as JSON.

FVD is a distance between two sets and has a `Record`; identity, repetition and drift are asked of
one set at a time and have a `ScoreRecord`. The two lie in one tree of folders. Knows nothing of
torch.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from evaluation.record import (
    Provenance,
    Record,
    SideRecord,
    benchmark_name,
    read_content,
    record_from,
    slug,
    write_record,
)
from evaluation.schema import Data
from evaluation.video_influences import mean_influences, write_influences


class Against(Data):
    """The same score of the videos that these are held against, and what sets the two apart.

    Args:
        source: the other videos, as a rule the real ones.
        difference: this record's value less `value`.
        interval: of `difference`; None with too few videos to say.
        paired: whether videos of one name were taken as a pair.
    """

    source: SideRecord
    value: float
    videos_used: int
    difference: float
    interval: tuple[float, float] | None
    interval_level: float | None
    standard_error: float | None
    paired: bool


class ScoreRecord(Provenance):
    """One score of one set of videos, with its provenance.

    Args:
        kind: tells such a file from the record of a distance.
        metric: "acd", ...; also the name of the record's file.
        value: the score: a mean over videos, or what the metric says.
        interval: low and high around `value`: how far it moves with other videos from where these
            came from; None with too few videos to say.
        diagnostics: other numbers of the same videos, by name.
        curves: the score against something, such as time: name -> values.
        side: which side of a comparison these videos are.
        videos_used: videos that gave a value; `without_value` is [video, reason] of every other
            one that could be read, and `source.skipped` of every one that could not.
        frames_seen: frames that the score looked at; frames_without: those of them with nothing to
            score in, such as frames without a face.
        protocol_settings: the protocol, all of it.
        frames: of a video; `source.stride` is the step between them.
        resolution: side that frames were brought to; None: as stored.
        embedder: the network, or what else the score came from ("leo-codes", "flow" ...).
        weights_sha256: of the network; "none" where there are no weights.
    """

    kind: Literal["score"] = "score"
    schema_version: Literal[1] = 1
    metric: str
    value: float
    interval: tuple[float, float] | None
    interval_level: float | None
    interval_method: str | None
    standard_error: float | None
    diagnostics: dict[str, float] = Field(default_factory=dict)
    curves: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    against: Against | None = None

    side: Literal["real", "fake"]
    source: SideRecord
    videos_used: int
    without_value: tuple[tuple[str, str], ...]
    frames_seen: int
    frames_without: int

    protocol: str
    protocol_version: int
    protocol_digest: str
    protocol_settings: dict[str, Any]
    frames: int
    resolution: int | None
    seed: int

    embedder: str
    weights_sha256: str
    weights_verified: bool
    device: str


def keep_score(record: ScoreRecord, by_video: Mapping[str, float], path: Path) -> None:
    """Write a score that is a mean over videos, and beside it how far each video moves it.

    Args:
        record: of the score.
        by_video: what it is the mean of, by the video's name.
        path: of the record.

    Raises:
        InputError: the folder cannot be written to, or the disk is full.
    """
    write_record(record, path)
    influences = mean_influences(by_video, record.side)
    if influences is not None:
        write_influences(influences, path)


def read_score_record(path: Path) -> ScoreRecord:
    """Read the record of a score.

    Raises:
        InputError: no such file, or not a record of this schema.
    """
    return record_from(ScoreRecord, read_content(path), path)


def read_any_record(path: Path) -> Record | ScoreRecord:
    """Read a record of either kind.

    Raises:
        InputError: no such file, or no record.
    """
    content = read_content(path)
    if content.get("kind") == "score":
        return record_from(ScoreRecord, content, path)
    return record_from(Record, content, path)


def score_record_path(records: Path, record: ScoreRecord) -> Path:
    """Where a record belongs: `RECORDS/BENCHMARK/MODEL/METRIC.json`, beside those of distances.

    Both sides of one comparison share their benchmark, whose name is that of the real side.
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
