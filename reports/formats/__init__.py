"""The formats of a table, by name: each makes one string of a filled table.

Whatever comes from names or files is escaped.
"""

from collections.abc import Callable
from dataclasses import dataclass

from leo_bench.reports.formats.comma_separated import as_csv, cells_frame
from leo_bench.reports.formats.hypertext import as_page
from leo_bench.reports.formats.latex import as_latex
from leo_bench.reports.formats.markdown import as_markdown
from leo_bench.reports.formats.terminal import as_terminal
from leo_bench.reports.grid import TableGrid, grid_of
from leo_bench.reports.own_tables.filling import OwnTable
from leo_bench.reports.tables import Table

AnyTable = Table | OwnTable  # a table of the paper, or of records


@dataclass(frozen=True)
class Format:
    """A way to write a table, and the ending of its files."""

    write: Callable[[AnyTable], str]
    ending: str


def _drawn(write: Callable[[TableGrid], str]) -> Callable[[AnyTable], str]:
    """The same of a table in place of its grid."""
    return lambda table: write(table.grid if isinstance(table, OwnTable) else grid_of(table))


def _listed(table: AnyTable) -> str:
    return as_csv(table.frame if isinstance(table, OwnTable) else cells_frame(table))


FORMATS = {
    "terminal": Format(_drawn(as_terminal), "txt"),
    "markdown": Format(_drawn(as_markdown), "md"),
    "latex": Format(_drawn(as_latex), "tex"),
    "csv": Format(_listed, "csv"),
    "html": Format(_drawn(as_page), "html"),
}
