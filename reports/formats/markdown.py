"""A table of the paper as a Markdown pipe table."""

from leo_bench.evaluation.files.printable import printable
from leo_bench.reports.grid import Line, Text, grid_of
from leo_bench.reports.plain_tables import markdown_table
from leo_bench.reports.tables import Table

SPECIAL = set(r"\`*_{}[]<>|#")


def as_markdown(table: Table) -> str:
    """The table as Markdown, with its title above and its notes below."""
    grid = grid_of(table)
    groups = [group for group, width in grid.groups for _ in range(width)]
    heads = [
        "<br>".join(part for part in (_cell(group), _label(column)) if part)
        for group, column in zip(groups, grid.columns, strict=True)
    ]
    rows = [
        [_head(line), *(map(_cell, line.cells) if line.cells else [""] * len(heads))]
        for line in grid.lines
    ]
    align = ["left", *["right"] * len(heads)]
    text = markdown_table(["Method", *heads], rows, align)
    lines = [f"### {_escape(grid.layout.heading)}", "", text, ""]
    lines += [f"<sup>{_escape(mark)}</sup> {_escape(words)}  " for mark, words in grid.marked]
    lines += [""] if grid.marked else []
    lines += [f"- {_escape(note)}" for note in grid.notes]
    return "\n".join(lines).rstrip() + "\n"


def _head(line: Line) -> str:
    label = _cell(line.label)
    if line.kind == "heading":
        return f"**{label}**"
    return f"*{label}*" if line.is_below else label


def _cell(text: Text) -> str:
    marks = f"<sup>{_escape(','.join(text.marks))}</sup>" if text.marks else ""
    first, *rest = map(_escape, text.lines)
    first = f"**{first}**" if text.bold else first
    return "<br>".join((first + marks, *rest))


def _label(text: Text) -> str:
    word, below = map(_escape, text.subscripted)
    return word + (f"<sub>{below}</sub>" if below else "") + _cell(Text(marks=text.marks))


def _escape(text: str) -> str:
    return "".join(f"\\{c}" if c in SPECIAL else c for c in printable(text))
