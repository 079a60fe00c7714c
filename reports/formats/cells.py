"""A table as CSV, one line a cell."""

import csv
import io
from collections.abc import Iterable

from leo_bench.evaluation.files.printable import csv_cell
from leo_bench.reports.tables import Table

COLUMNS = (
    "table", "row", "model", "group", "column", "dataset", "resolution", "frames", "metric",
    "printed", "printed_spread", "printed_opposite", "printed_origin", "printed_source",
    "measured", "measured_spread", "measured_low", "measured_high", "measured_origin",
    "comparable", "difference", "difference_low", "difference_high", "recipe", "caveats", "record",
    "samples", "samples_low", "samples_high", "samples_recipe", "samples_caveats",
)  # fmt: skip


def as_csv(table: Table) -> str:
    """One line a cell that holds a number; measured numbers with all their digits."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in table.rows:
        for cell in row.cells:
            printed, measured = cell.printed, cell.measured
            if printed is None and measured is None and not cell.samples:
                continue
            line: dict[str, object] = {
                "table": table.layout.id,
                "row": row.label,
                "model": row.model,
                "group": cell.group.label,
                "column": cell.column.label,
                "dataset": cell.group.dataset,
                "resolution": cell.group.resolution,
                "frames": cell.group.frames,
                "metric": (row.row.metric if row.row else "") or cell.column.metric,
            }
            if printed is not None:
                line |= {
                    "printed": printed.value,
                    "printed_spread": printed.spread,
                    "printed_opposite": cell.opposite and cell.opposite.value,
                    "printed_origin": printed.origin,
                    "printed_source": f"{printed.source}, {printed.where}",
                }
            if measured is not None:
                low, high = measured.interval or (None, None)
                difference_low, difference_high = cell.difference_interval or (None, None)
                line |= {
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
            if cell.samples:
                ends = [theirs.interval or ("", "") for theirs in cell.samples]
                line |= {
                    "samples": _listed(theirs.value for theirs in cell.samples),
                    "samples_low": _listed(low for low, _ in ends),
                    "samples_high": _listed(high for _, high in ends),
                    "samples_recipe": _listed(theirs.recipe for theirs in cell.samples),
                    "samples_caveats": _listed(
                        dict.fromkeys(c for theirs in cell.samples for c in theirs.caveats)
                    ),
                }
            writer.writerow({k: csv_cell(v) if isinstance(v, str) else v for k, v in line.items()})
    return text.getvalue()


def _listed(values: Iterable[object]) -> str:
    """Several in a field: one a set of samples."""
    return "; ".join(map(str, values))
