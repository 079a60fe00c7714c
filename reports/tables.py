"""Fills a table of the paper: printed numbers, measured numbers, and their differences.

Layout (tables/ID.toml) + printed numbers (baselines/published.csv) + records + numbers measured on
the authors' samples (authors_samples.csv) -> rows of cells, which `reports.grid` turns into text.

A difference is formed only if protocol, split, stride, number of fakes and weights are the
published ones and no caveat remains. Otherwise the table says why there is no difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from leo_bench.baselines.published import Place, Published, load_published
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import parse
from leo_bench.reports.authors_samples import read_samples
from leo_bench.reports.layouts import Column, Group, Layout, LayoutRow, column_id
from leo_bench.reports.measured import Measured, chosen, fits, known_protocols
from leo_bench.reports.origins import read_models
from leo_bench.reports.records import StoredRecord, read_sound
from leo_bench.reports.study_tables import with_raters


@dataclass(frozen=True)
class Cell:
    """One cell; any of its numbers may be absent.

    Args:
        column, group: where it stands.
        printed: the paper's number.
        opposite: the printed number of the other method, in a preference study.
        best: whether `printed` is the best of its column.
        measured: the number of a record.
        samples: numbers measured on samples that the method's authors published; never compared.
    """

    column: Column
    group: Group
    printed: Published | None
    opposite: Published | None
    best: bool
    measured: Measured | None
    samples: tuple[Measured, ...] = ()

    @property
    def difference(self) -> float | None:
        """Measured minus printed; None where the two are not comparable."""
        if self.printed is None or self.measured is None or self.measured.caveats:
            return None
        return self.measured.value - float(self.printed.value)

    @property
    def difference_interval(self) -> tuple[float, float] | None:
        """The measured number's interval minus the printed number, which is taken as exact."""
        if self.difference is None or self.measured is None or self.measured.interval is None:
            return None
        low, high = (end - self.measured.value + self.difference for end in self.measured.interval)
        return low, high


@dataclass(frozen=True)
class TableRow:
    """One row; `in_layout` is false for a measured model that the paper does not have."""

    head: LayoutRow
    in_layout: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A filled table.

    Args:
        unused: keys of records that belong to no cell of it.
    """

    layout: Layout
    rows: tuple[TableRow, ...]
    unused: tuple[str, ...]

    @property
    def cells(self) -> list[Cell]:
        """Every cell, row by row."""
        return [cell for row in self.rows for cell in row.cells]

    @property
    def has_numbers(self) -> bool:
        """Whether any cell holds a printed or measured number."""
        return any(cell.printed or cell.measured for cell in self.cells)

    @property
    def has_measured(self) -> bool:
        """Whether any cell holds a measured number."""
        return any(cell.measured for cell in self.cells)


def fill(layout: Layout, folder: Path | None) -> Table:
    """Fill a table with the numbers that exist.

    Args:
        layout: the table.
        folder: a folder of records; None: printed numbers alone.

    Raises:
        InputError: no such folder, a damaged record in it, or none of the table's printed numbers
            is in `baselines/published.csv`.
    """
    stored = {} if folder is None else read_sound(folder)
    models = {} if folder is None else read_models(folder)
    own_rows, studied = layout.row, with_raters(layout, stored)
    layout = studied.layout
    printed, columns = _printed(layout), list(layout.columns())
    best, protocols = _best(layout, printed), known_protocols()
    placed, samples = _placed(layout, stored), read_samples(layout.id)
    rows = []
    for row in (*layout.row, *_further_models(layout, placed)):
        cells = []
        for i, (group, column) in enumerate(columns):
            number, opposite = printed.get((row.model, i), (None, None))
            found = placed.get((row.model.lower(), i))
            cells.append(
                Cell(
                    column,
                    group,
                    number,
                    opposite,
                    best=(row.model, i) in best,
                    measured=chosen(found, group, column, models, protocols)
                    if found
                    else studied.cells.get((row.model, i)),
                    samples=samples.get((row.model, column_id(group, column)), ()),
                )
            )
        rows.append(TableRow(row, row in own_rows, tuple(cells)))
    used = {record.key for candidates in placed.values() for record in candidates} | studied.used
    return Table(layout, tuple(rows), tuple(key for key in stored if key not in used))


def _printed(layout: Layout) -> dict[tuple[str, int], tuple[Published, Published | None]]:
    """The printed number of each (model, column), and the opposite one of a preference study."""
    published, found = load_published(), {}
    for row in layout.row:
        for i, (group, column) in enumerate(layout.columns()):
            if not (layout.where and row.method):
                continue
            place: dict[str, object] = {
                "where": layout.where,
                "method": row.method,
                "setting": row.setting,
                "against": row.against,
                "dataset": group.dataset,
                "resolution": group.resolution,  # not `measured_at`, which no paper states
                "frames": group.frames,
                "metric": row.metric or column.metric,
            }
            number = published.get(parse(Place, place, layout.id))
            if number is not None:
                turned = place | {"method": row.against, "against": row.method}
                other = published.get(parse(Place, turned, layout.id)) if row.against else None
                found[row.model, i] = number, other
    if layout.where and not found:
        raise InputError(f"{layout.id}: none of the printed numbers stands in {layout.where!r}")
    return found


def _best(
    layout: Layout, printed: Mapping[tuple[str, int], tuple[Published, Published | None]]
) -> set[tuple[str, int]]:
    """Places of the best printed numbers, in columns with two comparable rows or more."""
    apart = {row.model for row in layout.row if row.apart or row.against}
    best = set()
    for i, (_, column) in enumerate(layout.columns()):
        values: dict[tuple[str, int], Decimal] = {
            place: number.value
            for place, (number, _) in printed.items()
            if place[1] == i and place[0] not in apart
        }
        if len(values) > 1:
            top = (max if column.better == "higher" else min)(values.values())
            best |= {place for place, value in values.items() if value == top}
    return best


def _placed(
    layout: Layout, stored: Mapping[str, StoredRecord]
) -> dict[tuple[str, int], list[StoredRecord]]:
    """Records by model, in lower case, and column."""
    placed: dict[tuple[str, int], list[StoredRecord]] = {}
    for record in stored.values():
        for i, (group, column) in enumerate(layout.columns()):
            if fits(record, group, column):
                placed.setdefault((record.model.lower(), i), []).append(record)
    return placed


def _further_models(
    layout: Layout, placed: Mapping[tuple[str, int], Sequence[StoredRecord]]
) -> list[LayoutRow]:
    """Rows for measured models that the layout does not have, by name."""
    known = {row.model.lower() for row in layout.row}
    found: dict[str, LayoutRow] = {}
    for record in (record for records in placed.values() for record in records):
        name = record.model
        if name.lower() not in known:
            # A score of the real side alone is shown as a row of its own.
            label = f"{name} (real side)" if record.content.get("side") == "real" else name
            found[name.lower()] = LayoutRow(label=label, model=name)
    return [found[name] for name in sorted(found)]
