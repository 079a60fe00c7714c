"""The results of a study as tables: shares, ranking or differences, agreement with sides and time.

Where raters are set apart, the numbers of all raters stand beside those of the raters kept.
"""

from collections.abc import Callable, Sequence

from leo_bench.benchmarks.study_results.results import (
    NOBODY,
    Compared,
    Results,
    Tally,
    methods_in_order,
)
from leo_bench.evaluation.preferences.shares import DIFFERENCE
from leo_bench.evaluation.records.shown_digits import interval_text, number_text
from leo_bench.evaluation.records.studied import (
    AgreementRecord,
    DifferenceOfMethods,
    Selection,
    StrengthRecord,
)
from leo_bench.evaluation.uncertainty.variance import LEVEL
from leo_bench.reports.grid import NOTHING, Footnotes, Line, TableGrid, Text
from leo_bench.reports.raters import ALONE, COVERS, counted, covered_by

PANELS = {"realism": "Quality", "coherence": "Coherency", "repetition": "Repeated motion"}
WITHOUT_INTERVAL = (
    "no interval: kappa, or kappa without one of the raters, items or votes, is 1, the lowest "
    "there is, or has no value"
)

# A number and its interval; None where it cannot be computed, or has no interval.
Measured = tuple[float, Sequence[float] | None] | None


def tables_of(results: Results) -> list[TableGrid]:
    """The tables of a study, in the order in which they are shown."""
    second = _ranking(results) if results.study.kind == "pairs" else _differences(results)
    return [_shares(results), *([second] if second.lines else []), _answers(results)]


def _shares(results: Results) -> TableGrid:
    """Table 3's or Table 5's form, with intervals and counts."""
    study, notes = results.study, Footnotes()
    in_pairs = study.kind == "pairs"
    lines = [Line(Text((PANELS.get(study.question, study.text),)), (), "heading")]
    for one in results.shares:
        cells = _share(one, one.kept, notes)
        if results.apart:
            cells += _share(one, one.of_all, notes)[:2]
        lines.append(Line(Text((one.name,)), tuple(cells), "row"))
    methods = [
        part.share.method for one in results.shares for part in (one.kept, one.of_all) if part
    ]
    said = [f"{line}." for line in covered_by(methods, LEVEL)]
    if in_pairs:
        said.append("The interval is that of the first method's share.")
    share = "chosen (%)" if in_pairs else 'share of "yes"'
    columns = [share, "votes", "raters", "pairs" if in_pairs else "clips"]
    columns += [_with_apart(results), "votes"] if results.apart else []
    return _table(results, "shares", columns, lines, [*said, _rule(results)], notes)


def _share(one: Compared, part: Tally | None, notes: Footnotes) -> list[Text]:
    """Share, votes, raters and items."""
    if part is None:
        return [Text(("-",), marks=notes.marks([f"{NOBODY}."])), *[NOTHING] * 3]
    share, scale = part.share, 100 if one.second else 1
    ends = (scale * share.interval[0], scale * share.interval[1])
    value, other = scale * share.value, scale * (1 - share.value)
    opposite = f" / {number_text(other, ends)}" if one.second else ""
    return [
        Text((f"{number_text(value, ends)}{opposite}", interval_text(ends, value))),
        *(Text((f"{count:,}",)) for count in (share.votes, share.raters, share.items)),
    ]


def _ranking(results: Results) -> TableGrid:
    """Bradley-Terry strengths, strongest first."""
    notes, parts = Footnotes(), _selections(results)
    methods = [one.name for one in results.kept.strengths or results.of_all.strengths]

    def strength(method: str) -> Callable[[Selection], Measured]:
        def of(part: Selection) -> Measured:
            return next((_value(one) for one in part.strengths if one.name == method), None)

        return of

    lines = [
        _line(method, strength(method), "strengths", "+", parts, notes)
        for method in methods or methods_in_order(results.study)
    ]
    found = dict.fromkeys(part.strengths_method for part in parts if part.strengths_method)
    how = f" ({'; '.join(found)})" if found else ""
    said = (
        f"Bradley-Terry strengths of all methods{how}: log odds against the mean method; "
        f"expit(a - b) is the chance that a is chosen over b. {_covers(results)}"
    )
    return _table(results, "ranking", _columns(results, "log odds"), lines, [said], notes)


def _differences(results: Results) -> TableGrid:
    """Of every two methods of single clips."""
    notes, parts = Footnotes(), _selections(results)

    def difference(pair: tuple[str, str]) -> Callable[[Selection], Measured]:
        def of(part: Selection) -> Measured:
            found = (one for one in part.differences if (one.first, one.second) == pair)
            return next(map(_value, found), None)

        return of

    pairs = dict.fromkeys((one.first, one.second) for part in parts for one in part.differences)
    lines = [
        _line(" less ".join(pair), difference(pair), "differences", "+", parts, notes)
        for pair in pairs
    ]
    said = (
        f'Differences of shares of "yes", each for itself ({DIFFERENCE}); videos of one name are '
        f"pairs. {_covers(results)}"
    )
    return _table(results, "differences", _columns(results, "difference"), lines, [said], notes)


