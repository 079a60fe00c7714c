"""A table of the paper as lines of text for a terminal."""

from leo_bench.evaluation.files.printable import printable
from leo_bench.reports.grid import Text, grid_of
from leo_bench.reports.plain_tables import terminal_table
from leo_bench.reports.tables import Table

BEST = " <"


def as_terminal(table: Table) -> str:
    """The table as lines of text; the best number of a column has a "<" behind it."""
    grid = grid_of(table)
    groups = [group for group, width in grid.groups for _ in range(width)]
    heads = ["\nMethod" if grid.is_grouped else "Method"]
    for group, column in zip(groups, grid.columns, strict=True):
        label = _cell(column).replace("_", "")
        heads.append(f"{_cell(group)}\n{label}" if grid.is_grouped else label)
    rows = [
        [_cell(cell) for cell in (line.label, *(line.cells or [Text()] * len(grid.columns)))]
        for line in grid.lines
    ]
    align = ["left", *["right"] * len(grid.columns)]
    lines = [grid.layout.heading, "", terminal_table(heads, rows, align=align), ""]
    lines += [f"{mark}  {words}" for mark, words in grid.signs]
    lines += [f"({i}) {printable(text)}" for i, text in enumerate(grid.footnotes, start=1)]
    lines += [note.replace("Bold:", f"{BEST.strip()}:") for note in grid.notes]
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: Text) -> str:
    signs = "".join(mark for mark in text.marks if not mark.isdigit())
    numbers = ",".join(mark for mark in text.marks if mark.isdigit())
    marks = signs + (f" ({numbers})" if numbers else "")
    first, *rest = map(printable, text.lines)
    return "\n".join([first + (BEST if text.bold else "") + marks, *rest])
