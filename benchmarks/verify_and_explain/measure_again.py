"""Compute a record's number again, from the same videos by the same protocol."""

from collections.abc import Callable
from typing import Any

from leo_bench.benchmarks.datasets import names_dataset
from leo_bench.benchmarks.datasets.dataset import dataset_now
from leo_bench.benchmarks.scores.acd import acd_of
from leo_bench.benchmarks.scores.drift import DriftRequest, drift_of
from leo_bench.benchmarks.scores.leverage import leverage_of
from leo_bench.benchmarks.scores.nearest import NearestRequest, find_nearest
from leo_bench.benchmarks.scores.pairs import of_distances, of_scores
from leo_bench.benchmarks.scores.plan import check_weights
from leo_bench.benchmarks.scores.precision import precision_of, shares_of
from leo_bench.benchmarks.scores.repetition import RepetitionRequest, measure_repetition
from leo_bench.benchmarks.scores.requests import FrameScoreRequest
from leo_bench.benchmarks.scores.score import Scored, scored
from leo_bench.benchmarks.scores.score_record import MeasuredScore
from leo_bench.benchmarks.sources.locations import definitions_now, where_now
from leo_bench.benchmarks.verify_and_explain.plan_of_record import (
    Given,
    permitted,
    plan_of,
    plan_of_score,
    weights_of,
)
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.records.comparison import PrecisionOf, ScoresExtra
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.documents import (
    Document,
    MeasuredRecord,
    NearestExtra,
    document_of,
    measured_of,
)
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.records.score import ScoreRecord


def record_again(record: MeasuredRecord, resources: Resources, given: Given) -> MeasuredRecord:
    """The record, computed again.

    Raises:
        InputError: videos or weights are gone, the weights have another digest, or no score of
            this name is known.
    """
    if isinstance(record, Record):
        return scored(plan_of(record, given), resources).record
    return _score_again(record, resources, given).record


def scores_again(
    document: Document, extra: ScoresExtra, resources: Resources, given: Given
) -> tuple[list[MeasuredRecord], ScoresExtra]:
    """The records of `leo-bench score`, and what its document has besides, computed again.

    Raises:
        InputError: as `record_again`; --fake, where the document has several fake sides.
    """
    measured = measured_of(document)
    fakes = {side.absolute or side.source for side in map(_fake_side, measured) if side}
    if given.fake is not None and len(fakes) > 1:
        raise InputError(
            f"the document has {len(fakes)} fake sides, and --fake names one: verify the records "
            "of one side by themselves"
        )
    distances: dict[int, Scored] = {}
    scores: dict[int, MeasuredScore[Any]] = {}
    for place, record in enumerate(measured):
        if isinstance(record, Record):
            distances[place] = scored(plan_of(record, given), resources)
        else:
            scores[place] = _score_again(record, resources, given)
    differences = []
    for one in extra.differences:
        first, second = one.first, one.second
        if first in distances:
            seed = measured[first].seed
            found = of_distances(distances[first], distances[second], seed)
        else:
            found = of_scores(scores[first], scores[second])
        differences.append(found.record(first, second))
    shares = [
        PrecisionOf(
            record=one.record,
            shares=shares_of(distances[one.record], measured[one.record].seed),
        )
        for one in extra.precision
    ]
    records: list[MeasuredRecord] = [
        distances[place].record if place in distances else scores[place].record
        for place in range(len(measured))
    ]
    return records, ScoresExtra(precision=tuple(shares), differences=tuple(differences))


def _fake_side(record: MeasuredRecord) -> SideRecord | None:
    if isinstance(record, Record):
        return record.fake
    return record.source if record.side == "fake" else None


def _score_again(record: ScoreRecord, resources: Resources, given: Given) -> MeasuredScore[Any]:
    if record.metric not in SCORES:
        raise InputError(f"{record.metric}: no such score; known are {', '.join(SCORES)}")
    return SCORES[record.metric](record, resources, given)


def document_again(document: Document, resources: Resources, given: Given) -> Document:
    """Results of nearest, precision or leverage, computed again.

    Raises:
        InputError: as `record_again`.
    """
    if isinstance(document.extra, NearestExtra):
        return document_of("nearest", [], _nearest(document.extra, resources, given))
    (record,) = document.records
    if not isinstance(record, Record):
        raise InputError(f"{document.kind} of a {record.metric}: nothing here makes such")
    chosen = plan_of(record, given)
    if document.kind == "precision":
        return precision_of(chosen, resources).document
    return leverage_of(chosen, resources).document


def _acd(record: ScoreRecord, resources: Resources, given: Given) -> MeasuredScore[Any]:
    found = acd_of(plan_of_score(record, FrameScoreRequest, given), resources)
    return next(one for one in found if one.record.side == record.side)


def _drift(record: ScoreRecord, resources: Resources, given: Given) -> MeasuredScore[Any]:
    found = drift_of([plan_of_score(record, DriftRequest, given)], resources)
    return next(one for one in found if one.record.side == record.side)


def _repetition(record: ScoreRecord, resources: Resources, given: Given) -> MeasuredScore[Any]:
    request = parse(RepetitionRequest, record.request, where="request of the record")
    changes: dict[str, object] = {
        "sources": (given.fake or where_now(record.source, "--fake"),),
        "calibrate": given.real or definitions_now(request.calibrate),
    }
    if given.data_root is not None:
        changes["data_root"] = str(given.data_root)
    again = next(iter(measure_repetition(request.model_copy(update=changes), resources)))
    check_weights(record.embedder, record.weights_sha256, again.record.weights_sha256)
    return again


# How each score of one set of videos is computed again.
SCORES: dict[str, Callable[[ScoreRecord, Resources, Given], MeasuredScore[Any]]] = {
    "acd": _acd,
    "drift": _drift,
    "repetition": _repetition,
}


def _nearest(found: NearestExtra, resources: Resources, given: Given) -> NearestExtra:
    asked = parse(NearestRequest, found.request, where="request of the report")
    weights = weights_of(found.extractor, found.weights_sha256, given)
    changes = {
        "fake": given.fake or where_now(found.fake, "--fake"),
        "train": given.real or _training_videos(asked.train, found.train),
        "held_out": None if asked.held_out is None else where_now(found.held_out, "--held-out"),
        "weights": None if weights is None else str(weights),
    }
    again = find_nearest(permitted(asked, given).model_copy(update=changes), resources)
    check_weights(found.extractor, found.weights_sha256, again.weights_sha256)
    return again


def _training_videos(spec: str, side: SideRecord) -> str:
    """A data set by its name, from which the held-out split follows; other videos by path."""
    return dataset_now(spec) if names_dataset(spec) else where_now(side, "--real")
