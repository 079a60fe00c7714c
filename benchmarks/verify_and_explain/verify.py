"""Verify: compute every number of a file of results again, and compare.

Videos, settings and the digest of the weights come from the record; permissions and places come
from the command line (`benchmarks.verify_and_explain.plan_of_record.Given`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leo_bench.benchmarks.verify_and_explain.compare_numbers import Comparison, Numbers, together
from leo_bench.benchmarks.verify_and_explain.measure_again import (
    document_again,
    record_again,
    scores_again,
)
from leo_bench.benchmarks.verify_and_explain.plan_of_record import NOTHING_GIVEN, Given
from leo_bench.benchmarks.verify_and_explain.record_facts import NUMBERS, changed_facts
from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.records.comparison import ScoresExtra
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.documents import (
    Document,
    MeasuredRecord,
    NearestExtra,
    measured_of,
    read_documents,
)
from leo_bench.evaluation.records.shares import PrecisionExtra
from leo_bench.reports.records import record_files

# Numbers that rest on the influence of each video (intervals, errors, fits) differ more between
# machines, by this factor.
OF_INFLUENCES = 10.0

# The published form may be in float32, whose rounding is about its distance to float64.
FLOAT32_TOLERANCE = 3.0

OF_RATERS = (
    "raters' answers, which cannot be measured again: run `leo-bench study results` on the study "
    "and its answers again"
)

COUNTS = ("n_real", "n_fake", "videos_used", "frames_seen", "frames_without")

# Fields of sides, whose digests tell whether the videos are the same.
FINGERPRINTS = ("real", "fake", "source", "train", "held_out")


def compare_document(
    document: Document, resources: Resources, given: Given = NOTHING_GIVEN
) -> list[Comparison]:
    """Compute a file of results again; one comparison for each record.

    Of a document of `leo-bench score` the last one is of its precision and its differences.

    Raises:
        InputError: videos or weights are gone or have changed; a plan, which has no videos;
            raters' answers.
    """
    if document.kind in ("study", "preference"):
        raise InputError(OF_RATERS)
    if document.kind == "plan":
        raise InputError("a plan is no measurement: run `leo-bench plan` again, and verify records")
    if isinstance(document.extra, ScoresExtra):
        records, extra = scores_again(document, document.extra, resources, given)
        now = Document(document.kind, tuple(records), extra)
        each = [
            _compared(mine, other)
            for mine, other in zip(measured_of(document), records, strict=True)
        ]
        return [*each, _compared_beside(document, now)]
    if document.kind not in ("precision", "leverage", "nearest"):
        return [compare(record, resources, given) for record in measured_of(document)]
    return [_of_report(document, document_again(document, resources, given))]


def compare(
    record: MeasuredRecord, resources: Resources, given: Given = NOTHING_GIVEN
) -> Comparison:
    """Compute a record's numbers again, by the record's own protocol settings.

    Raises:
        InputError: as `record_again`.
    """
    return _compared(record, record_again(record, resources, given))


@dataclass(frozen=True)
class Verified:
    """One file of results below a folder.

    Args:
        key: its path in the folder, without ending.
        found: one comparison for each record; empty if it could not be computed again.
        why: the reason, if it could not.
    """

    key: str
    found: tuple[Comparison, ...]
    why: str = ""


def verify_folder(
    folder: Path, resources: Callable[[str], Resources], given: Given
) -> Iterator[Verified]:
    """Compute every file of results below a folder again, one by one.

    Raises:
        InputError: the folder holds no results.
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


def _of_report(then: Document, now: Document) -> Comparison:
    """The comparison of a distance's record and of what the command found besides."""
    pairs = zip(measured_of(then), measured_of(now), strict=True)
    parts = [_compared(mine, other) for mine, other in pairs]
    parts.append(_compared_beside(then, now))
    if isinstance(then.extra, NearestExtra) and isinstance(now.extra, NearestExtra):
        parts.append(_videos(then.extra.content(), now.extra.content()))
    joined = together(parts)
    if isinstance(then.extra, PrecisionExtra) and isinstance(now.extra, PrecisionExtra):
        return replace(joined, then=then.extra.precision.value, now=now.extra.precision.value)
    return joined


def _compared_beside(then: Document, now: Document) -> Comparison:
    """The comparison of what documents have besides their records."""
    numbers = Numbers(max([abs(record.value) for record in then.records], default=0.0))
    after = _beside(now)
    for name, value in _beside(then).items():
        numbers.compare(name, value, after.get(name), OF_INFLUENCES)
    return numbers.comparison()


def _beside(document: Document) -> dict[str, Any]:
    """The numbers beside a record by name; numbers of videos by the video's name."""
    if document.extra is None:
        return {}
    content = document.extra.model_dump(mode="json")
    if document.kind == "scores":
        return {
            **{
                f"{share} of record {one['record']}": one["shares"][share]
                for one in content["precision"]
                for share in ("precision", "recall")
            },
            **{
                f"difference of records {one['first']} and {one['second']}": {
                    name: one[name] for name in ("value", "interval", "standard_error", "paired")
                }
                for one in content["differences"]
            },
        }
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


def _compared(then: MeasuredRecord, now: MeasuredRecord) -> Comparison:
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


def exact_of(record: MeasuredRecord) -> float:
    """The number in float64, if the record has both forms."""
    return record.value_float64 if isinstance(record, Record) else record.value


def float32_error(record: Record) -> float:
    """The largest distance between the published form and float64."""
    pairs = zip(record.values, record.values_float64, strict=True)
    return max(abs(published - exact) for published, exact in pairs)


def _numbers_in(value: Any) -> Any:
    """A field's numbers; of a table those that were measured."""
    if not isinstance(value, Mapping):
        return value
    words = ("reason", "method", "source", "videos_used", "paired", "interval_level")
    return {name: inner for name, inner in value.items() if name not in words}


def _videos(before: Mapping[str, Any], after: Mapping[str, Any]) -> Comparison:
    """The comparison of the videos, by their digests."""
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
