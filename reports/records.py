"""Reads a folder of records: FOLDER/BENCHMARK/MODEL/METRIC.json and the files beside them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.distance import Record, slug
from leo_bench.evaluation.records.documents import (
    LISTS,
    RECORDS,
    AnyRecord,
    Document,
    read_documents,
)
from leo_bench.evaluation.records.preference import PreferenceRecord
from leo_bench.evaluation.records.shown_digits import interval_text, measured_text, number_text

# The name of a record that a newer one replaced ends in the time at which it was made.
SET_ASIDE = re.compile(r"\.\d{8}T\d{6}\.\d+$")


@dataclass(frozen=True)
class Shown:
    """A number and its interval, to be shown side by side.

    Args:
        value: the number.
        interval: low and high end; None if there is none.
    """

    value: float
    interval: tuple[float, float] | None

    @property
    def value_text(self) -> str:
        """The value with the digits that its interval warrants."""
        return number_text(self.value, self.interval)

    @property
    def interval_text(self) -> str:
        """The interval with as many decimals as the value, or ""."""
        return interval_text(self.interval, self.value)

    @property
    def text(self) -> str:
        """Both, as "35 [23, 59]"."""
        return measured_text(self.value, self.interval)


@dataclass(frozen=True)
class StoredRecord:
    """One record on disk.

    Args:
        key: path below the folder of records, without ".json".
        path: the file.
        record: the record, validated.
        content: the record as JSON.
        model: name of the model: that of the record's folder.
    """

    key: str
    path: Path
    record: AnyRecord
    content: Mapping[str, Any]
    model: str

    @property
    def metric(self) -> str:
        """Name of the metric."""
        return self.record.metric

    @property
    def value(self) -> float:
        """The number, in its float64 form where the record holds two forms."""
        record = self.record
        return record.value_float64 if isinstance(record, Record) else record.value

    @property
    def videos_used(self) -> dict[str, int]:
        """Number of videos that gave the value, by side; a score has one side.

        A real side of which only statistics are known counts as none: it is the same for every
        choice of videos. A share of raters' answers has no side.
        """
        record = self.record
        if isinstance(record, PreferenceRecord):
            return {}
        if isinstance(record, Record):
            sides = {"real": record.real, "fake": record.fake}
            return {name: s.videos_used for name, s in sides.items() if not s.is_statistics}
        return {record.side: record.videos_used}

    @property
    def published(self) -> Shown:
        """The number as its protocol computes it, with its interval.

        A record's interval is around the float64 form; it is moved to the protocol's form here.
        """
        return published(self.record)

    @property
    def exact(self) -> Shown:
        """The number in its float64 form, with its interval."""
        return Shown(self.value, self.record.interval)


def metric_name(metric: str) -> str:
    """A metric in text: FVD, KVD, ...; precision, drift, ..."""
    return metric.upper() if len(metric) <= len("fvd") else metric


@dataclass(frozen=True)
class RecordTree:
    """The records of a folder by key, and by key the error of each file that cannot be read."""

    folder: Path
    records: dict[str, StoredRecord]
    broken: dict[str, str]


def published(record: AnyRecord) -> Shown:
    """A number as its protocol computes it; its interval, around float64, is moved there."""
    interval = record.interval
    if interval is not None and isinstance(record, Record):
        shift = record.value - record.value_float64
        interval = (interval[0] + shift, interval[1] + shift)
    return Shown(record.value, interval)


def read_tree(folder: Path) -> RecordTree:
    """Read every record below `folder`, except those that newer ones replaced.

    A file of several records gives each under a key of its own. A file of precision, leverage or
    nearest videos is validated too and gives none: the distance in it is only its subject.

    Raises:
        InputError: no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of records")
    records: dict[str, StoredRecord] = {}
    broken: dict[str, str] = {}
    for path in record_files(folder):
        key = path.relative_to(folder).with_suffix("").as_posix()
        try:
            records |= {stored.key: stored for stored in stored_in(path, key)}
        except InputError as error:
            broken[key] = str(error)
    return RecordTree(folder, records, broken)


def stored_in(path: Path, key: str) -> list[StoredRecord]:
    """The records of one file; `key` is that of the file.

    Raises:
        InputError: as `read_documents`.
    """
    document = read_documents(path)
    several = document.kind not in RECORDS
    return [
        StoredRecord(
            name,
            path,
            record,
            record.content(),
            name.rpartition("/")[2] if several else path.parent.name,
        )
        for name, record in _named(key, document)
    ]


def read_sound(folder: Path) -> dict[str, StoredRecord]:
    """Read every record below `folder`, by key; a damaged one is an error.

    Raises:
        InputError: no such folder, or a file in it that cannot be read or contradicts itself.
    """
    tree = read_tree(folder)
    if tree.broken:
        more = f" (and {len(tree.broken) - 1} more)" if len(tree.broken) > 1 else ""
        why = next(iter(tree.broken.values()))
        raise InputError(f"{why}{more}: mend it, or move it out of {folder}")
    return tree.records


def record_files(folder: Path) -> list[Path]:
    """The JSON files below `folder`, sorted, except hidden ones and those that were replaced."""
    return [
        path
        for path in sorted(folder.rglob("*.json"))
        if not path.name.startswith(".") and not SET_ASIDE.search(path.stem)
    ]


def _named(key: str, document: Document) -> Iterator[tuple[str, AnyRecord]]:
    if document.kind in RECORDS:
        yield key, document.records[0]
    elif document.kind in LISTS or document.kind == "study":
        taken: set[str] = set()
        for record in document.records:
            name = slug(_model(record))
            while name in taken:
                name += "-again"
            taken.add(name)
            yield f"{key}/{name}", record


def _model(record: AnyRecord) -> str:
    """The name of the videos that a record is of, or of the methods that raters compared."""
    if isinstance(record, PreferenceRecord):
        return record.model
    return record.fake.name if isinstance(record, Record) else record.source.name
