"""A filled table as text in cells, the same for every format: what `reports.formats` writes out.

Each row of the paper is a line; measured numbers stand in a line of their own below it. Marks say
where a number comes from, footnotes what to know of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from leo_bench.reports.layouts import column_id
from leo_bench.reports.measured import Origin
from leo_bench.reports.tables import Cell, Table, TableRow

REPRODUCED = "*"
MARKS: dict[Origin, str] = {
    "authors-checkpoint": "†",
    "authors-samples": "‡",
    "trained": "§",
    "known": "¶",
    "given": "#",
}
WORDS: dict[str, str] = {
    REPRODUCED: "reproduced by the paper from official code and released checkpoint",
    "†": "measured: our run of the authors' checkpoint",
    "‡": "measured: samples that the authors published",
    "§": "measured: trained by us",
    "¶": "measured: known videos (real ones, or damaged ones), which calibrate the scale",
    "#": "measured: videos as given, of which nothing else is known",
}
READING = (
    "Measured: value ± standard deviation over repeats [95 % interval: where it would fall with "
    "other videos, and as many; real against real is not 0 at these counts]."
)
SAMPLES = (
    "Authors' samples: measured on clips that the authors published: value [95 % interval: other "
    "clips, as many]; not comparable with printed numbers."
)
DIFFERENCE = (
    "With a sign: measured less printed, with the same interval around it. It is there only where "
    "protocol, split, stride, counts and weights are the published ones, and takes the printed "
    "number as it stands."
)
BEST = "Bold: the best printed number of its column."


@dataclass(frozen=True)
class Text:
    """What stands in a cell.

    Args:
        lines: below one another.
        bold: whether it is the best of its column.
        marks: behind it, raised: signs of `WORDS`, numbers of footnotes.
    """

    lines: tuple[str, ...] = ()
    bold: bool = False
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """One line.

    Args:
        label: its head.
        cells: one a column; none for a heading over the lines that follow.
        kind: "measured": below the printed numbers of the same row; "samples": there too, of
            samples that the method's authors published.
    """

    label: Text
    cells: tuple[Text, ...]
    kind: Literal["row", "measured", "samples", "heading"]

    @property
    def is_below(self) -> bool:
        """Whether it adds to the row above it."""
        return self.kind in ("measured", "samples")


@dataclass(frozen=True)
class TableGrid:
    """A table ready to be written out.

    Args:
        id: of its layout.
        where: the paper's name of it; "" for a table of our own.
        title: what it shows.
        groups: heads over columns, and over how many each.
        columns: their heads; what follows a "_" is a subscript.
        signs: (mark, what it means), for those that occur.
        footnotes: text of footnote 1, 2, ...
        notes: of the whole table.
    """

    id: str
    where: str
    title: str
    groups: tuple[tuple[Text, int], ...]
    columns: tuple[Text, ...]
    lines: tuple[Line, ...]
    signs: tuple[tuple[str, str], ...]
    footnotes: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def heading(self) -> str:
        """The title with the table's number."""
        return f"{self.where}. {self.title}" if self.where else self.title


@dataclass
class _Notes:
    """Footnotes in the order in which they are met, each text once."""

    texts: list[str] = field(default_factory=list)

    def marks(self, texts: Sequence[str]) -> tuple[str, ...]:
        for text in texts:
            if text not in self.texts:
                self.texts.append(text)
        return tuple(str(i) for i in sorted(self.texts.index(text) + 1 for text in texts))


def grid_of(table: Table) -> TableGrid:
    """The table as text."""
    layout, notes = table.layout, _Notes()
    groups = tuple(
        (
            Text((group.label,), marks=notes.marks([group.stand_in] if group.stand_in else [])),
            len(group.column),
        )
        for group in layout.group
    )
    columns = tuple(
        Text((column.label,), marks=notes.marks(layout.notes_of("", column_id(group, column))))
        for group, column in layout.columns()
    )
    lines: list[Line] = []
    panel = ""
    for row in table.rows:
        if row.row is not None and row.row.panel not in ("", panel):
            panel = row.row.panel
            lines.append(Line(Text((panel,)), (), "heading"))
        lines += _lines(table, row, notes)
    used = {mark for line in lines for cell in line.cells for mark in cell.marks}
    is_measured = any(cell.measured for row in table.rows for cell in row.cells)
    has_samples = any(cell.samples for row in table.rows for cell in row.cells)
    has_difference = any(c.difference is not None for row in table.rows for c in row.cells)
    has_best = any(cell.best for row in table.rows for cell in row.cells)
    general = layout.notes_of("", "")
    return TableGrid(
        id=layout.id,
        where=layout.where,
        title=layout.title,
        groups=groups,
        columns=columns,
        lines=tuple(lines),
        signs=tuple((mark, words) for mark, words in WORDS.items() if mark in used),
        footnotes=tuple(notes.texts),
        notes=(
            *([f"Printed numbers: {layout.source}, {layout.where}."] if layout.source else []),
            *([BEST] if has_best else []),
            *([READING] if is_measured else []),
            *([SAMPLES] if has_samples else []),
            *([DIFFERENCE] if has_difference else []),
            *general,
        ),
    )


