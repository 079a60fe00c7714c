"""Tables of ablation records as text: the paper's table, all measures, and remarks."""

from collections.abc import Sequence
from dataclasses import dataclass

from leo_bench.benchmarks.ablations.ablation import Ablation
from leo_bench.benchmarks.ablations.record import AblationRecord, AblationRow, Change, RowT
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.shown_digits import (
    interval_text,
    measured_text,
    number_text,
    spread_text,
)
from leo_bench.reports.plain_tables import markdown_table


@dataclass(frozen=True)
class AblationTable:
    """A table of text, for a terminal or Markdown."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """As Markdown; all columns but the first are right-aligned."""
        align = ["left", *["right"] * (len(self.columns) - 1)]
        return f"**{self.title}**\n\n{markdown_table(self.columns, self.rows, align)}\n"


def paper_table(ablation: Ablation, found: Sequence[AblationRecord]) -> AblationTable:
    """The table in the paper's form: one column a record, then the published columns.

    Below the rows of variants, one row a variant with its difference to the reference.

    Raises:
        InputError: a record is of another ablation, or two records have different measures.
    """
    tables = []
    for record in found:
        if record.ablation != ablation.id:
            raise InputError(
                f"{record.column}: a record of ablation {record.ablation}, not of {ablation.id}"
            )
        tables.append(record.measured[0])
    measures = sorted({table.name for table in tables})
    if len(measures) > 1:
        raise InputError(f"{' and '.join(measures)} do not go into one table")
    known = {row.variant for table in tables for row in table.rows}
    names = [name for name in ablation.variants if name in known and name not in ablation.rows]
    names = [*(name for name in ablation.rows if name in known), *names]
    published, reference = ablation.published, ablation.variants[ablation.reference].label
    rows = []
    for name in names:
        of_paper = [
            f"{column.values[name]:g}" if name in column.values else "" for column in published
        ]
        ours = [_value(_of_variant(table.rows, name)) for table in tables]
        rows.append((ablation.variants[name].label, *ours, *of_paper))
    for name in names:
        changes = [_of_variant(table.changes, name) for table in tables]
        if any(change is not None for change in changes):
            label = f"{ablation.variants[name].label} less {reference}"
            of_paper = [
                f"{column.values[name] - column.values[ablation.reference]:+.4g}"
                if name in column.values
                else ""
                for column in published
            ]
            rows.append((label, *map(_difference, changes), *of_paper))
    columns = (ablation.title, *(record.column for record in found), *(p.column for p in published))
    return AblationTable(f"{measures[0]} ({ablation.source})", columns, tuple(rows))


def all_measures(record: AblationRecord) -> AblationTable:
    """Every measure of every variant: the mean, its interval, and one value a seed."""
    rows = []
    for measured in record.measured:
        for row in measured.rows:
            ends = interval_text(row.interval, row.value)
            cells = (row.label, _value(row), ends, _seeds(row.by_seed, row.interval))
            rows.append((measured.name, *cells))
        labels = {row.variant: row.label for row in measured.rows}
        for change in measured.changes:
            label = f"{labels[change.variant]} less {labels[change.reference]}"
            value = number_text(change.value, change.interval, "+")
            ends = interval_text(change.interval, change.value, "+")
            seeds = _seeds(change.by_seed, change.interval, "+")
            rows.append((measured.name, label, value, ends, seeds))
    return AblationTable(
        record.column, ("measure", "variant", "mean", "95 % interval", "by seed"), tuple(rows)
    )


def remarks(record: AblationRecord) -> list[str]:
    """Remarks on a record for readers of its tables, one line each."""
    lines = [f"{record.column}: {record.setting}"]
    lines += [f"{measured.name}: {measured.about}" for measured in record.measured]
    covered: dict[str, list[str]] = {}
    for measured in record.measured:
        covered.setdefault(measured.covers, []).append(measured.name)
    lines += [f"intervals of {', '.join(n)} cover {covers}" for covers, n in covered.items()]
    for model in record.trained:
        if model.start_distance is not None:
            lines.append(
                f"{model.variant}, seed {model.seed}: the real first frames' codes are "
                f"{model.start_distance:.3g} from the drawn ones on average"
            )
    if reused := [f"{m.variant}, seed {m.seed}" for m in record.trained if m.reused]:
        lines.append(f"taken over from the run that was given: {'; '.join(reused)}")
    lines += [
        f"{measured.name}: p of McNemar's exact test {change.p_value:.3g}"
        for measured in record.measured
        for change in measured.changes
        if change.p_value is not None
    ]
    lines += [f"not comparable with published numbers: {caveat}" for caveat in record.caveats]
    lines += [f"note: {note}" for note in record.notes]
    lines += [
        f"NOT FINISHED, not in these numbers: {part}: {why}" for part, why in record.unfinished
    ]
    return lines


def as_markdown(ablation: Ablation, found: Sequence[AblationRecord]) -> str:
    """The paper's table, then each record's numbers and remarks."""
    parts = ["<!-- leo-bench -->\n", paper_table(ablation, found).markdown()]
    for record in found:
        parts.append(all_measures(record).markdown())
        parts.append("".join(f"- {line}\n" for line in remarks(record)))
    return "\n".join(parts)


def _value(row: AblationRow | None) -> str:
    if row is None:
        return ""
    return f"{number_text(row.value, row.interval)}{spread_text(row.spread)}"


def _difference(change: Change | None) -> str:
    if change is None:
        return ""
    return measured_text(change.value, change.interval, "+")


def _seeds(values: Sequence[float], interval: tuple[float, float] | None, sign: str = "") -> str:
    return "  ".join(number_text(value, interval, sign) for value in values)


def _of_variant(found: Sequence[RowT], variant: str) -> RowT | None:
    return next((row for row in found if row.variant == variant), None)
