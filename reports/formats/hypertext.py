"""A table as HTML: an element for other pages, or a page of its own that fetches nothing."""

import html

from leo_bench.evaluation.files.printable import printable
from leo_bench.reports.grid import Line, Text, grid_of
from leo_bench.reports.tables import Table

PAGE_STYLE = (
    "body{font:15px/1.4 system-ui,sans-serif;margin:2em}"
    "table{border-collapse:collapse}caption{text-align:left;font-weight:600;padding:.5em 0}"
    "th,td{padding:.25em .7em;text-align:right;white-space:nowrap}"
    "tbody th,thead th:first-child{text-align:left}thead th[colspan]{text-align:center}"
    "thead tr:first-child>*,tbody{border-top:1px solid}tbody{border-bottom:1px solid}"
    "tr.measured>*,tr.samples>*{color:#345;font-size:90%}"
    "tr.measured th,tr.samples th{font-weight:400}"
)


def as_element(table: Table) -> str:
    """As a `table` element and its notes, for a page that has its own style."""
    grid = grid_of(table)
    lines = [
        f'<table id="{_escape(grid.id)}">',
        f"<caption>{_escape(grid.heading)}</caption>",
        "<thead>",
    ]
    if any(group.lines[0] for group, _ in grid.groups):
        heads = (
            f'<th scope="colgroup" colspan="{width}">{_cell(group)}</th>'
            for group, width in grid.groups
        )
        lines.append(f"<tr><td></td>{''.join(heads)}</tr>")
    heads = (f'<th scope="col">{_label(column)}</th>' for column in grid.columns)
    lines += [f'<tr><th scope="col">Method</th>{"".join(heads)}</tr>', "</thead>", "<tbody>"]
    for line in grid.lines:
        lines.append(_line(line, len(grid.columns)))
    lines += ["</tbody>", "</table>", '<ul class="notes">']
    numbered = [(str(i), text) for i, text in enumerate(grid.footnotes, start=1)]
    lines += [
        f"<li><sup>{_escape(mark)}</sup> {_escape(text)}</li>"
        for mark, text in (*grid.signs, *numbered)
    ]
    lines += [f"<li>{_escape(note)}</li>" for note in grid.notes]
    lines.append("</ul>")
    return "\n".join(lines) + "\n"


def as_page(table: Table) -> str:
    """As a page that fetches nothing."""
    title = _escape(grid_of(table).heading)
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{title}</title>\n<style>{PAGE_STYLE}</style>\n</head>\n<body>\n"
        f"{as_element(table)}</body>\n</html>\n"
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
    return "<br>".join((first + (f"<sup>{marks}</sup>" if marks else ""), *rest))


def _label(text: Text) -> str:
    (label,) = text.lines
    word, _, below = label.partition("_")
    sub = f"<sub>{_escape(below)}</sub>" if below else ""
    return _escape(word) + sub + _cell(Text(("",), marks=text.marks))


def _escape(text: str) -> str:
    return html.escape(printable(text), quote=True)
