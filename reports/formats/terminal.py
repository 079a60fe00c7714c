"""A table as lines of text."""

from itertools import repeat

from leo_bench.evaluation.files.printable import printable
from leo_bench.reports.grid import Text, grid_of
from leo_bench.reports.tables import Table

BEST = " <"


def as_terminal(table: Table) -> str:
    """As lines of text; the best of a column has a "<" behind it."""
    grid = grid_of(table)
    head = [["Method"], *([_label(column)] for column in grid.columns)]
    body = [
        [
            _cell(line.label),
            *(map(_cell, line.cells) if line.cells else repeat([""], len(head) - 1)),
        ]
        for line in grid.lines
    ]
    blocks = [head, *body]
    widths = [max(len(t) for block in blocks for t in block[i]) for i in range(len(head))]
    over, first = " " * widths[0], 1
    for group, span in grid.groups:
        (label,) = _cell(group)
        room = sum(widths[first : first + span]) + 2 * (span - 1)
        widths[first] += max(0, len(label) - room)
        over += "  " + label.center(max(room, len(label)), "-" if label else " ")
        first += span
    lines = [grid.heading, "", *([over.rstrip()] if over.strip() else [])]
    for i, block in enumerate(blocks):
        for row in range(max(map(len, block))):
            texts = [cell[row] if row < len(cell) else "" for cell in block]
            shown = [text.rjust(width) for text, width in zip(texts, widths, strict=True)]
            lines.append("  ".join((texts[0].ljust(widths[0]), *shown[1:])).rstrip())
        if i == 0:
            lines.append("-" * (sum(widths) + 2 * (len(widths) - 1)))
    lines.append("")
    lines += [f"{mark}  {words}" for mark, words in grid.signs]
    lines += [f"({i}) {printable(text)}" for i, text in enumerate(grid.footnotes, start=1)]
    lines += [note.replace("Bold:", f"{BEST.strip()}:") for note in grid.notes]
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: Text) -> list[str]:
    signs = "".join(mark for mark in text.marks if not mark.isdigit())
    numbers = ",".join(mark for mark in text.marks if mark.isdigit())
    marks = signs + (f" ({numbers})" if numbers else "")
    first, *rest = map(printable, text.lines)
    return [first + (BEST if text.bold else "") + marks, *rest]


def _label(text: Text) -> str:
    (shown,) = _cell(text)
    return shown.replace("_", "")
