"""The cells of the paper's user studies (Tables 3 and 5) that records of raters' answers fill.

A record belongs to the row of its methods, whichever of the two comes first, and to the column of
its data set. Methods and data sets that the paper does not have get rows and columns of their own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leo_bench.evaluation.records.preference import PreferenceRecord
from leo_bench.reports.layouts import Column, Group, Layout, LayoutRow
from leo_bench.reports.measured import Measured
from leo_bench.reports.origins import origin_of
from leo_bench.reports.raters import recipe_of_raters
from leo_bench.reports.records import StoredRecord

OWN_VIDEOS = "own videos"


@dataclass(frozen=True)
class Studied:
    """A layout with what records add to it.

    Args:
        layout: with further rows and columns, if there are any.
        cells: the numbers by the row's model and the column.
        used: keys of the records that belong to the table.
    """

    layout: Layout
    cells: Mapping[tuple[str, int], Measured]
    used: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Placed:
    """A record in its cell; `content` is turned so that its first method is that of the row."""

    row: LayoutRow
    stored: StoredRecord
    content: Mapping[str, Any]

    @property
    def is_simulated(self) -> bool:
        return "simulated" in self.content["by_way"]


def with_raters(layout: Layout, stored: Mapping[str, StoredRecord]) -> Studied:
    """The layout and the cells that records of raters' answers fill."""
    metrics = {row.metric or column.metric for row in layout.row for _, column in layout.columns()}
    found = [one for one in _of_raters(stored) if one.metric in metrics]
    if not found:
        return Studied(layout, {})
    layout = layout.model_copy(update={"group": (*layout.group, *_further_groups(layout, found))})
    rows = list(layout.row)
    column_of = {group.dataset: i for i, (group, _) in enumerate(layout.columns())}
    candidates: dict[tuple[str, int], list[_Placed]] = {}
    for one in found:
        placed = _placed(one, rows)
        if placed.row not in rows:
            rows.append(placed.row)
        place = (placed.row.model, column_of[one.content["dataset"] or ""])
        candidates.setdefault(place, []).append(placed)
    return Studied(
        layout.model_copy(update={"row": _by_panel(rows)}),
        {place: _chosen(each) for place, each in candidates.items()},
        frozenset(one.key for one in found),
    )


def turned(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a record with its two methods exchanged."""
    every = _opposite(content["all_raters"])
    exchanged = {"first": content["second"], "second": content["first"], "all_raters": every}
    return {**content, **_opposite(content), **exchanged}


def _opposite(share: Mapping[str, Any]) -> dict[str, Any]:
    low, high = share["interval"]
    chosen = share["votes"] - share["chosen"]
    return {**share, "value": 1 - share["value"], "interval": (1 - high, 1 - low), "chosen": chosen}


def _of_raters(stored: Mapping[str, StoredRecord]) -> Iterator[StoredRecord]:
    return (one for one in stored.values() if isinstance(one.record, PreferenceRecord))


def _further_groups(layout: Layout, found: list[StoredRecord]) -> list[Group]:
    """A column for each data set that the layout does not have."""
    known = {group.dataset for group in layout.group}
    names = {one.content["dataset"] or "" for one in found} - known
    like = layout.group[0].column[0]
    unit = "%" if any(row.against for row in layout.row) else "share"
    return [
        Group(
            label="",
            dataset=name,
            column=(
                Column(
                    label=f"{name or OWN_VIDEOS} ({unit})",
                    metric=like.metric,
                    digits=like.digits,
                    better=like.better,
                ),
            ),
        )
        for name in sorted(names)
    ]


def _placed(stored: StoredRecord, rows: list[LayoutRow]) -> _Placed:
    """A record in the row of its methods, or in a new row."""
    content = stored.content
    names = tuple(content[which].lower() for which in ("first", "second"))
    for row in rows:
        if row.metric not in ("", stored.metric):
            continue
        if row.against:
            pair = (row.method, row.against)
            if pair in (names, names[::-1]):
                return _Placed(row, stored, content if pair == names else turned(content))
        elif row.model == names[0] and not names[1]:
            return _Placed(row, stored, content)
    own = next((row for row in rows if row.metric == stored.metric), None)
    label = f"{content['first']} / {content['second']}" if names[1] else content["first"]
    row = LayoutRow(
        label=label,
        model=f"{stored.metric} {names[0]} {names[1]}" if names[1] else names[0],
        method=names[0] if names[1] else "",
        against=names[1],
        metric="" if own is None else stored.metric,
        panel="" if own is None else own.panel,
    )
    return _Placed(row, stored, content)


def _by_panel(rows: list[LayoutRow]) -> tuple[LayoutRow, ...]:
    """The rows with those of one panel together."""
    panels = list(dict.fromkeys(row.panel for row in rows))
    return tuple(sorted(rows, key=lambda row: panels.index(row.panel)))


def _chosen(candidates: list[_Placed]) -> Measured:
    """The number of a cell: people before simulated raters, then the newest."""
    newest = sorted(candidates, key=lambda one: (one.content["created"], one.stored.key))[::-1]
    best, *others = sorted(newest, key=lambda one: one.is_simulated)
    content = best.content
    scale = 100 if content["second"] else 1
    low, high = content["interval"]
    return Measured(
        key=best.stored.key,
        value=scale * content["value"],
        spread=None,
        interval=(scale * low, scale * high),
        origin=origin_of(best.stored, {}),
        recipe=recipe_of_raters(content),
        caveats=tuple(content["caveats"]),
        others=tuple(other.stored.key for other in others if other.content != content),
        opposite=scale * (1 - content["value"]) if content["second"] else None,
    )
