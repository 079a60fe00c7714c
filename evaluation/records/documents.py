"""`Document`: the JSON that a command writes with --json, of one form for all commands.

A document of one number is its record: {"kind": "distance" or "score", ...}. A document of several
records, or with other results, is

    {"kind": "acd", "records": [...], "extra": {...}}

`kind` is the command; `extra` has the results besides records. This module does not import torch.
"""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any, Self

from pydantic import model_validator

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.json_files import read_json
from leo_bench.evaluation.files.schema import Data, parse
from leo_bench.evaluation.records.agreement import AgreementExtra, check_agreement
from leo_bench.evaluation.records.checks import (
    TWO_ROADS,
    Count,
    Flag,
    Number,
    Positive,
    Share,
    check_at_most,
    check_close,
    check_equal,
    contradict,
    is_close,
)
from leo_bench.evaluation.records.comparison import ScoresExtra, check_comparison
from leo_bench.evaluation.records.distance import Record, record_from
from leo_bench.evaluation.records.parts import Provenance, SideRecord
from leo_bench.evaluation.records.planned import PlanExtra
from leo_bench.evaluation.records.preference import PreferenceRecord
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.evaluation.records.shares import PrecisionExtra, check_shares
from leo_bench.evaluation.records.studied import StudyExtra, check_study

MeasuredRecord = Record | ScoreRecord  # of videos
AnyRecord = MeasuredRecord | PreferenceRecord


class VideoLeverage(Data):
    """The leverage of one video.

    Args:
        clips: number of its clips.
        change: the distance without it less the distance; above 0, the video lowers the distance.
            None if no video would be left.
    """

    video: str
    clips: Positive
    change: Number | None


class LeverageExtra(Data):
    """Every video's leverage on an FVD, the largest of each side first.

    Args:
        value: FVD of the first repeat in float64, whose change is given.
    """

    value: Number
    real: tuple[VideoLeverage, ...]
    fake: tuple[VideoLeverage, ...]


class Pair(Data):
    """A sample and its nearest training clip.

    Args:
        start: the clip's first frame in the training video.
        percentile: share of the held-out videos that are at least as near to a training video.
    """

    sample: str
    train: str
    start: Count
    distance: Number
    percentile: Share


class NearestExtra(Provenance):
    """Every sample's nearest training video, nearest first, beside those of held-out videos.

    Args:
        share_near, closer_than_all, z, p: see `evaluation.distances.neighbours.Copying`.
        held_out_distances: ascending.
    """

    share_near: Share
    closer_than_all: Share
    z: Number
    p: Share
    pairs: tuple[Pair, ...]
    held_out_distances: tuple[Number, ...]
    frames: Positive
    resolution: Positive | None
    protocol: str
    protocol_digest: str
    fake: SideRecord
    train: SideRecord
    held_out: SideRecord
    extractor: str
    weights_sha256: str
    weights_verified: Flag
    precision: str
    device: str

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        check_equal("pairs", len(self.pairs), "fake.clips", self.fake.clips)
        held_out = len(self.held_out_distances)
        check_equal("held_out_distances", held_out, "held_out.clips", self.held_out.clips)
        others = self.held_out_distances
        if not (self.pairs and others) or list(others) != sorted(others):
            raise ValueError("pairs or held_out_distances is empty, or the latter not ascending")
        for place, pair in enumerate(self.pairs):
            near = bisect_right(others, pair.distance) / held_out
            name = f"pairs[{place}].percentile"
            check_close(name, pair.percentile, "held_out_distances", near)
        closer = sum(pair.distance < others[0] for pair in self.pairs) / len(self.pairs)
        check_close("closer_than_all", self.closer_than_all, "pairs", closer)
        check_close("p", self.p, "z", NormalDist().cdf(self.z), 1.0)
        return self


Extra = (
    PrecisionExtra
    | LeverageExtra
    | NearestExtra
    | PlanExtra
    | ScoresExtra
    | StudyExtra
    | AgreementExtra
)
EXTRAS: dict[str, type[Extra]] = {
    "precision": PrecisionExtra,
    "leverage": LeverageExtra,
    "nearest": NearestExtra,
    "plan": PlanExtra,
    "scores": ScoresExtra,
    "study": StudyExtra,
    "study-metrics": AgreementExtra,
}
MEASURED = frozenset({"scores", "study-metrics"})  # documents of several metrics
LISTS = frozenset({"acd", "drift", "repetition"})
RECORDS: dict[str, type[AnyRecord]] = {
    "distance": Record,
    "score": ScoreRecord,
    "preference": PreferenceRecord,
}


@dataclass(frozen=True)
class Document:
    """A file of results.

    Args:
        kind: that of the one record, or the command.
        records: of its numbers; of "precision" and "leverage" the distance that they belong to;
            none for "nearest" and "plan"; of "scores" (`leo-bench score`) and "study-metrics"
            (`leo-bench study metrics`) of several metrics; of "study" (`leo-bench study results`)
            one for each pair of methods, or each method.
        extra: results besides records.
    """

    kind: str
    records: tuple[AnyRecord, ...]
    extra: Extra | None = None

    def to_json(self) -> str:
        """As indented JSON, ending in a newline."""
        if self.kind in RECORDS:
            return self.records[0].to_json()
        extra = self.extra
        if isinstance(extra, Provenance):
            beside = extra.content()
        else:
            beside = {} if extra is None else extra.model_dump(mode="json")
        content = {
            "kind": self.kind,
            "records": [record.content() for record in self.records],
            "extra": beside,
        }
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def document_of(
    verb: str,
    records: Sequence[AnyRecord],
    extra: Extra | None = None,
) -> Document:
    """The document of a command's results."""
    if len(records) == 1 and extra is None:
        return Document(records[0].kind, tuple(records))
    return Document(verb, tuple(records), extra)