def _answers(results: Results) -> TableGrid:
    """Agreement, side bias and time."""
    notes, parts = Footnotes(), _selections(results)
    in_pairs = results.study.kind == "pairs"

    def agreement(part: Selection) -> Measured:
        return None if part.agreement is None else _value(part.agreement)

    def left(part: Selection) -> Measured:
        if part.left is None:
            return None
        return 100 * part.left.value, [100 * end for end in part.left.interval]

    def seconds(part: Selection) -> Measured:
        return None if part.seconds is None else (part.seconds[1], part.seconds[::2])

    lines = [_line("agreement (Fleiss' kappa)", agreement, "agreement", "", parts, notes)]
    if in_pairs:
        lines.append(_line("left side chosen (%)", left, "left", "", parts, notes))
    label = "seconds an item: median [quartiles]"
    lines.append(_line(label, seconds, "seconds", "", parts, notes))
    what = "which clip is chosen, each pair in both orders" if in_pairs else "yes or no"
    said = f"Agreement on {what}: 1 where all raters answer alike, 0 as if by chance."
    name = "agreement, sides and time" if in_pairs else "agreement and time"
    covers = f"{_covers(results)} Of seconds: quartiles of all votes."
    return _table(results, name, _columns(results, "value"), lines, [said, covers], notes)


def _value(one: AgreementRecord | DifferenceOfMethods | StrengthRecord) -> Measured:
    return one.value, one.interval


def _line(
    label: str,
    number: Callable[[Selection], Measured],
    name: str,
    sign: str,
    parts: Sequence[Selection],
    notes: Footnotes,
) -> Line:
    """A number of each selection; a footnote says why one is not there."""
    cells = []
    for part in parts:
        found = number(part)
        if found is None:
            why = dict(part.absent).get(name, NOBODY)
            cells.append(Text(("-",), marks=notes.marks([f"{why}."])))
        elif found[1] is None:
            cells.append(
                Text(
                    (number_text(found[0], sign=sign),), marks=notes.marks([f"{WITHOUT_INTERVAL}."])
                )
            )
        else:
            value, ends = found
            lines = number_text(value, ends, sign), interval_text(ends, value, sign)
            cells.append(Text(lines))
    return Line(Text((label,)), tuple(cells), "row")


def _table(
    results: Results,
    name: str,
    columns: Sequence[str],
    lines: Sequence[Line],
    notes: Sequence[str],
    footnotes: Footnotes,
) -> TableGrid:
    simulated = "SIMULATED raters, " if results.collected.is_simulated else ""
    title = f'User study: {simulated}"{results.study.text}", {name}'
    return TableGrid(
        id=f"study-{name.split(',')[0].replace(' ', '-')}",
        title=title,
        heading=title,
        corner="",
        groups=((Text(), len(columns)),),
        columns=tuple(Text((column,)) for column in columns),
        lines=tuple(lines),
        signs=(),
        footnotes=tuple(footnotes.texts),
        notes=tuple(notes),
    )


def _columns(results: Results, head: str) -> list[str]:
    """The head over numbers of the raters kept, and one over those of all raters."""
    return [head, _with_apart(results)] if results.apart else [head]


def _with_apart(results: Results) -> str:
    return f"with {results.apart_count} set apart"


def _selections(results: Results) -> list[Selection]:
    """The raters kept, and all raters if any is set apart."""
    return [results.kept, results.of_all] if results.apart else [results.kept]


def _rule(results: Results) -> str:
    """The rule of study.toml, and what became of it."""
    rule = results.study.exclusion
    parts = [
        f"who fails more than {counted(rule.most_failed, 'check')}",
        f"answers less than {100 * rule.fewest_answered:g} % of the items",
    ]
    if rule.shortest_median:
        parts.append(f"takes less than {rule.shortest_median:g} s an item (median)")
    said = f"Set apart by the rule of study.toml is a rater {', or '.join(parts)}: "
    if results.apart:
        begun = len(results.collected.answers)
        only = f'the columns "{_with_apart(results)}" alone count them'
        return f"{said}{results.apart_count} of {counted(begun)}; {only}."
    return f"{said}none, so these are the numbers of all raters."


def _covers(results: Results) -> str:
    """What the intervals cover."""
    alone = min(min(part.raters, part.items) for part in _selections(results)) < 2
    level = f"{LEVEL:.0%}".replace("%", " %")
    return f"In brackets: {level} intervals, {ALONE if alone else COVERS}."
