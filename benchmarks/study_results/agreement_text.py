"""What `leo-bench study metrics` shows: two tables, and a sentence on each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leo_bench.benchmarks.scores.asked import AskedMetric
from leo_bench.evaluation.records.agreement import (
    AgreementExtra,
    ClipsAgreement,
    ItemShare,
    MethodsAgreement,
    VoteShare,
)
from leo_bench.evaluation.records.shown_digits import interval_text, number_text
from leo_bench.reports.formats.markdown import escape
from leo_bench.reports.plain_tables import markdown_table

NONE, UNTOLD = "-", "cannot be told"


@dataclass(frozen=True)
class Table:
    """A table of text with what stands under it; a cell may have two lines."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]


def tables(found: AgreementExtra) -> list[Table]:
    """By pair of methods, and by pair of clips or by clip; those that have rows."""
    both = [_by_methods(found), _by_pairs(found) if found.kind == "pairs" else _by_single(found)]
    return [table for table in both if table.rows]


def as_markdown(found: AgreementExtra) -> str:
    """The tables and who answered as Markdown."""
    parts = ["<!-- leo-bench -->"]
    for table in tables(found):
        cells = [[escape(cell.replace("\n", " ")) for cell in row] for row in table.rows]
        align = ["left"] * len(table.columns)
        parts.append(f"**{escape(table.title)}**")
        parts.append(markdown_table([*map(escape, table.columns)], cells, align))
        parts.append("\n".join(f"- {escape(note)}" for note in table.notes))
    parts.append("\n".join(f"- {escape(line)}" for line in (*raters(found), *found.notes)))
    return "\n\n".join(parts) + "\n"


def raters(found: AgreementExtra) -> Iterator[str]:
    """Who answered."""
    apart = f", {found.set_apart} of them set apart by the study's rule" if found.set_apart else ""
    yield f"{found.raters} raters{apart}"
    if found.simulated:
        yield f"{found.simulated} of {found.raters} raters are simulated: they are no people"


def _by_methods(found: AgreementExtra) -> Table:
    share = "raters for the first" if found.kind == "pairs" else "raters' yes, first less second"
    columns = ["metric", "first", "second", "first less second", "metric prefers", share]
    rows = [
        [
            _title(one),
            one.first,
            one.second,
            _number(one.difference.value, one.difference.interval),
            one.metric_prefers or one.difference.note or UNTOLD,
            _percent(one.raters.value, one.raters.interval, "+" if not one.raters.even else ""),
            one.raters_prefer or UNTOLD,
            {None: UNTOLD, True: "yes", False: "no"}[one.agree],
        ]
        for one in found.methods
    ]
    notes = [
        f"{_level(found)} intervals: of differences, for as many other videos; of votes, for "
        "as many other raters and items. It cannot be told where an interval "
        "contains no preference.",
        *_counts(found.methods),
    ]
    return Table("By pair of methods", [*columns, "raters prefer", "agree"], rows, notes)


def _counts(methods: Sequence[MethodsAgreement]) -> Iterator[str]:
    """How often each metric agrees."""
    by_metric: dict[str, list[bool | None]] = {}
    for one in methods:
        by_metric.setdefault(_title(one), []).append(one.agree)
    for title, agree in by_metric.items():
        yield (
            f"{title}: agrees with the raters on {agree.count(True)} of {len(agree)} pairs of "
            f"methods, disagrees on {agree.count(False)}; on {agree.count(None)} it cannot be told"
        )


def _by_pairs(found: AgreementExtra) -> Table:
    columns = ["metric", "pairs", "ties", "no value", *_shared_columns(found), "correlation"]
    rows = [
        [
            _of(one),
            f"{one.items}",
            f"{one.ties}",
            f"{one.without}",
            *_shared_cells(one, found),
            NONE if one.correlation is None else _number(one.correlation, one.correlation_interval),
        ]
        for one in found.clips
    ]
    notes = [
        "votes that agree: share of votes for the clip that the metric prefers; chance is 50 %. "
        "Ties, and pairs of which a clip has no value, are left out.",
        *_shared_notes(found),
        "correlation: Spearman's, of the share of votes for a clip and the difference of the "
        f"values; {_level(found)} interval for other pairs",
    ]
    if any(one.of != "value" for one in found.clips):
        notes.append(
            "influence: how much the distance of a method rises as the video counts more, times "
            "the number of videos: lower is better, and the mean of each method is 0; "
            "pseudo-value: the distance plus the influence"
        )
    return Table("By pair of clips", columns, rows, notes)


def _by_single(found: AgreementExtra) -> Table:
    columns = ["metric", "clips", "no value", *_shared_columns(found), "sensitivity", "specificity"]
    rows = [
        [
            _of(one),
            f"{one.items}",
            f"{one.without}",
            *_shared_cells(one, found),
            _share(one.sensitivity),
            _share(one.specificity),
        ]
        for one in found.clips
    ]
    notes = [
        "votes that agree: share of votes that say of a clip what the metric says",
        *_shared_notes(found),
        'sensitivity: share of the votes "yes" that are on clips with repeated motion by the '
        'metric; specificity: share of the votes "no" that are on clips without',
    ]
    return Table("By clip", columns, rows, notes)


def _shared_columns(found: AgreementExtra) -> list[str]:
    everybody = ["of all raters"] if found.set_apart else []
    return ["votes", "votes that agree", *everybody, "majorities", "inter-rater agreement"]


def _shared_cells(one: ClipsAgreement, found: AgreementExtra) -> list[str]:
    return [
        f"{one.agreement.votes if one.agreement else 0}",
        _share(one.agreement),
        *([_share(one.all_raters)] if found.set_apart else []),
        _majority(one.majority),
        _share(one.others),
    ]


def _shared_notes(found: AgreementExtra) -> Iterator[str]:
    yield (
        f"{_level(found)} intervals of votes are for as many other raters and items; "
        "those of majorities for other items; the metric's values are taken as they are"
    )
    yield "majorities: of the items on which most raters say the same, those that agree"
    yield (
        "inter-rater agreement: share of the same votes that agree with most other raters of the "
        "item, where these are not evenly divided: about what a metric reaches that is as good as "
        "the other raters; with few raters an item, a better one reaches more"
    )


def _level(found: AgreementExtra) -> str:
    return f"{100 * found.level:g} %"


def _title(one: MethodsAgreement | ClipsAgreement) -> str:
    return AskedMetric(one.metric, one.frames).title


def _of(one: ClipsAgreement) -> str:
    return _title(one) if one.of == "value" else f"{_title(one)}, {one.of}"


def _share(share: VoteShare | None) -> str:
    return NONE if share is None else _percent(share.value, share.interval)


def _majority(share: ItemShare) -> str:
    if not share.items:
        return NONE
    return _percent(share.agree / share.items, share.interval, of=f" of {share.items}")


def _percent(
    value: float, interval: tuple[float, float] | None, sign: str = "", of: str = ""
) -> str:
    ends = None if interval is None else (100 * interval[0], 100 * interval[1])
    shown = f"{number_text(100 * value, ends, sign)} %{of}"
    return f"{shown}\n{interval_text(ends, 100 * value)}".rstrip()


def _number(value: float, interval: tuple[float, float] | None) -> str:
    number = number_text(value, interval, "+")
    return f"{number}\n{interval_text(interval, value, '+')}".rstrip()