def read_documents(path: Path) -> Document:
    """Read a file of results of any command.

    Raises:
        InputError: no such file, no results, or results that contradict themselves; the message
            names the file and the fields.
    """
    content = _as_today(read_json(path))
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a record: a JSON object is expected")
    kind = content.get("kind", "distance")
    if not isinstance(kind, str):
        raise InputError(f"{path}: kind is {str(kind)[:40]}: a word is expected")
    if kind in RECORDS:
        return Document(kind, (record_from(RECORDS[kind], content, path),))
    if kind not in LISTS and kind not in EXTRAS:
        known = ", ".join((*RECORDS, *sorted(LISTS), *EXTRAS))
        raise InputError(f"{path}: kind is {kind[:40]!r}; this reads {known}")
    given, extra = content.get("records"), content.get("extra")
    if content.keys() != {"kind", "records", "extra"} or not isinstance(given, list):
        raise InputError(f"{path}: of kind {kind!r}: kind, records and extra are expected")
    records = tuple(_record(one, f"{path}: records[{i}]") for i, one in enumerate(given))
    found = None
    if kind in EXTRAS:
        if not isinstance(extra, dict):
            raise InputError(f"{path}: extra: an object is expected for kind {kind!r}")
        found = parse(EXTRAS[kind], extra, where=f"{path}: extra")
    elif extra != {}:
        raise InputError(f"{path}: extra: nothing is expected in it for kind {kind!r}")
    document = Document(kind, records, found)
    try:
        _check_together(document)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    return document


def read_any_record(path: Path) -> AnyRecord:
    """Read a file of a single record.

    Raises:
        InputError: as `read_documents`, or it holds more.
    """
    document = read_documents(path)
    if document.kind not in RECORDS:
        raise InputError(f"{path}: results of {document.kind}; a record of one number is expected")
    return document.records[0]


def _record(content: Any, where: str) -> AnyRecord:
    kind = content.get("kind", "distance") if isinstance(content, dict) else None
    if not isinstance(kind, str) or kind not in RECORDS:
        raise InputError(f"{where}: a record of kind {' or '.join(RECORDS)} is expected")
    return parse(RECORDS[kind], content, where=where)


def _check_together(document: Document) -> None:
    """Check the relations between records, and between records and `extra`."""
    wanted = {"precision": 1, "leverage": 1, "nearest": 0, "plan": 0}.get(document.kind)
    if wanted is not None:
        check_equal("records", len(document.records), "kind", wanted)
    elif not document.records and document.kind != "study":
        raise ValueError("records is empty")
    verb = document.kind
    for place, record in enumerate(document.records):
        if verb in LISTS:
            check_equal(f"records[{place}].metric", record.metric, "kind", verb)
        elif verb == "study" or (verb in MEASURED and not isinstance(record, PreferenceRecord)):
            continue
        elif not isinstance(record, Record):
            contradict(f"records[{place}].kind", record.kind, "kind", f"which is {verb!r}")
    extra = document.extra
    if isinstance(extra, LeverageExtra):
        (record,) = document.records
        _check_leverage(extra, record)
    if isinstance(extra, PrecisionExtra) and isinstance(document.records[0], Record):
        record = document.records[0]
        check_shares(extra, "extra", 0, record.n_real, record.n_fake)
    if isinstance(extra, ScoresExtra):
        check_comparison(extra, measured_of(document))
    if isinstance(extra, StudyExtra):
        check_study(extra, document.records)
    if isinstance(extra, AgreementExtra):
        check_agreement(extra, measured_of(document))


def measured_of(document: Document) -> list[MeasuredRecord]:
    """The records that were measured on videos: all but those of raters' answers."""
    return [one for one in document.records if not isinstance(one, PreferenceRecord)]


def _check_leverage(extra: LeverageExtra, record: AnyRecord) -> None:
    """The leverages are those of the videos of the record's first repeat."""
    if not isinstance(record, Record):
        return
    first = record.values_float64[0]
    if not is_close(extra.value, first, (abs(first) + 1) * TWO_ROADS * 1e9):
        contradict("extra.value", extra.value, "records[0].values_float64", f"{first:.6g}")
    for side, videos, count, of_side in (
        ("real", extra.real, record.n_real, record.real),
        ("fake", extra.fake, record.n_fake, record.fake),
    ):
        clips = sum(video.clips for video in videos)
        check_equal(f"extra.{side}", clips, f"records[0].n_{side}", count)
        used = f"records[0].{side}.videos_used"
        check_at_most(f"extra.{side}", len({v.video for v in videos}), used, of_side.videos_used)
        check_equal(f"extra.{side}", len({v.video for v in videos}), "its videos", len(videos))


def _as_today(content: Any) -> Any:
    """Convert documents of older versions, which had several forms, to the common form."""
    if isinstance(content, list) and content:  # drift
        return {"kind": "drift", "records": content, "extra": {}}
    if not isinstance(content, dict) or "kind" in content:
        return content
    for kind, key in (("precision", "neighbours"), ("leverage", "fake")):
        if "record" in content and key in content:
            rest = {name: value for name, value in content.items() if name != "record"}
            return {"kind": kind, "records": [content["record"]], "extra": rest}
    if "pairs" in content and "held_out" in content:
        return {"kind": "nearest", "records": [], "extra": content}
    return content
