"""The numbers of a folder of records, each with the facts that a table is made along."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leo_bench.evaluation.metrics import is_higher_better
from leo_bench.evaluation.records.distance import Record, record_path
from leo_bench.evaluation.records.documents import AnyRecord, read_documents
from leo_bench.evaluation.records.score import score_record_path
from leo_bench.evaluation.records.shares import PrecisionExtra
from leo_bench.reports.dataframe import row_of
from leo_bench.reports.origins import ModelFacts, Origin, origin_of, read_models
from leo_bench.reports.records import Shown, StoredRecord, read_sound, record_files

DEPTH = 3  # BENCHMARK/MODEL/METRIC.json


@dataclass(frozen=True)
class Number:
    """One number.

    Args:
        key: of its record; of precision and recall, of their file and "/precision" or "/recall".
        metric: its metric; "precision" and "recall" are two.
        shown: value, as its protocol computes it, and interval.
        infinity: the same of FVD without small-sample bias; None if it is not told.
        facts: the columns of `reports.dataframe.COLUMNS` that its record has.
        content: its record as JSON.
        origin: where its videos come from.
        stored: its record; None of precision and recall, whose record is that of a distance.
    """

    key: str
    metric: str
    shown: Shown
    infinity: Shown | None
    facts: Mapping[str, Any]
    content: Mapping[str, Any]
    origin: Origin
    stored: StoredRecord | None

    @property
    def is_higher_better(self) -> bool:
        """Whether a larger number is the better one; recall is a row of precision's."""
        return is_higher_better("precision" if self.metric == "recall" else self.metric)

    @property
    def is_real_side(self) -> bool:
        """Whether it is a score of real videos."""
        return self.content.get("side") == "real"


def numbers_of(folder: Path) -> list[Number]:
    """Every number below a folder, in the order of their keys.

    Raises:
        InputError: no such folder, or a file in it that cannot be read or contradicts itself.
    """
    stored, models = read_sound(folder), read_models(folder)
    found = [_number(one, folder, models) for one in stored.values()]
    found += _precisions(folder, models)
    return sorted(found, key=lambda number: number.key)


def _number(stored: StoredRecord, folder: Path, models: Mapping[str, ModelFacts]) -> Number:
    return Number(
        key=stored.key,
        metric=stored.metric,
        shown=stored.published,
        infinity=_infinity(stored.record),
        facts=_facts(stored, folder),
        content=stored.content,
        origin=origin_of(stored, models),
        stored=stored,
    )


def _infinity(record: AnyRecord) -> Shown | None:
    if not isinstance(record, Record) or record.fvd_infinity is None:
        return None
    found = record.extrapolation
    return Shown(record.fvd_infinity, None if found is None else found.interval)


def _facts(stored: StoredRecord, folder: Path) -> dict[str, Any]:
    """The facts of a record; where its path names none, benchmark and model as --records would."""
    facts = row_of(stored)
    if len(stored.path.relative_to(folder).parts) < DEPTH:
        record = stored.record
        if isinstance(record, Record):
            path = record_path(Path(), record)
        else:
            path = score_record_path(Path(), record)
        facts |= {"benchmark": path.parts[0], "model": path.parts[1]}
    return facts


def _precisions(folder: Path, models: Mapping[str, ModelFacts]) -> Iterator[Number]:
    """Precision and recall of each file of that kind."""
    for path in record_files(folder):
        document = read_documents(path)
        if not isinstance(document.extra, PrecisionExtra):
            continue
        (record,) = document.records
        key = path.relative_to(folder).with_suffix("").as_posix()
        subject = StoredRecord(key, path, record, record.content(), path.parent.name)
        shares = {"precision": document.extra.precision, "recall": document.extra.recall}
        for metric, share in shares.items():
            shown = Shown(share.value, share.interval)
            low, high = share.interval or (None, None)
            name = f"{key}/{metric}"
            own = {
                "key": name,
                "kind": "share",
                "metric": metric,
                "value": share.value,
                "value_float64": share.value,
                "spread": None,
                "low": low,
                "high": high,
                "interval_level": None if share.interval is None else 0.95,
                "standard_error": None,
                "fvd_infinity": None,
            }
            content = {**subject.content, "metric": metric, "spread": None, "notes": ()}
            facts = _facts(subject, folder) | own
            origin = origin_of(subject, models)
            yield Number(name, metric, shown, None, facts, content, origin, None)
