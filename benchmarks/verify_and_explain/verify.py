"""Records run again: `verify` asks whether every number of a file of results stands.

Videos, settings and the digest of the weights come from the record; permissions and places come
from the command line (`benchmarks.verify_and_explain.plan_again.Given`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leo_bench.benchmarks.scores.acd import acd_again
from leo_bench.benchmarks.scores.drift import drift_again
from leo_bench.benchmarks.scores.leverage import leverage_of
from leo_bench.benchmarks.scores.nearest import nearest_again
from leo_bench.benchmarks.scores.precision import precision_of
from leo_bench.benchmarks.scores.repetition import repetition_again
from leo_bench.benchmarks.scores.score import score_plan
from leo_bench.benchmarks.verify_and_explain.numbers_again import Comparison, Numbers, together
from leo_bench.benchmarks.verify_and_explain.plan_again import NOTHING_GIVEN, Given, plan_of
from leo_bench.benchmarks.verify_and_explain.recorded import NUMBERS, changed_facts
from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.documents import (
    AnyRecord,
    Document,
    NearestExtra,
    document_of,
    read_documents,
)
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.reports.records import record_files

# What rests on derivatives of the number by each video (intervals, errors, fits) or on small parts
# of it moves by so much more, relative to the number.
OF_INFLUENCES = 10.0

# The published form is in float32: its rounding is about as large as its distance to float64.
FLOAT32_TOLERANCE = 3.0

# How each score of one set of videos is made again.
SCORES: dict[str, Callable[[ScoreRecord, Resources, Given], ScoreRecord]] = {
    "acd": acd_again,
    "drift": drift_again,
    "repetition": repetition_again,
}

COUNTS = ("n_real", "n_fake", "videos_used", "frames_seen", "frames_without")

# Fields that say whose videos a number is of: digests decide, wherever the videos lie now.
FINGERPRINTS = ("real", "fake", "source", "train", "held_out")


def compare_document(
    document: Document, resources: Resources, given: Given = NOTHING_GIVEN
) -> list[Comparison]:
    """Make everything in a file of results again; one comparison a record, and of what is beside.

    Raises:
        InputError: what it was made from is no longer there, or is not what it was.
    """
    if document.kind not in ("precision", "leverage", "nearest"):
        return [compare(record, resources, given) for record in document.records]
    again = _again(document, resources, given)
    return [_of_report(document, again)]


def compare(record: AnyRecord, resources: Resources, given: Given = NOTHING_GIVEN) -> Comparison:
    """Compute a record's numbers again, by the record's own protocol settings.

    Raises:
        InputError: what it was made from is no longer there; the weights have another digest.
    """
    return _compared(record, record_again(record, resources, given))


def record_again(record: AnyRecord, resources: Resources, given: Given) -> AnyRecord:
    """The record made anew.

    Raises:
        InputError: as `compare`, or nothing here makes such scores.
    """
    if isinstance(record, Record):
        return score_plan(plan_of(record, given), resources)
    if record.metric not in SCORES:
        raise InputError(f"{record.metric}: no such score; known are {', '.join(SCORES)}")
    return SCORES[record.metric](record, resources, given)


@dataclass(frozen=True)
class Verified:
    """One file of results below a folder.

    Args:
        key: its path in the folder, without ending.
        found: a comparison a record; empty where it could not be made again, and `why` says why.
    """

    key: str
    found: tuple[Comparison, ...]
    why: str = ""


def verify_folder(
    folder: Path, resources: Callable[[str], Resources], given: Given
) -> Iterator[Verified]:
    """Every file of results below a folder, made again one by one.

    Raises:
        InputError: the folder holds none.
    """
    paths = record_files(folder)
    if not paths:
        raise InputError(f"{folder}: no record is in there")
    for path in paths:
        key = path.relative_to(folder).with_suffix("").as_posix()
        try:
            document = read_documents(path)
            yield Verified(key, tuple(compare_document(document, resources(key), given)))
        except (InputError, InfrastructureError) as error:
            yield Verified(key, (), " ".join(str(error).split()))


def _again(document: Document, resources: Resources, given: Given) -> Document:
    if isinstance(document.extra, NearestExtra):
        return document_of("nearest", [], nearest_again(document.extra, resources, given))
    (record,) = document.records
    if not isinstance(record, Record):
        raise InputError(f"{document.kind} of a {record.metric}: nothing here makes such")
    chosen = plan_of(record, given)
    if document.kind == "precision":
        return precision_of(chosen, resources).document
    return leverage_of(chosen, resources).document


def _of_report(then: Document, now: Document) -> Comparison:
    """A distance with what stands beside it, or what stands alone."""
    parts = [_compared(mine, other) for mine, other in zip(then.records, now.records, strict=True)]
    numbers = Numbers(max([abs(record.value) for record in then.records], default=0.0))
    after = _beside(now)
    for name, value in _beside(then).items():
        numbers.compare(name, value, after.get(name), OF_INFLUENCES)
    parts.append(numbers.comparison())
    if isinstance(then.extra, NearestExtra) and isinstance(now.extra, NearestExtra):
        parts.append(_videos(then.extra.content(), now.extra.content()))
    return together(parts)


def _beside(document: Document) -> dict[str, Any]:
    """The numbers beside a record, by name; those of videos by the video's name."""
    if document.extra is None:
        return {}
    content = document.extra.model_dump(mode="json")
    if document.kind == "precision":
        return {name: content[name] for name in ("precision", "recall")}
    if document.kind == "leverage":
        return {
            "value": content["value"],
            **{
                f"change without {side} videos": {v["video"]: v["change"] for v in content[side]}
                for side in ("real", "fake")
            },
        }
    distances = {pair["sample"]: pair["distance"] for pair in content["pairs"]}
    numbers = ("share_near", "closer_than_all", "z", "p", "held_out_distances")
    return {**{name: content[name] for name in numbers}, "distances": distances}