def printed_text(cell: Cell) -> str:
    """The paper's number, or pair of numbers, with the paper's digits; "-" where it has none."""
    if cell.printed is None:
        return "-"
    spread = "" if cell.printed.spread is None else f" ± {cell.printed.spread}"
    opposite = "" if cell.opposite is None else f" / {cell.opposite.value}"
    return f"{cell.printed.value}{spread}{opposite}"


def measured_lines(cell: Cell) -> tuple[str, ...]:
    """The measured number, its interval, and the difference, each where it is there."""
    measured, digits = cell.measured, cell.column.digits
    if measured is None:
        return ()
    spread = "" if measured.spread is None else f" ± {measured.spread:.{digits}f}"
    lines = [f"{measured.value:.{digits}f}{spread}"]
    if measured.interval is not None:
        low, high = measured.interval
        lines.append(f"[{low:.{digits}f}, {high:.{digits}f}]")
    if cell.difference is not None:
        line = f"{cell.difference:+.{digits}f}"
        if cell.difference_interval is not None:
            low, high = cell.difference_interval
            line += f" [{low:+.{digits}f}, {high:+.{digits}f}]"
        lines.append(line)
    return tuple(lines)


def _lines(table: Table, row: TableRow, notes: _Notes) -> list[Line]:
    layout, lines = table.layout, []
    marks = notes.marks(layout.notes_of(row.model, ""))
    is_printed = bool(layout.where) and row.row is not None
    if is_printed:
        cells = []
        for (group, column), cell in zip(layout.columns(), row.cells, strict=True):
            own = list(layout.notes_of(row.model, column_id(group, column)))
            sign: tuple[str, ...] = ()
            if cell.printed is not None:
                own += [cell.printed.note] if cell.printed.note else []
                sign = (REPRODUCED,) if cell.printed.origin == "reproduced" else ()
            cells.append(Text((printed_text(cell),), cell.best, (*sign, *notes.marks(own))))
        lines.append(Line(Text((row.label,), marks=marks), tuple(cells), "row"))
    if any(cell.samples for cell in row.cells):
        cells = [_samples_text(cell, notes) for cell in row.cells]
        lines.append(Line(Text(("authors' samples",)), tuple(cells), "samples"))
    if any(cell.measured for cell in row.cells) or not is_printed:
        label = Text(("measured",)) if is_printed else Text((row.label,), marks=marks)
        cells = [_measured_text(cell, bool(layout.where), notes) for cell in row.cells]
        lines.append(Line(label, tuple(cells), "measured" if is_printed else "row"))
    return lines


def _samples_text(cell: Cell, notes: _Notes) -> Text:
    digits, lines, found = cell.column.digits, [], []
    for measured in cell.samples:
        lines.append(f"{measured.value:.{digits}f}")
        if measured.interval is not None:
            lines.append("[{:.{d}f}, {:.{d}f}]".format(*measured.interval, d=digits))
        found.append(f"{measured.recipe}.")
    if not lines:
        return Text(("-",))
    caveats = dict.fromkeys(text for measured in cell.samples for text in measured.caveats)
    found += [f"Authors' samples: {text}." for text in caveats]
    return Text(tuple(lines), marks=(MARKS["authors-samples"], *notes.marks(found)))


def _measured_text(cell: Cell, has_printed: bool, notes: _Notes) -> Text:
    measured = cell.measured
    if measured is None:
        return Text(("-",))
    found = [f"{measured.recipe}."]
    if measured.caveats and has_printed:
        found.append(
            f"Not comparable with printed numbers: {'; '.join(measured.caveats).rstrip('.')}."
        )
    if measured.others:
        found.append(f"Not shown, though of this cell too: {', '.join(measured.others)}.")
    marks = (MARKS[measured.origin], *notes.marks(found))
    return Text(measured_lines(cell), marks=marks)
