"""A table of records turned: what was a column is a row."""

from typing import TYPE_CHECKING

from leo_bench.reports.grid import Line, TableGrid, Text

if TYPE_CHECKING:
    from pandas import DataFrame


def turned_grid(grid: TableGrid, corner: str) -> TableGrid:
    """The grid with its columns as rows.

    Args:
        grid: without lines that add to the line above.
        corner: head over the labels of the new rows.
    """
    groups = [group.lines[0] for group, width in grid.groups for _ in range(width)]
    lines = tuple(
        Line(
            Text((_joined(group, head.lines[0]),), head.below, marks=head.marks),
            tuple(line.cells[i] for line in grid.lines),
            "row",
        )
        for i, (group, head) in enumerate(zip(groups, grid.columns, strict=True))
    )
    return TableGrid(
        grid.id,
        grid.title,
        grid.heading,
        corner,
        groups=((Text(), len(grid.lines)),),
        columns=tuple(line.label for line in grid.lines),
        lines=lines,
        signs=grid.signs,
        footnotes=grid.footnotes,
        notes=grid.notes,
    )


def turned_frame(frame: "DataFrame") -> "DataFrame":
    """The frame with the new names of rows and columns."""
    rows = [
        _joined(group, head) for group, head in zip(frame["group"], frame["column"], strict=True)
    ]
    return frame.assign(row=rows, group="", column=frame["row"])


def _joined(group: str, head: str) -> str:
    return f"{group}, {head}" if group else head