def _compared(then: AnyRecord, now: AnyRecord) -> Comparison:
    before, after = then.content(), now.content()
    numbers = Numbers(max(abs(exact_of(then)), abs(exact_of(now))))
    exact, published = ("value_float64", "values_float64"), ("value", "values")
    for name in NUMBERS:
        if name not in before:
            continue
        factor, slack = OF_INFLUENCES, 0.0
        if name in (*exact, *published):
            factor = 1.0
        if name in (*published, "spread") and isinstance(now, Record):
            slack = FLOAT32_TOLERANCE * float32_error(now)
        mine, others = (_numbers_in(content.get(name)) for content in (before, after))
        numbers.compare(f"{then.metric} {name}", mine, others, factor, slack)
    for name in COUNTS:
        if name in before and before[name] != after.get(name):
            numbers.differ(name, before[name], after.get(name))
    joined = together([numbers.comparison(), _videos(before, after)])
    changes = tuple(f"changed: {line}" for line in changed_facts(before, after))
    lines = (*joined.lines, *changes)
    return replace(joined, lines=lines, then=exact_of(then), now=exact_of(now))


def exact_of(record: AnyRecord) -> float:
    """The number in float64, where a record tells both forms apart."""
    return record.value_float64 if isinstance(record, Record) else record.value


def float32_error(record: Record) -> float:
    """How far the published form lies beside the one in float64, at most."""
    pairs = zip(record.values, record.values_float64, strict=True)
    return max(abs(published - exact) for published, exact in pairs)


def _numbers_in(value: Any) -> Any:
    """A field's numbers: of a table those that were measured, without its words and videos."""
    if not isinstance(value, Mapping):
        return value
    words = ("reason", "method", "source", "videos_used", "paired", "interval_level")
    return {name: inner for name, inner in value.items() if name not in words}


def _videos(before: Mapping[str, Any], after: Mapping[str, Any]) -> Comparison:
    """Whether the videos are the same, by their digests."""
    lines, differing = [], []
    for side in FINGERPRINTS:
        then, now = before.get(side), after.get(side)
        if isinstance(then, dict) and isinstance(now, dict):
            one, other = then["fingerprint"], now["fingerprint"]
            if one != other:
                name = "videos" if side == "source" else f"{side} videos"
                lines.append(f"{name} {one[:16]} then, {other[:16]} now: other videos")
                differing.append(name)
    return Comparison(not lines, tuple(lines), tuple(differing))
