"""Makes the table of a folder of records: its cells as text, and its numbers as a DataFrame.

    numbers.py   folder -> numbers with their facts
    axes.py      which facts are rows and columns; what splits records of one cell
    ranking.py   the best of each column, and what cannot be told from it
    texts.py     the words of heads, cells and footnotes
    here         the table

A footnote that all numbers of a column have stands at the column's head.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.metrics import ALL_COVER
from leo_bench.reports.dataframe import COLUMNS as FACTS_OF_RECORDS
from leo_bench.reports.grid import MARKS, NOTHING, WORDS, Footnotes, Line, TableGrid, Text
from leo_bench.reports.own_tables import texts
from leo_bench.reports.own_tables.axes import (
    Axes,
    fact_named,
    in_order,
    metric_head,
    place_on,
    selected,
    settled,
)
from leo_bench.reports.own_tables.numbers import Number, numbers_of
from leo_bench.reports.own_tables.ranking import Ranking, ranked
from leo_bench.reports.own_tables.turning import turned_frame, turned_grid
from leo_bench.reports.raters import COVERS

if TYPE_CHECKING:
    from pandas import DataFrame

ROWS, COLUMNS = ("model",), ("benchmark", "metric")
ALIKE = "≈"
ALIKE_WORDS = (
    "cannot be told from the best number of its {line}: the interval of their difference, 95 % "
    "over all pairs of the {line}, contains 0; videos of one name are pairs"
)
FRAME = ("row", "group", "column", "shown", "best", "alike", "untested", "otherwise")

Place = tuple[Any, ...]


@dataclass(frozen=True)
class Wish:
    """What a table is asked to be.

    Args:
        rows: facts that tell rows apart, one or more.
        columns: facts that tell columns apart; the last is the column's head, the others stand
            over it. Where "model" is one of them, numbers are compared along rows.
        where: conditions "FACT=VALUE,VALUE" on the records.
        infinity: whether FVD without small-sample bias stands below each value.
    """

    rows: Sequence[str] = ROWS
    columns: Sequence[str] = COLUMNS
    where: Sequence[str] = ()
    infinity: bool = False


@dataclass(frozen=True)
class OwnTable:
    """A table of records.

    Args:
        grid: its text.
        frame: one row for each number, shown or not: `FRAME`, then `reports.dataframe.COLUMNS`.
    """

    grid: TableGrid
    frame: "DataFrame"


@dataclass(frozen=True)
class _Column:
    """A column.

    Args:
        group: the label over it.
        head, below: its label, and the subscript.
        cells: by row, the records of the cell, the newest last.
        ranking: of the newest ones.
    """

    group: str
    head: str
    below: str
    cells: Mapping[Place, Sequence[Number]]
    ranking: Ranking

    @property
    def numbers(self) -> list[Number]:
        """The numbers that are shown."""
        return [found[-1] for found in self.cells.values()]


def table_of(folder: Path, wish: Wish) -> OwnTable:
    """The table of all records below a folder that meet the conditions.

    Raises:
        InputError: no such folder, no record in it, a damaged one, an unknown fact, or a condition
            that no record meets.
    """
    numbers = numbers_of(folder)
    if not numbers:
        raise InputError(f"{folder}: no record is in there; make some with --records {folder}")
    return table_of_numbers(numbers, wish)


def table_of_numbers(numbers: Sequence[Number], wish: Wish) -> OwnTable:
    """The table of the numbers, one or more, that meet the conditions.

    Raises:
        InputError: an unknown fact, or a condition that no number meets.
    """
    numbers = selected(numbers, wish.where)
    rows = [fact_named(name, "--rows") for name in wish.rows]
    columns = [fact_named(name, "--columns") for name in wish.columns]
    for fact in columns:
        if fact in rows:
            raise InputError(f"--columns {fact}: is a fact of --rows, too")
    # Numbers are compared along columns; models as columns are filled as rows, and turned.
    is_turned = "model" in columns
    axes = settled(numbers, *((columns, rows) if is_turned else (rows, columns)))
    benchmarks = texts.benchmark_labels(numbers)
    filled = _columns(numbers, axes, benchmarks)
    labels = _row_labels(filled, axes, benchmarks)
    line = "row" if is_turned else "column"
    grid, frame = _grid(filled, labels, axes, wish, line), _frame(filled, labels)
    if is_turned:
        grid, frame = turned_grid(grid, ", ".join(axes.columns)), turned_frame(frame)
    return OwnTable(grid, frame)


def _columns(numbers: Sequence[Number], axes: Axes, benchmarks: Mapping[str, str]) -> list[_Column]:
    """The columns from left to right."""
    cells: dict[Place, dict[Place, list[Number]]] = {}
    for number in sorted(numbers, key=lambda number: (number.facts["created"], number.key)):
        column = cells.setdefault(place_on(number, axes.columns), {})
        column.setdefault(place_on(number, axes.rows), []).append(number)
    over, last = axes.columns[:-1], axes.columns[-1:]
    if last == ("metric",) and "frames" in over:  # they are the subscript of the metric
        over = tuple(fact for fact in over if fact != "frames")
        last = ("metric", "frames")
    order = [axes.columns.index(fact) for fact in (*over, *last)]
    filled = []
    for place in sorted(
        cells, key=lambda place: in_order([place[i] for i in order], (*over, *last))
    ):
        facts = dict(zip(axes.columns, place, strict=True))
        shown = sorted((found[-1] for found in cells[place].values()), key=lambda each: each.key)
        group = texts.label_of([facts[fact] for fact in over], over, benchmarks)
        head, below = texts.head_of(axes.columns[-1], place[-1], shown, benchmarks)
        filled.append(_Column(group, head, below, cells[place], ranked(shown)))
    return filled


def _row_labels(
    columns: Sequence[_Column], axes: Axes, benchmarks: Mapping[str, str]
) -> dict[Place, Text]:
    """The labels of the rows from top to bottom: known videos and real sides come last.

    A row whose videos have one origin has its mark.
    """
    of_row: dict[Place, list[Number]] = {}
    for column in columns:
        for place, found in column.cells.items():
            of_row.setdefault(place, []).append(found[-1])

    def order(place: Place) -> tuple[Any, ...]:
        is_real = all(number.is_real_side for number in of_row[place])
        is_known = all(number.origin == "known" for number in of_row[place])
        return is_real, is_known, *in_order(place, axes.rows)

    labels = {}
    for place in sorted(of_row, key=order):
        label = texts.label_of(place, axes.rows, benchmarks)
        if "side" not in axes.rows and all(number.is_real_side for number in of_row[place]):
            label += " (real side)"
        origins = {_origin_mark(number) for number in of_row[place]}
        labels[place] = Text((label,), marks=origins.pop() if len(origins) == 1 else ())
    return labels


def _origin_mark(number: Number) -> tuple[str, ...]:
    return () if number.origin == "given" else (MARKS[number.origin],)


def _grid(
    columns: Sequence[_Column],
    labels: Mapping[Place, Text],
    axes: Axes,
    wish: Wish,
    line: str,
) -> TableGrid:
    """The text of the table; `line` is the word for what numbers are compared along."""
    notes = Footnotes()
    heads, cells = [], []
    for column in columns:
        head, of_column = _cells(column, labels, notes, wish, line)
        heads.append(head)
        cells.append(of_column)
    lines = tuple(
        Line(label, tuple(of_column.get(place, NOTHING) for of_column in cells), "row")
        for place, label in labels.items()
    )
    groups = tuple(
        (Text((group,)), len(list(same)))
        for group, same in groupby(column.group for column in columns)
    )
    used = {mark for each in lines for cell in (each.label, *each.cells) for mark in cell.marks}
    words = {ALIKE: ALIKE_WORDS.format(line=line), **WORDS}
    title = f"Measured with leo-bench {_versions(columns)}"
    return TableGrid(
        "records",
        title,
        title,
        ", ".join(axes.rows),
        groups,
        tuple(heads),
        lines,
        signs=tuple((mark, said) for mark, said in words.items() if mark in used),
        footnotes=tuple(notes.texts),
        notes=tuple(_notes(columns, axes, line)),
    )


def _cells(
    column: _Column, labels: Mapping[Place, Text], notes: Footnotes, wish: Wish, line: str
) -> tuple[Text, dict[Place, Text]]:
    """The head of a column, and its cells by row."""
    ranking, shown = column.ranking, column.numbers
    said = {
        place: texts.remarks(found[-1], found[:-1], infinity=wish.infinity)
        for place, found in column.cells.items()
    }
    for_all = [text for text in next(iter(said.values())) if all(text in e for e in said.values())]
    recipe = texts.recipe(ranking.way)
    head = Text((column.head,), column.below, marks=notes.marks([recipe, *for_all]))
    places = texts.decimals(shown)
    cells = {}
    for place in (place for place in labels if place in column.cells):
        number = column.cells[place][-1]
        own = [text for text in said[place] if text not in for_all]
        if number.key in ranking.otherwise:
            own.append(f"Measured otherwise than this {line}: {ranking.otherwise[number.key]}.")
        if number.key in ranking.untested:
            own.append(f"Not compared with the best: {ranking.untested[number.key]}.")
        signs = [ALIKE] if number.key in ranking.alike else []
        signs += [] if labels[place].marks else _origin_mark(number)
        cells[place] = Text(
            texts.lines_of(number, places, infinity=wish.infinity),
            bold=number.key in ranking.best,
            marks=(*signs, *notes.marks(own)),
        )
    return head, cells


def _notes(columns: Sequence[_Column], axes: Axes, line: str) -> list[str]:
    """Notes on the whole table."""
    notes = []
    if axes.split:
        facts = " and ".join(axes.split)
        notes.append(f"Also split by {facts}, in which records of one cell differed.")
    ways = [column.ranking.way for column in columns if column.ranking.best]
    if ways:
        lower, higher = (
            dict.fromkeys(metric_head(w.metric) for w in ways if w.is_higher_better == is_higher)
            for is_higher in (False, True)
        )
        parts = [f"lower is better for {', '.join(lower)}"] if lower else []
        parts += [f"higher for {', '.join(higher)}"] if higher else []
        notes.append(
            f"Bold: the best number of its {line} ({'; '.join(parts)}). Numbers that were not "
            f"measured as the {line} says, known videos and real sides are not ranked."
        )
    with_interval = [n for column in columns for n in column.numbers if n.shown.interval]
    if any(not number.is_of_raters for number in with_interval):
        notes.append(ALL_COVER)
    if any(number.is_of_raters for number in with_interval):
        notes.append(f"Shares of raters' answers, from 0 to 1, with 95 % intervals: {COVERS}.")
    return notes


def _versions(columns: Sequence[_Column]) -> str:
    found = {
        number.content["versions"].get("leo-bench", "?")
        for column in columns
        for number in column.numbers
    }
    return ", ".join(sorted(found))


def _frame(columns: Sequence[_Column], labels: Mapping[Place, Text]) -> "DataFrame":
    from pandas import DataFrame

    rows = [
        {
            "row": labels[place].lines[0],
            "group": column.group,
            "column": column.head + column.below,
            "shown": "yes" if number is found[-1] else "no",
            "best": "yes" if number.key in column.ranking.best else "no",
            "alike": "yes" if number.key in column.ranking.alike else "no",
            "untested": column.ranking.untested.get(number.key),
            "otherwise": column.ranking.otherwise.get(number.key),
            **number.facts,
        }
        for place in labels
        for column in columns
        for found in [column.cells.get(place, ())]
        for number in found
    ]
    names = (*FRAME, *FACTS_OF_RECORDS)
    return DataFrame([[row.get(name) for name in names] for row in rows], None, names, object)
