"""What a document of `leo-bench score` has besides its records: differences, and precision."""

from collections.abc import Sequence
from typing import Self

from pydantic import model_validator

from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.metrics import METRICS
from leo_bench.evaluation.records.checks import (
    Count,
    Level,
    Method,
    NotNegative,
    Number,
    check_close,
    check_equal,
    check_interval,
)
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.evaluation.records.shares import PrecisionExtra, check_shares


class DifferenceRecord(Data):
    """The number of one fake side less that of another, against the same real side.

    Args:
        first, second: their records, by place in the document, counted from 0.
        value: the first number less the second, in float64.
        interval: for other videos of all sides; None: `note` says why.
        paired: videos of one name that both fake sides have: they are taken as pairs.
        note: why there is no interval.
    """

    first: Count
    second: Count
    value: Number
    interval: tuple[Number, Number] | None
    interval_level: Level | None
    interval_method: Method | None
    standard_error: NotNegative | None
    paired: Count
    note: str = ""

    @model_validator(mode="after")
    def _interval_fits(self) -> Self:
        level, method, error = self.interval_level, self.interval_method, self.standard_error
        check_interval("value", self.value, self.interval, level, method, error)
        if (self.interval is None) != bool(self.note):
            raise ValueError("interval and note: one of the two is expected")
        return self


class PrecisionOf(Data):
    """Precision and recall, and the record of the distance whose features they are of.

    Args:
        record: its place in the document, counted from 0.
    """

    record: Count
    shares: PrecisionExtra


class ScoresExtra(Data):
    """Of a document of `leo-bench score`."""

    precision: tuple[PrecisionOf, ...]
    differences: tuple[DifferenceRecord, ...]


def check_comparison(extra: ScoresExtra, records: Sequence[Record | ScoreRecord]) -> None:
    """The extra says what its records say.

    Raises:
        ValueError: it does not.
    """
    for place, one in enumerate(extra.precision):
        record = _record(f"extra.precision[{place}]", one.record, records)
        if not isinstance(record, Record):
            raise ValueError(f"extra.precision[{place}] is of a score: a distance is expected")
        where = f"extra.precision[{place}]"
        check_shares(one.shares, where, one.record, record.n_real, record.n_fake)
    for place, found in enumerate(extra.differences):
        where = f"extra.differences[{place}]"
        first, second = (_record(where, at, records) for at in (found.first, found.second))
        for name in ("metric", "frames", "protocol_digest", "resolution", "kind"):
            mine, others = getattr(first, name), getattr(second, name)
            check_equal(f"{where}.first's {name}", mine, f"{where}.second's {name}", others)
        if isinstance(first, Record) and isinstance(second, Record):
            real, other = first.real.fingerprint, second.real.fingerprint
            check_equal(f"{where}.first's real videos", real, f"{where}.second's", other)
        values = exact_value(first), exact_value(second)
        scale = max(map(abs, values))
        check_close(f"{where}.value", found.value, "its records", values[0] - values[1], scale)


def exact_value(record: Record | ScoreRecord) -> float:
    """The number in float64, if the record has both forms."""
    return record.value_float64 if isinstance(record, Record) else record.value


def better(metric: str) -> str:
    """Which numbers of a metric are the better ones, in words."""
    return f"{METRICS[metric].better} is better" if metric in METRICS else ""


def _record(
    where: str, place: int, records: Sequence[Record | ScoreRecord]
) -> Record | ScoreRecord:
    if place >= len(records):
        raise ValueError(f"{where} names record {place}; there are {len(records)}")
    return records[place]
