"""A table as HTML: an element for other pages, or a page that fetches nothing."""

import html
from pathlib import Path

from leo_bench.evaluation.files.printable import printable
from leo_bench.reports.grid import Line, TableGrid, Text

STYLE = Path(__file__).parents[1] / "templates" / "style.css"


def as_element(grid: TableGrid) -> str:
    """A `table` element that scrolls in a box of its own, and its notes below."""
    heading = _escape(grid.heading)
    lines = [
        f'<div class="wide" role="group" aria-label="{heading}" tabindex="0">',
        f'<table id="{_escape(grid.id)}">',
        f"<caption><span>{heading}</span></caption>",
        "<thead>",
    ]
    if grid.is_grouped:
        heads = (
            f'<th scope="colgroup" colspan="{width}">{_cell(group)}</th>'
            for group, width in grid.groups
        )
        lines.append(f"<tr><td></td>{''.join(heads)}</tr>")
    heads = (f'<th scope="col">{_cell(column)}</th>' for column in grid.columns)
    lines += [
        f'<tr><th scope="col">{_escape(grid.corner)}</th>{"".join(heads)}</tr>',
        "</thead>",
        "<tbody>",
    ]
    lines += [_line(line, len(grid.columns)) for line in grid.lines]
    lines += ["</tbody>", "</table>", "</div>"]
    notes = [f"<sup>{_escape(mark)}</sup> {_escape(text)}" for mark, text in grid.marked]
    notes += map(_escape, grid.notes)
    if notes:
        items = (f"<li>{note}</li>" for note in notes)
        lines += ['<ul class="notes">', *items, "</ul>"]
    return "\n".join(lines) + "\n"


def as_page(grid: TableGrid, *more: TableGrid) -> str:
    """A page of its own that fetches nothing; the title is that of the first table."""
    title = _escape(grid.heading)
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{title}</title>\n<style>\n{STYLE.read_text()}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        f"{''.join(map(as_element, (grid, *more)))}</main>\n</body>\n</html>\n"
    )


def _line(line: Line, columns: int) -> str:
    if line.kind == "heading":
        return f'<tr><th colspan="{columns + 1}" scope="rowgroup">{_cell(line.label)}</th></tr>'
    cells = "".join(f"<td>{_cell(cell)}</td>" for cell in line.cells)
    return f'<tr class="{line.kind}"><th scope="row">{_cell(line.label)}</th>{cells}</tr>'


def _cell(text: Text) -> str:
    marks = ",".join(map(_escape, text.marks))
    first, *rest = map(_escape, text.lines)
    first = f"<b>{first}</b>" if text.bold else first
    below = f"<sub>{_escape(text.below)}</sub>" if text.below else ""
    return "<br>".join((first + below + (f"<sup>{marks}</sup>" if marks else ""), *rest))


def _escape(text: str) -> str:
    return html.escape(printable(text), quote=True)
