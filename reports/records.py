"""A folder of records, read: `FOLDER/BENCHMARK/MODEL/METRIC.json` and what lies beside them."""

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

# A record that was set aside for a newer one carries the time of its making.
SET_ASIDE = re.compile(r"\.\d{8}T\d{6}\.\d+$")


@dataclass(frozen=True)
class Stored:
    """One record on disk.

    Args:
        path: the file.
        record: as it was read and checked.
        content: the same as JSON.
        model: the name that it is kept under: its folder's.
    """

    path: Path
    record: AnyRecord
    content: Mapping[str, Any]
    model: str

    @property
    def metric(self) -> str:
        """Its name."""
        return self.record.metric

    @property
    def value(self) -> float:
        """In float64 where the record tells both forms apart."""
        record = self.record
        return record.value_float64 if isinstance(record, Record) else record.value

    @property
    def published(self) -> "Shown":
        """The number as its protocol computes it, and the interval around that.

        The interval lies around the float64 form; the protocol's own may be a little beside it.
        """
        interval = self.record.interval
        if interval is not None:
            shift = self.record.value - self.value
            interval = (interval[0] + shift, interval[1] + shift)
        return Shown(self.record.value, interval)

    @property
    def exact(self) -> "Shown":
        """The number in float64, which statistics give again, and its interval."""
        return Shown(self.value, self.record.interval)


@dataclass(frozen=True)
class Shown:
    """A number and its interval, of one form: what stands side by side on a page."""

    value: float
    interval: tuple[float, float] | None

    @property
    def value_text(self) -> str:
        """Four digits."""
        return f"{self.value:.4g}"

    @property
    def interval_text(self) -> str:
        """Four digits; "" where there is none."""
        return "" if self.interval is None else "[{:.4g}, {:.4g}]".format(*self.interval)


@dataclass(frozen=True)
class Tree:
    """The records of a folder by key (path without ending), and why others cannot be read."""

    records: dict[str, Stored]
    broken: dict[str, str]


def read_tree(folder: Path) -> Tree:
    """Every record below `folder`, less those set aside for newer ones.

    A document of several records gives each under its own key. One of precision, leverage or
    nearest videos is checked like all, and gives none: the distance in it is only what it is about.

    Raises:
        InputError: no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of records")
    records: dict[str, Stored] = {}
    broken: dict[str, str] = {}
    for path in record_files(folder):
        key = path.relative_to(folder).with_suffix("").as_posix()
        try:
            document = read_documents(path)
        except InputError as error:
            broken[key] = str(error)
            continue
        for name, record in _named(key, document):
            several = document.kind not in RECORDS
            model = name.rpartition("/")[2] if several else path.parent.name
            records[name] = Stored(path, record, record.content(), model)
    return Tree(records, broken)


def record_files(folder: Path) -> list[Path]:
    """The files below `folder` that hold results, in order; less those set aside and hidden."""
    return [
        path
        for path in sorted(folder.rglob("*.json"))
        if not path.name.startswith(".") and not SET_ASIDE.search(path.stem)
    ]


def _named(key: str, document: Document) -> Iterator[tuple[str, AnyRecord]]:
    if document.kind in RECORDS:
        yield key, document.records[0]
    elif document.kind in LISTS:
        taken: set[str] = set()
        for record in document.records:
            source = record.source if not isinstance(record, Record) else record.fake
            name = slug(source.name)
            while name in taken:
                name += "-again"
            taken.add(name)
            yield f"{key}/{name}", record
