"""A table as a Markdown pipe table."""

from leo_bench.evaluation.files.printable import printable
from leo_bench.reports.grid import Text, grid_of
from leo_bench.reports.tables import Table

SPECIAL = set(r"\`*_{}[]<>|#")


def as_markdown(table: Table) -> str:
    """As a pipe table, with a heading above it and the notes below."""
    grid = grid_of(table)
    spans = [group for group, width in grid.groups for _ in range(width)]
    heads = [
        "<br>".join(part for part in (_cell(group), _label(column)) if part)
        for group, column in zip(spans, grid.columns, strict=True)
    ]
    lines = [f"### {_escape(grid.heading)}", "", f"| Method | {' | '.join(heads)} |"]
    lines.append("|---|" + "---:|" * len(heads))
    for line in grid.lines:
        if line.kind == "heading":
            lines.append(f"| **{_cell(line.label)}** |" + " |" * len(heads))
            continue
        label = _cell(line.label)
        label = f"*{label}*" if line.is_below else label
        lines.append(f"| {label} | {' | '.join(map(_cell, line.cells))} |")
    lines.append("")
    lines += [f"<sup>{_escape(mark)}</sup> {_escape(words)}  " for mark, words in grid.signs]
    lines += [f"<sup>{i}</sup> {_escape(t)}  " for i, t in enumerate(grid.footnotes, start=1)]
    lines += [""] if grid.signs or grid.footnotes else []
    lines += [f"- {_escape(note)}" for note in grid.notes]
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: Text) -> str:
    marks = f"<sup>{_escape(','.join(text.marks))}</sup>" if text.marks else ""
    first, *rest = map(_escape, text.lines)
    first = f"**{first}**" if text.bold else first
    return "<br>".join((first + marks, *rest))


def _label(text: Text) -> str:
    (label,) = text.lines
    word, _, below = label.partition("_")
    sub = f"<sub>{_escape(below)}</sub>" if below else ""
    return _escape(word) + sub + _cell(Text(("",), marks=text.marks))


def _escape(text: str) -> str:
    return "".join(f"\\{c}" if c in SPECIAL else c for c in printable(text))
