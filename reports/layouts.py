"""Layouts of tables as data: `tables/ID.toml` names rows, columns and footnotes of a table.

The numbers are elsewhere: printed ones in `baselines/published.csv`, measured ones in records.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.known_names import known_are
from leo_bench.evaluation.files.schema import Data, Named, list_named, load_named

FOLDER = Path(__file__).parent / "tables"


class Column(Data):
    """One column of numbers.

    Args:
        label: its head; what follows a "_" is a subscript.
        metric: its metric; "" if the rows name their metrics.
        protocol: id of the protocol that a measured number must have to be comparable; "": the
            column shows no measured numbers.
        samples: number of fakes that a measured FVD or KVD must have to be comparable; None: any.
        digits: decimal places of measured numbers without an interval; printed ones keep their own.
        better: which numbers are the better ones.
    """

    label: str
    metric: str = ""
    protocol: str = ""
    samples: int | None = None
    digits: int
    better: Literal["lower", "higher"] = "lower"


class Group(Data):
    """Columns of one data set at one resolution and length.

    Args:
        label: the head over the columns.
        dataset, resolution, frames: as in the printed numbers.
        benchmark: id in `benchmarks/suites`; "" if no suite measures it.
        split, stride: of the real videos, for a measured number to be comparable.
        measured_at: resolution of measured numbers if the paper states none.
        stand_in: what the data set stands in for if it is not the paper's, else "".
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
        model: name of its records (`leo-bench run --model NAME=...`).
        method, setting, against: key of its printed numbers.
        metric: its metric, if the columns name none.
        panel: heading above this row and the next ones that name the same panel.
        apart: exclude the row from the search for the best number of a column.
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
    """A note on a row (its `model`), a column ("BENCHMARK/METRIC"), a cell (both), or the table."""

    text: str
    row: str = ""
    column: str = ""


class Layout(Named):
    """One table.

    Args:
        title: what it shows.
        where: its name in the paper; "" for a table of this project.
        source: the paper.
        suite: the suite whose records fill it; "" if none does.
    """

    title: str
    where: str = ""
    source: str = ""
    suite: str = ""
    group: tuple[Group, ...]
    row: tuple[LayoutRow, ...]
    footnote: tuple[Footnote, ...] = ()

    @model_validator(mode="after")
    def _footnotes_and_metrics_fit(self) -> "Layout":
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

    @property
    def heading(self) -> str:
        """The title with the table's number."""
        return f"{self.where}. {self.title}" if self.where else self.title

    def columns(self) -> Iterator[tuple[Group, Column]]:
        """Every column with its group, from left to right."""
        return ((group, column) for group in self.group for column in group.column)

    def notes_of(self, row: str, column: str) -> list[str]:
        """Footnotes of exactly this row ("": none), column ("": none), or cell."""
        return [n.text for n in self.footnote if (n.row, n.column) == (row, column)]


def column_id(group: Group, column: Column) -> str:
    """The name of a column in footnotes."""
    return f"{group.benchmark or group.dataset}/{column.metric}"


def load_layout(name: str) -> Layout:
    """The table with this number or id: "1", "table1", "toy".

    Raises:
        InputError: there is none; the message lists the known ones.
    """
    if name.isdigit():
        known = [layout.id.removeprefix("table") for layout in list_layouts()]
        if name not in known:
            raise InputError(f"no table {name!r}; {known_are(name, known)}")
        name = f"table{name}"
    return load_named(Layout, FOLDER, name, "table")


def list_layouts() -> list[Layout]:
    """Every table, by id."""
    return list_named(Layout, FOLDER)
