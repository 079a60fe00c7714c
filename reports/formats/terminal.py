"""A table as lines of text for a terminal."""

from leo_bench.evaluation.files.printable import printable
from leo_bench.reports.grid import TableGrid, Text
from leo_bench.reports.plain_tables import terminal_table

BEST = " <"


def as_terminal(grid: TableGrid) -> str:
    """The table as lines of text; the best number of a column has a "<" behind it."""
    groups = [group for group, width in grid.groups for _ in range(width)]
    corner = printable(grid.corner)
    heads = [f"\n{corner}" if grid.is_grouped else corner]
    for group, column in zip(groups, grid.columns, strict=True):
        head, over = _cell(column), _cell(group).replace(", ", ",\n")
        heads.append(f"{over}\n{head}" if grid.is_grouped else head)
    rows = [
        [_cell(cell) for cell in (line.label, *(line.cells or [Text()] * len(grid.columns)))]
        for line in grid.lines
    ]
    align = ["left", *["right"] * len(grid.columns)]
    lines = [printable(grid.heading), "", terminal_table(heads, rows, align=align), ""]
    lines += [f"{mark}  {words}" for mark, words in grid.signs]
    lines += [f"({i}) {printable(text)}" for i, text in enumerate(grid.footnotes, start=1)]
    lines += [note.replace("Bold:", f"{BEST.strip()}:") for note in grid.notes]
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: Text) -> str:
    signs = "".join(mark for mark in text.marks if not mark.isdigit())
    numbers = ",".join(mark for mark in text.marks if mark.isdigit())
    marks = signs + (f" ({numbers})" if numbers else "")
    first, *rest = map(printable, text.lines)
    return "\n".join([first + text.below + (BEST if text.bold else "") + marks, *rest])
