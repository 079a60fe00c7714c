"""The axes of a table: facts of records that tell rows and columns apart, and how they are shown.

Records that both axes put into one cell are told apart by further facts, one after another in the
order of `SPLITS`, until every cell has one record, or several that only their time tells apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import shortened
from leo_bench.evaluation.files.known_names import did_you_mean, known_are
from leo_bench.evaluation.metrics import METRICS
from leo_bench.reports.own_tables.numbers import Number
from leo_bench.reports.records import metric_name

# Facts that may split a cell, in the order in which they are tried, and the axis that each joins.
SPLITS: Mapping[str, Literal["rows", "columns"]] = {
    "metric": "columns",
    "dataset": "columns",
    "real": "columns",
    "resolution": "columns",
    "protocol": "columns",
    "protocol_version": "columns",
    "protocol_digest": "columns",
    "frames": "columns",
    "real_stride": "columns",
    "fake_stride": "columns",
    "network": "columns",
    "weights_sha256": "columns",
    "precision": "columns",
    "n_real": "columns",
    "n_fake": "columns",
    "seed": "columns",
    "side": "rows",
    "model": "rows",
    "fake": "rows",
    "fake_fingerprint": "rows",
    "real_fingerprint": "columns",
    "benchmark": "columns",
}
FACTS = (*SPLITS, "device", "comparable", "commit", "created", "kind", "key")
OTHER_NAMES = {"extractor": "network", "embedder": "network", "weights": "weights_sha256"}

# How a value is shown whose name would otherwise have to stand beside it.
FORMS = {
    "protocol_version": "version {}",
    "frames": "{} frames",
    "real_stride": "real stride {}",
    "fake_stride": "fake stride {}",
    "n_real": "{} real",
    "n_fake": "{} fake",
    "seed": "seed {}",
    "side": "{} side",
}
DIGESTS = {"protocol_digest", "weights_sha256", "real_fingerprint", "fake_fingerprint", "commit"}
ORDER = [*METRICS, "recall"]  # of columns


@dataclass(frozen=True)
class Axes:
    """The facts of a table's rows and columns.

    Args:
        split: facts that were added to tell records of one cell apart.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    split: tuple[str, ...] = ()


def fact_named(name: str, option: str) -> str:
    """The fact of this name, or of this other name.

    Raises:
        InputError: there is none; the message lists the known ones.
    """
    fact = OTHER_NAMES.get(name, name)
    if fact not in FACTS:
        known = known_are(name, (*FACTS, *OTHER_NAMES))
        raise InputError(f"{option} {shortened(name)}: no such fact of a record; {known}")
    return fact


def selected(numbers: Sequence[Number], conditions: Sequence[str]) -> list[Number]:
    """The numbers that meet every condition "FACT=VALUE,VALUE".

    Raises:
        InputError: a condition of another form, an unknown fact, or one that no number meets.
    """
    left = list(numbers)
    for condition in conditions:
        name, equals, values = condition.partition("=")
        if not equals or not values:
            raise InputError(f"--where {shortened(condition)}: FACT=VALUE or FACT=VALUE,VALUE")
        fact = fact_named(name, "--where")
        wanted = set(values.split(","))
        there = sorted({_text(number.facts.get(fact)) for number in left})
        left = [number for number in left if _text(number.facts.get(fact)) in wanted]
        if not left:
            raise InputError(
                f"--where {shortened(condition)}: no record has it; "
                f"{did_you_mean(values, there)}{fact} is {_some(there)}"
            )
    return left


def settled(numbers: Sequence[Number], rows: Sequence[str], columns: Sequence[str]) -> Axes:
    """The axes, with the facts that records of one cell differ in."""
    axes = Axes(tuple(rows), tuple(columns))
    while True:
        cells: dict[tuple[Any, ...], list[Number]] = {}
        for number in numbers:
            place = (place_on(number, axes.rows), place_on(number, axes.columns))
            cells.setdefault(place, []).append(number)
        differing = (f for f in SPLITS if any(_splits(f, cell) for cell in cells.values()))
        fact = next(differing, None)
        if fact is None:
            return axes
        split = (*axes.split, fact)
        if SPLITS[fact] == "rows":
            axes = Axes((*axes.rows, fact), axes.columns, split)
        else:  # in front: the last fact of the columns is that of the heads
            axes = Axes(axes.rows, (*axes.columns[:-1], fact, axes.columns[-1]), split)


def place_on(number: Number, axis: Sequence[str]) -> tuple[Any, ...]:
    """The number's facts along an axis."""
    return tuple(number.facts.get(fact) for fact in axis)


def in_order(place: Sequence[Any], axis: Sequence[str]) -> tuple[Any, ...]:
    """A key that sorts places: metrics as in `METRICS`, numbers by size, the rest by name."""
    return tuple(_rank(fact, value) for fact, value in zip(axis, place, strict=True))


def shown(fact: str, value: Any) -> str:
    """The value of a fact in the head of a row or column."""
    if fact == "resolution":
        return "as stored" if value is None else f"{value} x {value}"
    if value is None:
        return {"dataset": "own files"}.get(fact, f"no {fact}")
    if fact == "metric":
        return metric_head(str(value))
    text = str(value)
    if fact in DIGESTS:
        text = f"{fact} {text[:12]}"
    return FORMS.get(fact, "{}").format(text)


def metric_head(metric: str) -> str:
    """A metric as a head: FVD, KVD, ...; Precision, Drift, ..."""
    name = metric_name(metric)
    return name if name.isupper() else name.capitalize()


def _splits(fact: str, cell: Sequence[Number]) -> bool:
    return len({number.facts.get(fact) for number in cell}) > 1


def _rank(fact: str, value: Any) -> tuple[int, float, str]:
    if fact == "metric" and value in ORDER:
        return 0, ORDER.index(value), ""
    if isinstance(value, int | float):
        return 0, value, ""
    return 1, 0.0, _text(value)


def _text(value: Any) -> str:
    return "none" if value is None else str(value)


def _some(values: Sequence[str]) -> str:
    more = f" and {len(values) - 8} more" if len(values) > 8 else ""
    return ", ".join(values[:8]) + more
