"""Plain tables of text, for a terminal or as Markdown, set by tabulate.

Cells are strings and are shown as they are: numbers are formatted by the caller. Tables with heads
that span columns and with footnotes are `reports.grid` and `reports.formats`.
"""

from collections.abc import Sequence

from tabulate import tabulate

GAP = 2  # characters between two columns
NARROWEST = 8  # characters; a column is not folded to less

Rows = Sequence[Sequence[str]]


def terminal_table(
    columns: Sequence[str],
    rows: Rows,
    width: int | None = None,
    align: Sequence[str] | None = None,
) -> str:
    """A table as lines of text.

    Args:
        columns: the heads.
        rows: one cell a column; a cell may have several lines.
        width: characters of a line; the widest columns are folded to fit. None: any number.
        align: "left" or "right" for each column; None: columns of numbers to the right.
    """
    if align is None:
        align = ["right" if _is_numeric(rows, i) else "left" for i in range(len(columns))]
    natural = [max(_width(row[i]) for row in (columns, *rows)) for i in range(len(columns))]
    folded = list(natural)
    while width is not None and sum(folded) + GAP * (len(folded) - 1) > width:
        widest = max(folded)
        if widest <= NARROWEST:
            break
        folded[folded.index(widest)] -= 1
    limits = [None if new == old else new for new, old in zip(folded, natural, strict=True)]
    text: str = tabulate(
        rows,
        columns,
        tablefmt="simple",
        colalign=align,
        disable_numparse=True,
        maxcolwidths=limits,
        maxheadercolwidths=limits,
        break_on_hyphens=False,
    )
    return text


def markdown_table(columns: Sequence[str], rows: Rows, align: Sequence[str]) -> str:
    """A table as Markdown, without a newline at its end.

    Args:
        columns: the heads, escaped.
        rows: one cell a column, escaped, each of one line.
        align: "left" or "right" for each column.
    """
    text: str = tabulate(rows, columns, tablefmt="pipe", colalign=align, disable_numparse=True)
    return text


def _is_numeric(rows: Rows, column: int) -> bool:
    return all(row[column][:1] in "0123456789+-" for row in rows)


def _width(cell: str) -> int:
    return max(map(len, cell.split("\n")))
