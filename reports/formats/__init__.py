"""The formats of a table, by name: each makes one string of a filled table.

Whatever comes from names or files is escaped.
"""

from collections.abc import Callable
from dataclasses import dataclass

from leo_bench.reports.formats.comma_separated import as_csv
from leo_bench.reports.formats.hypertext import as_page
from leo_bench.reports.formats.latex import as_latex
from leo_bench.reports.formats.markdown import as_markdown
from leo_bench.reports.formats.terminal import as_terminal
from leo_bench.reports.tables import Table


@dataclass(frozen=True)
class Format:
    """A way to write a table, and the ending of its files."""

    write: Callable[[Table], str]
    ending: str


FORMATS = {
    "terminal": Format(as_terminal, "txt"),
    "markdown": Format(as_markdown, "md"),
    "latex": Format(as_latex, "tex"),
    "csv": Format(as_csv, "csv"),
    "html": Format(as_page, "html"),
}
