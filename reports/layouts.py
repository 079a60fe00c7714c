"""A table as data: `tables/ID.toml` says what stands in which row and column, and what to know.

The numbers are elsewhere: printed ones in `baselines/published.csv`, measured ones in records.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data, Named, list_named, load_named, load_toml

FOLDER = Path(__file__).parent / "tables"
PROTOCOLS = Path(__file__).parent / "protocols.toml"


class Column(Data):
    """One column of numbers.

    Args:
        label: its head; what follows a "_" is a subscript.
        metric: what it holds; "" where the rows say.
        protocol: id of the protocol that a measured number must have; "": nothing measured stands
            here.
        samples: fakes that a measured FVD or KVD must have been made from; None: any number.
        digits: behind the point, of measured numbers; printed ones keep their own.
        better: which numbers are the better ones.
    """

    label: str
    metric: str = ""
    protocol: str = ""
    samples: int | None = None
    digits: int
    better: Literal["lower", "higher"] = "lower"


class Group(Data):
    """Columns of one data set at one size and length.

    Args:
        label: the head over them.
        dataset, resolution, frames: as in the printed numbers.
        benchmark: id in `benchmarks/suites`; "" where nothing can be measured.
        split, stride: of the real side of a measured number.
        measured_at: side in pixels of a measured number, where the paper states none.
        stand_in: what the data set stands in for, where it is not the paper's; or "".
    """

    label: str
    dataset: str
    resolution: int | None = None
    frames: int | None = None
    benchmark: str = ""
    split: str = ""
    stride: int = 1
    measured_at: int | None = None
    stand_in: str = ""
    column: tuple[Column, ...]


class LayoutRow(Data):
    """One row.

    Args:
        label: its head.
        model: name under which records of it are kept (`leo-bench run --model NAME=...`).
        method, setting, against: where its printed numbers stand.
        metric: what it holds, where the columns do not say.
        panel: heading over it and the rows that follow with the same one.
        apart: the best of a column is not sought among rows like this one.
    """

    label: str
    model: str
    method: str = ""
    setting: str = ""
    against: str = ""
    metric: str = ""
    panel: str = ""
    apart: bool = False


class Footnote(Data):
    """What to know of a row (by `model`), a column ("BENCHMARK/METRIC"), a cell, or of all."""

    text: str
    row: str = ""
    column: str = ""


class Layout(Named):
    """One table.

    Args:
        title: what it shows.
        where: the paper's name of it; "" for a table of our own.
        source: the paper.
        suite: the suite whose records fill it; "" where none can.
    """

    title: str
    where: str = ""
    source: str = ""
    suite: str = ""
    group: tuple[Group, ...]
    row: tuple[LayoutRow, ...]
    footnote: tuple[Footnote, ...] = ()

    @model_validator(mode="after")
    def _refers_to_what_there_is(self) -> "Layout":
        rows = {row.model for row in self.row}
        columns = {column_id(group, column) for group, column in self.columns()}
        for note in self.footnote:
            if note.row and note.row not in rows:
                raise ValueError(f"footnote: row {note.row!r} is none of {sorted(rows)}")
            if note.column and note.column not in columns:
                raise ValueError(f"footnote: column {note.column!r} is none of {sorted(columns)}")
        for row in self.row:
            for _, column in self.columns():
                if bool(row.metric) == bool(column.metric):
                    raise ValueError(f"{row.label}: row or column {column.label} names the metric")
        return self

    def columns(self) -> Iterator[tuple[Group, Column]]:
        """Every column with its group, from left to right."""
        for group in self.group:
            for column in group.column:
                yield group, column

    def notes_of(self, row: str, column: str) -> list[str]:
        """Footnotes of exactly that row ("": any), column ("": any), or cell."""
        return [n.text for n in self.footnote if (n.row, n.column) == (row, column)]


class KnownProtocol(Data):
    """A protocol as published: what a record must say to stand beside printed numbers."""

    version: int
    digest: str


class _Protocols(Data):
    protocol: dict[str, KnownProtocol]


def column_id(group: Group, column: Column) -> str:
    """How footnotes name a column."""
    return f"{group.benchmark or group.dataset}/{column.metric}"


def load_layout(name: str) -> Layout:
    """The table of that number or id: "1", "table1", "toy".

    Raises:
        InputError: there is none; the message lists those there are.
    """
    if name.isdigit():
        known = [layout.id.removeprefix("table") for layout in list_layouts()]
        if name not in known:
            raise InputError(f"no table {name!r}; known are {', '.join(known)}")
        name = f"table{name}"
    return load_named(Layout, FOLDER, name, "table")


def list_layouts() -> list[Layout]:
    """Every table, by id."""
    return list_named(Layout, FOLDER)


def known_protocols() -> dict[str, KnownProtocol]:
    """By id, the protocols that printed numbers were made by, as far as is known."""
    return load_toml(_Protocols, PROTOCOLS).protocol
