"""The best model of each column of a table of records, and whether that is certain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leo_bench.reports.names import metric_title
from leo_bench.reports.own_tables.filling import OwnTable
from leo_bench.reports.own_tables.numbers import Number
from leo_bench.reports.records import Shown

MOST_NAMES = 3


@dataclass(frozen=True)
class Verdict:
    """One column.

    Args:
        group: what is over the column; "" where nothing is.
        metric: its metric, with what is better.
        best: the best models; "" if none is ranked.
        number: the number of the first of them.
        certain: whether the order is certain, in words.
        comparable: whether the column's numbers are comparable with published ones, in words.
    """

    group: str
    metric: str
    best: str
    number: Shown | None
    certain: str
    comparable: str


def verdicts(table: OwnTable, numbers: Mapping[str, Number]) -> list[Verdict]:
    """A line for each column of a table whose rows are models; `numbers` are those of it by key."""
    columns: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in table.frame.to_dict("records"):
        if row["shown"] == "yes":
            columns.setdefault((row["group"], row["column"]), []).append(row)
    return [_verdict(group, rows, numbers) for (group, _), rows in columns.items()]


def _verdict(group: str, rows: list[Mapping[str, Any]], numbers: Mapping[str, Number]) -> Verdict:
    shown = [(row, numbers[row["key"]]) for row in rows]
    first = shown[0][1]
    title = metric_title(first.metric, first.content["frames"])
    models = [
        (row, number)
        for row, number in shown
        if number.origin != "known" and not number.is_real_side
    ]
    rivals = [(row, number) for row, number in models if row["otherwise"] is None]
    best = [(row, number) for row, number in rivals if row["best"] == "yes"]
    alike = [row["row"] for row, _ in rivals if row["alike"] == "yes"]
    untested = [row["row"] for row, _ in rivals if row["untested"] is not None]
    if first.is_of_raters:
        title, best, certain = first.metric, [], "shares of raters' answers are not ranked"
    elif not rivals:
        certain = "no model: known videos alone are here"
    elif not best:
        best, certain = rivals[:1], "the only model"
    elif alike:
        certain = f"no: cannot be told from {_some(alike)}"
    elif untested:
        certain = f"not tested against {_some(untested)}"
    elif len(best) == len(rivals):
        certain = "no: all have the same value"
    else:
        certain = f"yes, against {_some([r['row'] for r, _ in rivals if r['best'] != 'yes'])}"
    if rivals and len(models) > len(rivals):
        certain += f"; {len(models) - len(rivals)} measured otherwise and not compared"
    apart = [bool(number.content["caveats"]) for _, number in shown]
    return Verdict(
        group,
        title,
        ", ".join(row["row"] for row, _ in best),
        best[0][1].shown if best else None,
        certain,
        "no" if all(apart) else "some are not" if any(apart) else "yes",
    )


def _some(names: list[str]) -> str:
    more = len(names) - MOST_NAMES
    shown = ", ".join(names[:MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown
