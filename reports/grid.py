"""A filled table as text in cells, the same for every format of `reports.formats`.

Each row of the paper is a line, with the measured numbers in a line of their own below it. Marks
say where a number comes from; footnotes say what to know of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from leo_bench.evaluation.records.shown_digits import (
    decimals,
    fixed_text,
    interval_text,
    measured_text,
    spread_text,
)
from leo_bench.reports.layouts import Layout, column_id
from leo_bench.reports.origins import Origin
from leo_bench.reports.raters import COVERS
from leo_bench.reports.records import Shown
from leo_bench.reports.tables import Cell, Table, TableRow

REPRODUCED = "*"
MARKS: dict[Origin, str] = {
    "authors-checkpoint": "†",
    "authors-samples": "‡",
    "trained": "§",
    "known": "¶",
    "given": "#",
    "raters": "‖",
    "simulated": "!",
}
WORDS: dict[str, str] = {
    REPRODUCED: "reproduced by the paper from official code and released checkpoint",
    "†": "measured: our run of the authors' checkpoint",
    "‡": "measured: samples that the authors published",
    "§": "measured: trained by us",
    "¶": "measured: known videos (real ones, or damaged ones), which calibrate the scale",
    "#": "measured: videos as given, of which nothing else is known",
    "‖": "answers of raters in a study of one's own",
    "!": "SIMULATED raters: no person answered",
}
READING = (
    "Measured: value ± standard deviation over repeats [95 % interval: where it would fall with as "
    "many other videos; real against real is not 0 at these counts]."
)
SAMPLES = (
    "Authors' samples: measured on clips that the authors published: value [95 % interval: other "
    "clips, as many]; not comparable with printed numbers."
)
OF_RATERS = f"Of raters: share of votes [95 % interval: {COVERS}]."
DIFFERENCE = (
    "With a sign: measured less printed, with the same interval around it. It is there only where "
    "protocol, split, stride, counts and weights are the published ones, and takes the printed "
    "number as it stands."
)
BEST = "Bold: the best printed number of its column."


@dataclass(frozen=True)
class Text:
    """The text of a cell.

    Args:
        lines: its lines, from top to bottom.
        below: a subscript behind the first line: "16" of FVD16.
        bold: whether it is the best number of its column.
        marks: raised marks behind it: signs of `WORDS`, numbers of footnotes.
    """

    lines: tuple[str, ...] = ("",)
    below: str = ""
    bold: bool = False
    marks: tuple[str, ...] = ()


NOTHING = Text(("-",))


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Args:
        label: its head.
        cells: one for each column; none in a heading.
        kind: "row", "heading" (over the lines that follow), or what adds to the row above:
            "measured" numbers, or numbers of the authors' "samples".
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
    """A table that is ready to be written.

    Args:
        id: a word for labels of LaTeX and HTML.
        title: what it shows; heading: the same with the number of a paper's table.
        corner: head over the labels of the lines.
        groups: heads over columns, each with its number of columns.
        columns: heads of columns.
        lines: the table's lines.
        signs: (mark, meaning) of every sign in the table.
        footnotes: texts of footnote 1, 2, ...
        notes: notes on the whole table.
    """

    id: str
    title: str
    heading: str
    corner: str
    groups: tuple[tuple[Text, int], ...]
    columns: tuple[Text, ...]
    lines: tuple[Line, ...]
    signs: tuple[tuple[str, str], ...]
    footnotes: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def marked(self) -> list[tuple[str, str]]:
        """(mark, text) of signs and footnotes."""
        numbered = ((str(i), text) for i, text in enumerate(self.footnotes, start=1))
        return [*self.signs, *numbered]

    @property
    def is_grouped(self) -> bool:
        """Whether there are heads over columns."""
        return any(group.lines[0] for group, _ in self.groups)


@dataclass
class Footnotes:
    """Footnotes in the order of their first use, each text once."""

    texts: list[str] = field(default_factory=list)

    def marks(self, texts: Sequence[str]) -> tuple[str, ...]:
        """The numbers of these footnotes, ascending."""
        self.texts += [text for text in dict.fromkeys(texts) if text not in self.texts]
        return tuple(str(i) for i in sorted(self.texts.index(text) + 1 for text in texts))


def grid_of(table: Table) -> TableGrid:
    """The text of every cell and note of a table."""
    layout, notes = table.layout, Footnotes()
    groups = tuple(
        (Text((g.label,), marks=notes.marks([g.stand_in] if g.stand_in else [])), len(g.column))
        for g in layout.group
    )
    columns = tuple(
        _head(column.label, notes.marks(layout.notes_of("", column_id(group, column))))
        for group, column in layout.columns()
    )
    lines: list[Line] = []
    panel = ""
    for row in table.rows:
        if row.head.panel not in ("", panel):
            panel = row.head.panel
            lines.append(Line(Text((panel,)), (), "heading"))
        lines += _lines(layout, row, notes)
    used = {mark for line in lines for cell in line.cells for mark in cell.marks}
    source = f"Printed numbers: {layout.source}, {layout.where}." if layout.source else ""
    found = {
        source: bool(source),
        BEST: any(cell.best for cell in table.cells),
        READING: any(cell.measured and not cell.measured.is_of_raters for cell in table.cells),
        OF_RATERS: any(cell.measured and cell.measured.is_of_raters for cell in table.cells),
        SAMPLES: any(cell.samples for cell in table.cells),
        DIFFERENCE: any(cell.difference is not None for cell in table.cells),
    }
    general = [note for note, applies in found.items() if applies]
    return TableGrid(
        layout.id,
        layout.title,
        layout.heading,
        "Method",
        groups,
        columns,
        lines=tuple(lines),
        signs=tuple((mark, words) for mark, words in WORDS.items() if mark in used),
        footnotes=tuple(notes.texts),
        notes=(*general, *layout.notes_of("", "")),
    )


def printed_text(cell: Cell) -> str:
    """The paper's number, or pair of numbers, with the paper's digits; "-" if there is none."""
    if cell.printed is None:
        return "-"
    spread = "" if cell.printed.spread is None else f" ± {cell.printed.spread}"
    opposite = "" if cell.opposite is None else f" / {cell.opposite.value}"
    return f"{cell.printed.value}{spread}{opposite}"


def _head(label: str, marks: tuple[str, ...]) -> Text:
    """The head of a column, and its subscript: "FVD_16" -> "FVD", "16"."""
    word, _, below = label.partition("_")
    return Text((word,), below, marks=marks)


def _lines(layout: Layout, row: TableRow, notes: Footnotes) -> list[Line]:
    lines = []
    label = Text((row.head.label,), marks=notes.marks(layout.notes_of(row.head.model, "")))
    is_printed = bool(layout.where) and row.in_layout
    if is_printed:
        lines.append(Line(label, tuple(_printed(c, layout, row, notes) for c in row.cells), "row"))
    if any(cell.samples for cell in row.cells):
        cells = tuple(_samples(cell, notes) for cell in row.cells)
        lines.append(Line(Text(("authors' samples",)), cells, "samples"))
    if any(cell.measured for cell in row.cells) or not is_printed:
        cells = tuple(_measured(cell, bool(layout.where), notes) for cell in row.cells)
        if is_printed:
            lines.append(Line(Text((_below(row),)), cells, "measured"))
        else:
            lines.append(Line(label, cells, "row"))
    return lines


def _below(row: TableRow) -> str:
    """The head of the line of measured numbers."""
    origins = {cell.measured.origin for cell in row.cells if cell.measured}
    if "simulated" in origins:
        return "SIMULATED raters" if len(origins) == 1 else "raters, SIMULATED ones marked"
    return "own study" if "raters" in origins else "measured"


def _printed(cell: Cell, layout: Layout, row: TableRow, notes: Footnotes) -> Text:
    texts = layout.notes_of(row.head.model, column_id(cell.group, cell.column))
    sign: tuple[str, ...] = ()
    if cell.printed is not None:
        texts += [cell.printed.note] if cell.printed.note else []
        sign = (REPRODUCED,) if cell.printed.origin == "reproduced" else ()
    return Text((printed_text(cell),), bold=cell.best, marks=(*sign, *notes.marks(texts)))


def _samples(cell: Cell, notes: Footnotes) -> Text:
    if not cell.samples:
        return NOTHING
    lines: list[str] = []
    for sample in cell.samples:
        number = Shown(sample.value, sample.interval)
        lines += filter(None, (number.value_text, number.interval_text))
    caveats = dict.fromkeys(text for sample in cell.samples for text in sample.caveats)
    texts = [f"{sample.recipe}." for sample in cell.samples]
    texts += [f"Authors' samples: {text}." for text in caveats]
    return Text(tuple(lines), marks=(MARKS["authors-samples"], *notes.marks(texts)))


def _measured(cell: Cell, has_printed: bool, notes: Footnotes) -> Text:
    """The measured number, its interval, and the difference, each where there is one."""
    measured = cell.measured
    if measured is None:
        return NOTHING
    value, interval = measured.value, measured.interval
    places = cell.column.digits if interval is None else decimals(interval, value)
    opposite = "" if measured.opposite is None else f" / {fixed_text(measured.opposite, places)}"
    lines = [f"{fixed_text(value, places)}{spread_text(measured.spread)}{opposite}"]
    lines += [interval_text(interval, value)] if interval else []
    if cell.difference is not None:
        around = cell.difference_interval
        lines.append(
            measured_text(cell.difference, around, "+")
            if around
            else fixed_text(cell.difference, places, "+")
        )
    texts = [f"{measured.recipe}."]
    if measured.caveats and has_printed:
        caveats = "; ".join(measured.caveats).rstrip(".")
        texts.append(f"Not comparable with printed numbers: {caveats}.")
    if measured.others:
        texts.append(f"Not shown, though of this cell too: {', '.join(measured.others)}.")
    return Text(tuple(lines), marks=(MARKS[measured.origin], *notes.marks(texts)))
