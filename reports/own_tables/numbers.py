"""The numbers of a folder of records, each with the facts that a table is made along."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leo_bench.evaluation.metrics import is_higher_better
from leo_bench.evaluation.records.comparison import ScoresExtra
from leo_bench.evaluation.records.distance import Record, record_path
from leo_bench.evaluation.records.documents import AnyRecord, Document, read_documents
from leo_bench.evaluation.records.preference import PreferenceRecord, preference_path
from leo_bench.evaluation.records.score import score_record_path
from leo_bench.evaluation.records.shares import PrecisionExtra
from leo_bench.evaluation.uncertainty.variance import LEVEL
from leo_bench.reports.dataframe import row_of
from leo_bench.reports.origins import ModelFacts, Origin, origin_of, read_models
from leo_bench.reports.records import (
    RecordTree,
    Shown,
    StoredRecord,
    read_sound,
    record_files,
    stored_in,
)

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
    def is_of_raters(self) -> bool:
        """Whether it is a share of raters' answers, which is of no side and not ranked."""
        return bool(self.content["kind"] == "preference")

    @property
    def is_real_side(self) -> bool:
        """Whether it is a score of real videos."""
        return self.content.get("side") == "real"


def numbers_of(place: Path) -> list[Number]:
    """Every number of a file, or below a folder, in the order of their keys.

    A number that stands in a file of its own and in a document of `leo-bench score` is given once.

    Raises:
        InputError: no such place, or a file of it that cannot be read or contradicts itself.
    """
    if place.is_file():
        return _numbers(place.parent, stored_in(place, place.stem), [place])
    return _numbers(place, list(read_sound(place).values()), record_files(place))


def numbers_in(tree: RecordTree) -> list[Number]:
    """As `numbers_of`, of a folder whose files that cannot be read are left out.

    Raises:
        InputError: `models.toml` of the folder cannot be read.
    """
    files = [
        path
        for path in record_files(tree.folder)
        if path.relative_to(tree.folder).with_suffix("").as_posix() not in tree.broken
    ]
    return _numbers(tree.folder, list(tree.records.values()), files)


def _numbers(folder: Path, stored: Sequence[StoredRecord], files: Sequence[Path]) -> list[Number]:
    """The numbers of records, and of documents among `files` that hold several."""
    models = read_models(folder)
    found = [_number(one, folder, models) for one in stored]
    known = {one.path for one in stored}
    documents = [(path, read_documents(path)) for path in files if path not in known]
    seen = {(one.record.to_json(), one.metric) for one in stored if documents}
    # Those of `leo-bench score` last: their numbers may have files of their own.
    for path, document in sorted(
        documents, key=lambda pair: isinstance(pair[1].extra, ScoresExtra)
    ):
        several = isinstance(document.extra, ScoresExtra)
        key = path.relative_to(folder).with_suffix("").as_posix()
        subjects = [
            StoredRecord(
                f"{key}/{i}" if several else key,
                path,
                record,
                record.content(),
                "" if several else path.parent.name,
            )
            for i, record in enumerate(document.records)
        ]
        for subject, number in _of_document(document, subjects, folder, models):
            name = (subject.record.to_json(), number.metric)
            if not (several and name in seen):
                found.append(number)
            seen.add(name)
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
    """The facts of a record.

    Where its path below `folder` does not name benchmark and model, they are those of the folders
    that it lies in, if --records made these, and else those that --records would make.
    """
    facts = row_of(stored)
    if len(stored.path.relative_to(folder).parts) >= DEPTH:
        return facts
    record = stored.record
    if isinstance(record, Record):
        place = record_path(Path(), record)
    elif isinstance(record, PreferenceRecord):
        place = preference_path(Path(), record)
    else:
        place = score_record_path(Path(), record)
    benchmark, model, _ = place.parts
    if stored.model and stored.path.resolve().parts[-DEPTH:][0] == benchmark:
        model = stored.model
    return facts | {"benchmark": benchmark, "model": model}


def _of_document(
    document: Document,
    subjects: Sequence[StoredRecord],
    folder: Path,
    models: Mapping[str, ModelFacts],
) -> Iterator[tuple[StoredRecord, Number]]:
    """The numbers of a document of several, each with the record that it belongs to.

    Args:
        document: precision and recall, or the numbers of `leo-bench score`; others give none.
        subjects: its records.
        folder: the folder of records.
        models: declared origins.
    """
    extra = document.extra
    shares: list[tuple[StoredRecord, PrecisionExtra]] = []
    if isinstance(extra, PrecisionExtra):
        shares = [(subjects[0], extra)]
    elif isinstance(extra, ScoresExtra):
        yield from ((subject, _number(subject, folder, models)) for subject in subjects)
        shares = [(subjects[one.record], one.shares) for one in extra.precision]
    for subject, found in shares:
        yield from ((subject, share) for share in _shares(subject, found, folder, models))


def _shares(
    subject: StoredRecord, found: PrecisionExtra, folder: Path, models: Mapping[str, ModelFacts]
) -> Iterator[Number]:
    """Precision and recall of the features of a distance."""
    for metric, share in (("precision", found.precision), ("recall", found.recall)):
        low, high = share.interval or (None, None)
        key = f"{subject.key}/{metric}"
        facts = _facts(subject, folder) | {
            "key": key,
            "kind": "share",
            "metric": metric,
            "value": share.value,
            "value_float64": share.value,
            "spread": None,
            "low": low,
            "high": high,
            "interval_level": None if share.interval is None else LEVEL,
            "standard_error": None,
            "fvd_infinity": None,
        }
        content = {**subject.content, "metric": metric, "spread": None, "notes": ()}
        content["neighbours"] = found.neighbours
        shown = Shown(share.value, share.interval)
        yield Number(key, metric, shown, None, facts, content, origin_of(subject, models), None)
