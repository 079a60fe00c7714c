"""A paper's table: its printed numbers, the measured ones, and their difference where there is one.

layout (tables/ID.toml) + printed numbers (baselines/published.csv) + records + what was measured of
authors' samples (authors_samples.csv) -> rows of cells;
`reports.grid` makes text of it.

A difference is only formed within one protocol, with its settings as published, the same split,
stride and number of fakes, verified weights and nothing cut short. Else the measured number stands
there with its caveats alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from leo_bench.baselines.published import Place, Published, load_published
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import parse
from leo_bench.reports.authors_samples import read_samples
from leo_bench.reports.layouts import (
    Column,
    Group,
    KnownProtocol,
    Layout,
    LayoutRow,
    column_id,
    known_protocols,
)
from leo_bench.reports.measured import Measured, Records, chosen, fits, model_of, read_records
from leo_bench.reports.records import Stored


@dataclass(frozen=True)
class Cell:
    """One cell; any of the numbers may be absent.

    Args:
        printed: what the paper has there.
        opposite: the printed number of the other method, in a preference study.
        best: whether `printed` is the best of its column.
        measured: ours.
        samples: measured of samples that the method's authors published; never compared.
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
        """Measured less printed; None where the two may not be compared."""
        if self.printed is None or self.measured is None or self.measured.caveats:
            return None
        return self.measured.value - float(self.printed.value)

    @property
    def difference_interval(self) -> tuple[float, float] | None:
        """That of the measured number, less the printed one, which is taken as it stands."""
        if self.difference is None or self.measured is None or self.measured.interval is None:
            return None
        low, high = (end - self.measured.value + self.difference for end in self.measured.interval)
        return low, high


@dataclass(frozen=True)
class TableRow:
    """One row; `row` is None for a measured model that the paper does not have."""

    label: str
    model: str
    row: LayoutRow | None
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
    def has_numbers(self) -> bool:
        """Whether any cell holds a number."""
        return any(cell.printed or cell.measured for row in self.rows for cell in row.cells)

    @property
    def has_measured(self) -> bool:
        """Whether any cell holds a measured number."""
        return any(cell.measured for row in self.rows for cell in row.cells)


def fill(layout: Layout, records: Path | None) -> Table:
    """The table with the numbers that there are.

    Raises:
        InputError: a folder of records that is absent or holds a broken one; a layout that finds
            none of its printed numbers.
    """
    found = Records({}, {}) if records is None else read_records(records)
    return filled(layout, load_published(), found)


def filled(layout: Layout, published: Mapping[Place, Published], records: Records) -> Table:
    """As `fill`, from what was read."""
    cells = {
        (row.model, i): printed
        for row in layout.row
        for i, (group, column) in enumerate(layout.columns())
        if (printed := _printed(layout, row, group, column, published)) is not None
    }
    if layout.where and not cells:
        raise InputError(f"{layout.id}: none of the printed numbers stands in {layout.where!r}")
    best = _best(layout, {place: pair[0] for place, pair in cells.items()})
    protocols = known_protocols()
    placed = _placed(layout, records.stored)
    samples = read_samples(layout.id)
    rows = []
    for row in (*layout.row, *_further_models(layout, placed)):
        is_known = row in layout.row
        filled_cells = []
        for i, (group, column) in enumerate(layout.columns()):
            number, opposite = cells.get((row.model, i), (None, None))
            candidates = placed.get((row.model.lower(), i), [])
            measured = _measured(candidates, group, column, records, protocols)
            is_best = (row.model, i) in best
            theirs = samples.get((row.model, column_id(group, column)), ())
            filled_cells.append(Cell(column, group, number, opposite, is_best, measured, theirs))
        label = row.label
        rows.append(TableRow(label, row.model, row if is_known else None, tuple(filled_cells)))
    used = {(stored.path, stored.model) for candidates in placed.values() for stored in candidates}
    unused = tuple(key for key, s in records.stored.items() if (s.path, s.model) not in used)
    return Table(layout, tuple(rows), unused)


def _printed(
    layout: Layout,
    row: LayoutRow,
    group: Group,
    column: Column,
    published: Mapping[Place, Published],
) -> tuple[Published, Published | None] | None:
    if not (layout.where and row.method):
        return None
    place: dict[str, object] = {
        "where": layout.where,
        "method": row.method,
        "setting": row.setting,
        "against": row.against,
        "dataset": group.dataset,
        # A size that the paper does not state is ours alone.
        "resolution": group.resolution,
        "frames": group.frames,
        "metric": row.metric or column.metric,
    }
    found = published.get(parse(Place, place, layout.id))
    if found is None:
        return None
    turned = place | {"method": row.against, "against": row.method}
    opposite = published.get(parse(Place, turned, layout.id)) if row.against else None
    return found, opposite


def _best(layout: Layout, cells: Mapping[tuple[str, int], Published]) -> set[tuple[str, int]]:
    """Places of the best printed numbers, of columns where two rows or more can be compared."""
    apart = {row.model for row in layout.row if row.apart or row.against}
    best = set()
    for i, (_, column) in enumerate(layout.columns()):
        values: dict[tuple[str, int], Decimal] = {
            place: number.value
            for place, number in cells.items()
            if place[1] == i and place[0] not in apart
        }
        if len(values) > 1:
            top = (max if column.better == "higher" else min)(values.values())
            best |= {place for place, value in values.items() if value == top}
    return best


def _placed(layout: Layout, stored: Mapping[str, Stored]) -> dict[tuple[str, int], list[Stored]]:
    """Records by model (in small letters) and column."""
    placed: dict[tuple[str, int], list[Stored]] = {}
    for record in stored.values():
        for i, (group, column) in enumerate(layout.columns()):
            if fits(record, group, column, column.metric):
                placed.setdefault((model_of(record).lower(), i), []).append(record)
    return placed


def _further_models(
    layout: Layout, placed: Mapping[tuple[str, int], Sequence[Stored]]
) -> list[LayoutRow]:
    known = {row.model.lower() for row in layout.row}
    found: dict[str, LayoutRow] = {}
    for records in placed.values():
        for record in records:
            name = model_of(record)
            if name.lower() not in known:
                # One side alone was asked for, and it is the real one.
                label = f"{name} (real side)" if record.content.get("side") == "real" else name
                found[name.lower()] = LayoutRow(label=label, model=name)
    return [found[name] for name in sorted(found)]


def _measured(
    candidates: list[Stored],
    group: Group,
    column: Column,
    records: Records,
    protocols: Mapping[str, KnownProtocol],
) -> Measured | None:
    if not candidates:
        return None
    return chosen(candidates, group, column, records.models, protocols)
