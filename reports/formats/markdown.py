"""A table as a Markdown pipe table."""

from leo_bench.evaluation.files.printable import printable
from leo_bench.reports.grid import Line, TableGrid, Text
from leo_bench.reports.plain_tables import markdown_table

SPECIAL = set(r"\`*_{}[]<>|#")


def as_markdown(grid: TableGrid) -> str:
    """The table as Markdown, with its title above and its notes below."""
    groups = [group for group, width in grid.groups for _ in range(width)]
    heads = [
        "<br>".join(part for part in (_cell(group), _cell(column)) if part)
        for group, column in zip(groups, grid.columns, strict=True)
    ]
    rows = [
        [_head(line), *(map(_cell, line.cells) if line.cells else [""] * len(heads))]
        for line in grid.lines
    ]
    align = ["left", *["right"] * len(heads)]
    text = markdown_table([escape(grid.corner), *heads], rows, align)
    lines = [f"### {escape(grid.heading)}", "", text, ""]
    lines += [f"<sup>{escape(mark)}</sup> {escape(words)}  " for mark, words in grid.marked]
    lines += [""] if grid.marked else []
    lines += [f"- {escape(note)}" for note in grid.notes]
    return "\n".join(lines).rstrip() + "\n"


def _head(line: Line) -> str:
    label = _cell(line.label)
    if line.kind == "heading":
        return f"**{label}**"
    return f"*{label}*" if line.is_below else label


def _cell(text: Text) -> str:
    marks = f"<sup>{escape(','.join(text.marks))}</sup>" if text.marks else ""
    first, *rest = map(escape, text.lines)
    first = f"**{first}**" if text.bold else first
    below = f"<sub>{escape(text.below)}</sub>" if text.below else ""
    return "<br>".join((first + below + marks, *rest))


def escape(text: str) -> str:
    """Any text for Markdown, as one line."""
    return "".join(f"\\{c}" if c in SPECIAL else c for c in printable(text))
