"""What `leo-bench score` shows: a table, the differences of fake sides, and every note once."""

from collections.abc import Iterator, Sequence

from leo_bench.benchmarks.scores.asked import AskedMetric
from leo_bench.benchmarks.scores.metric_groups import Number
from leo_bench.benchmarks.scores.pairs import ALL_PAIRS
from leo_bench.benchmarks.scores.together import Together
from leo_bench.evaluation.metrics import DISTANCES
from leo_bench.evaluation.records.comparison import DifferenceRecord, better
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.documents import MeasuredRecord, measured_of
from leo_bench.evaluation.records.shown_digits import measured_text, spread_text
from leo_bench.reports.records import Shown, published

REAL = "real videos"


def rows(numbers: Sequence[Number]) -> tuple[list[str], list[list[str]]]:
    """The table: its columns, and a row for each metric; of precision a second one for recall."""
    sides = list(dict.fromkeys(_side(number) for number in numbers))
    sides.sort(key=lambda side: side != REAL)
    by_metric: dict[AskedMetric, dict[str, Number]] = {}
    for number in numbers:
        by_metric.setdefault(number.metric, {})[_side(number)] = number
    table = []
    for metric, found in by_metric.items():
        first = next(iter(found.values())).record
        said = [f"{first.protocol} v{first.protocol_version}", _counts([*found.values()])]
        said.append(better(metric.name))
        for title in [metric.title, *([f"recall{metric.frames}"] if metric.is_precision else [])]:
            cells = [_cell(title, found[side]) if side in found else "" for side in sides]
            table.append([title, *said, *cells])
    return ["", "protocol", "n", "", *sides], table


def difference_lines(found: Together) -> Iterator[str]:
    """The differences of fake sides, a line each."""
    records, differences = measured_of(found.document), found.differences
    if not differences:
        return
    yield "Differences, with 95 % intervals, each for one difference by itself:"
    for one in differences:
        yield _difference(one, found.numbers, records)
    fakes = {number.side for number in found.numbers if number.side is not None}
    if len(fakes) > ALL_PAIRS:
        yield f"Of {len(fakes)} fake sides, each is compared with the first one."
    if any(number.metric.is_precision for number in found.numbers):
        yield "Precision and recall: no interval of a difference is known, and none is shown."


def notes(found: Together) -> Iterator[str]:
    """Caveats, notes, and videos without a value, each once, with the numbers that it is about."""
    about: dict[str, list[Number]] = {}
    for number in found.numbers:
        for note in dict.fromkeys(_notes_of(number.record)):
            about.setdefault(note, []).append(number)
    for note, numbers in about.items():
        yield f"{note}{_where(numbers, found.numbers)}"
    for note in found.notes:
        yield f"note: {note}"


def _where(numbers: Sequence[Number], of: Sequence[Number]) -> str:
    """The numbers that a note is about, such as " (FVD16, FID16 of blur)"; of all: ""."""
    if len(numbers) == len(of):
        return ""
    sides: dict[AskedMetric, list[str]] = {}
    for number in numbers:
        sides.setdefault(number.metric, []).append(_side(number))
    metrics: dict[str, list[str]] = {}
    for metric, named in sides.items():
        whole = len(named) == sum(number.metric == metric for number in of)
        metrics.setdefault("" if whole else f" of {', '.join(named)}", []).append(metric.title)
    parts = (f"{', '.join(titles)}{side}" for side, titles in metrics.items())
    return f" ({'; '.join(parts)})"


def _notes_of(record: MeasuredRecord) -> Iterator[str]:
    for caveat in record.caveats:
        yield f"not comparable with published numbers: {caveat}"
    sides = [record.real, record.fake] if isinstance(record, Record) else [record.source]
    for note in (*record.notes, *(note for side in sides for note in side.notes)):
        yield f"note: {note}"
    if not isinstance(record, Record):
        for video, reason in record.without_value:
            yield f"no value for {video}: {reason}"
    for side in sides:
        for video, reason in side.skipped:
            yield f"skipped {video}: {reason}"


def _side(number: Number) -> str:
    return REAL if number.side is None else number.side.label


def _counts(numbers: Sequence[Number]) -> str:
    """How many samples a metric has, where the sides agree: "256 clips", "4 / 8 videos"."""
    records = [number.record for number in numbers]
    counts = {(r.n_real, r.n_fake) if isinstance(r, Record) else (r.videos_used,) for r in records}
    if len(counts) > 1:
        return "differs"
    unlike = sorted(set(counts.pop()))
    of = records[0]
    what = DISTANCES[of.metric].samples if isinstance(of, Record) else "videos"
    return f"{' / '.join(map(str, unlike))} {what}"


def _cell(title: str, number: Number) -> str:
    if number.shares is None:
        spread = number.record.spread if isinstance(number.record, Record) else None
        return _shown(published(number.record), spread)
    of_recall = title.startswith("recall")
    share = number.shares.recall if of_recall else number.shares.precision
    return _shown(Shown(share.value, share.interval), None)


def _shown(number: Shown, spread: float | None) -> str:
    return f"{number.value_text}{spread_text(spread)}\n{number.interval_text}".rstrip()


def _difference(
    one: DifferenceRecord, numbers: Sequence[Number], records: Sequence[MeasuredRecord]
) -> str:
    first, second = records[one.first], records[one.second]
    of_first, of_second = (
        next(number for number in numbers if number.record is record) for record in (first, second)
    )
    paired = f"{one.paired} videos paired by name" if one.paired else "no videos of one name"
    said = f" no interval: {one.note}"
    if one.interval is not None:
        low, high = one.interval
        said = ", which contains 0" if low <= 0 <= high else ""
    metric = of_first.metric
    if metric.is_precision:  # what is compared is the distance whose features it is of
        metric = AskedMetric(first.metric, metric.frames)
    return (
        f"  {metric.title} ({first.protocol}): {_side(of_first)} less {_side(of_second)}: "
        f"{measured_text(one.value, one.interval, '+')}{said}; {better(first.metric)}; {paired}"
    )
