"""A table of the paper as CSV, or as a DataFrame: one row for each cell."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from leo_bench.evaluation.files.printable import csv_cell
from leo_bench.reports.measured import Measured
from leo_bench.reports.tables import Cell, Table, TableRow

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = (
    "table", "row", "model", "group", "column", "dataset", "resolution", "frames", "metric",
    "printed", "printed_spread", "printed_opposite", "printed_origin", "printed_source",
    "measured", "measured_spread", "measured_low", "measured_high", "measured_origin",
    "comparable", "difference", "difference_low", "difference_high", "recipe", "caveats", "record",
    "samples", "samples_low", "samples_high", "samples_recipe", "samples_caveats",
)  # fmt: skip


def as_csv(frame: "DataFrame") -> str:
    """One line for each row; numbers with all their digits, text guarded against spreadsheets."""
    guarded = frame.map(lambda v: csv_cell(v) if isinstance(v, str) else v)
    return str(guarded.to_csv(index=False, lineterminator="\n"))


def cells_frame(table: Table) -> "DataFrame":
    """The columns `COLUMNS`, dtype object, one row for each cell that holds a number.

    Printed numbers are `decimal.Decimal`, with the paper's digits; an absent value is None.
    """
    from pandas import DataFrame

    rows = [
        [_content(table, row, cell).get(name) for name in COLUMNS]
        for row in table.rows
        for cell in row.cells
        if cell.printed is not None or cell.measured is not None or cell.samples
    ]
    return DataFrame(rows, columns=COLUMNS, dtype=object)


def _content(table: Table, row: TableRow, cell: Cell) -> dict[str, object]:
    content: dict[str, object] = {
        "table": table.layout.id,
        "row": row.head.label,
        "model": row.head.model,
        "group": cell.group.label,
        "column": cell.column.label,
        "dataset": cell.group.dataset,
        "resolution": cell.group.resolution,
        "frames": cell.group.frames,
        "metric": row.head.metric or cell.column.metric,
    }
    printed = cell.printed
    if printed is not None:
        content |= {
            "printed": printed.value,
            "printed_spread": printed.spread,
            "printed_opposite": cell.opposite and cell.opposite.value,
            "printed_origin": printed.origin,
            "printed_source": f"{printed.source}, {printed.where}",
        }
    if cell.measured is not None:
        content |= _measured(cell, cell.measured)
    if cell.samples:
        ends = [sample.interval or ("", "") for sample in cell.samples]
        caveats = dict.fromkeys(c for sample in cell.samples for c in sample.caveats)
        content |= {
            "samples": _listed(sample.value for sample in cell.samples),
            "samples_low": _listed(low for low, _ in ends),
            "samples_high": _listed(high for _, high in ends),
            "samples_recipe": _listed(sample.recipe for sample in cell.samples),
            "samples_caveats": _listed(caveats),
        }
    return content


def _measured(cell: Cell, measured: Measured) -> dict[str, object]:
    low, high = measured.interval or (None, None)
    difference_low, difference_high = cell.difference_interval or (None, None)
    return {
        "measured": measured.value,
        "measured_spread": measured.spread,
        "measured_low": low,
        "measured_high": high,
        "measured_origin": measured.origin,
        "comparable": "no" if measured.caveats else "yes",
        "difference": cell.difference,
        "difference_low": difference_low,
        "difference_high": difference_high,
        "recipe": measured.recipe,
        "caveats": "; ".join(measured.caveats),
        "record": measured.key,
    }


def _listed(values: Iterable[object]) -> str:
    """The values of several sets of samples in one field."""
    return "; ".join(map(str, values))
