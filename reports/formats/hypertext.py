"""A table as HTML: an element for other pages, or a page that fetches nothing."""

import html

from leo_bench.evaluation.files.printable import printable
from leo_bench.reports.grid import Line, TableGrid, Text

PAGE_STYLE = (
    "body{font:15px/1.4 system-ui,sans-serif;margin:2em}"
    "table{border-collapse:collapse}caption{text-align:left;font-weight:600;padding:.5em 0}"
    "th,td{padding:.25em .7em;text-align:right;white-space:nowrap}"
    "tbody th,thead th:first-child{text-align:left}thead th[colspan]{text-align:center}"
    "thead tr:first-child>*,tbody{border-top:1px solid}tbody{border-bottom:1px solid}"
    "tr.measured>*,tr.samples>*{color:#345;font-size:90%}"
    "tr.measured th,tr.samples th{font-weight:400}"
)


def as_element(grid: TableGrid) -> str:
    """A `table` element and its notes, for a page that has a style of its own."""
    lines = [
        f'<table id="{_escape(grid.id)}">',
        f"<caption>{_escape(grid.heading)}</caption>",
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
    lines += ["</tbody>", "</table>", '<ul class="notes">']
    lines += [f"<li><sup>{_escape(mark)}</sup> {_escape(text)}</li>" for mark, text in grid.marked]
    lines += [f"<li>{_escape(note)}</li>" for note in grid.notes]
    lines.append("</ul>")
    return "\n".join(lines) + "\n"


def as_page(grid: TableGrid, *more: TableGrid) -> str:
    """A page of its own that fetches nothing; the title is that of the first table."""
    title = _escape(grid.heading)
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{title}</title>\n<style>{PAGE_STYLE}</style>\n</head>\n<body>\n"
        f"{''.join(map(as_element, (grid, *more)))}</body>\n</html>\n"
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
