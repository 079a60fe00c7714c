"""The results of a study as tables and lines of text."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from leo_bench.benchmarks.study_results.results import NOBODY, Compared, Results, Tally
from leo_bench.evaluation.preferences.shares import DIFFERENCE
from leo_bench.evaluation.records.preference import Way
from leo_bench.evaluation.records.studied import Selection
from leo_bench.evaluation.uncertainty.variance import LEVEL
from leo_bench.reports.formats.hypertext import as_page
from leo_bench.reports.formats.latex import as_latex
from leo_bench.reports.formats.markdown import as_markdown
from leo_bench.reports.formats.terminal import as_terminal
from leo_bench.reports.grid import NOTHING, Footnotes, Line, TableGrid, Text, interval_text
from leo_bench.reports.raters import COVERS, counted, covered_by

PANELS = {"realism": "Quality", "coherence": "Coherency", "repetition": "Repeated motion"}
WAYS: dict[Way, str] = {
    "server": "from the server",
    "site": "from a static site",
    "simulated": "SIMULATED, no person answered",
}


def headline(results: Results) -> str:
    """One line: which study, how many raters, and where their answers come from."""
    study, answers = results.study, results.collected.answers
    ways = Counter(one.way for one in answers)
    finished = sum(one.finished for one in answers)
    said = ", ".join(f"{count} {WAYS[way]}" for way, count in ways.items())
    whose = "SIMULATED raters" if results.collected.is_simulated else "raters"
    return (
        f'study {study.id}, "{study.text}": {len(answers)} {whose} have begun (of {study.raters} '
        f"slots), {finished} have finished, {counted(results.apart_count)} set apart; "
        f"answers: {said}"
    )


def apart_lines(results: Results) -> list[str]:
    """The raters set apart, a line for each reason."""
    return [f"set apart: {counted(count)}: {reason}" for reason, count in results.apart]


def grids(results: Results) -> list[TableGrid]:
    """The tables of a study: shares, ranking or differences, agreement with side bias and time."""
    in_pairs = results.study.kind == "pairs"
    second = _ranking(results) if in_pairs else _differences(results)
    return [_shares(results), *([second] if second.lines else []), _answers(results)]


def _shares(results: Results) -> TableGrid:
    """Table 3's or Table 5's form, with intervals and counts."""
    study, notes = results.study, Footnotes()
    in_pairs = study.kind == "pairs"
    items = "pairs" if in_pairs else "clips"
    head = "chosen (%)" if in_pairs else 'share of "yes"'
    panel = PANELS.get(study.question, study.text)
    lines = [Line(Text((panel,)), (), "heading")]
    for one in results.shares:
        cells = [cell for part in _parts(results, one) for cell in _share_cells(one, part, notes)]
        lines.append(Line(Text((one.name,)), tuple(cells), "row"))
    methods = [part.share.method for one in results.shares for part in _parts(results, one) if part]
    said = [f"{line}." for line in covered_by(methods, LEVEL)]
    if in_pairs:
        said.append("The interval is that of the first method's share.")
    columns = (head, "votes", "raters", items)
    return _grid(results, "shares", columns, lines, [*said, *_apart_note(results)], notes)


def _share_cells(one: Compared, part: Tally | None, notes: Footnotes) -> list[Text]:
    if part is None:
        return [Text(("-",), marks=notes.marks([f"{NOBODY}."])), *[NOTHING] * 3]
    share, scale = part.share, 100 if one.second else 1
    opposite = f" / {scale * (1 - share.value):.2f}" if one.second else ""
    ends = (scale * share.interval[0], scale * share.interval[1])
    counts = (share.votes, share.raters, share.items)
    return [
        Text((f"{scale * share.value:.2f}{opposite}", interval_text(ends, ".2f"))),
        *(Text((f"{count:,}",)) for count in counts),
    ]


def _ranking(results: Results) -> TableGrid:
    notes = Footnotes()
    strengths = [{one.name: one for one in part.strengths} for part in _selections(results)]
    methods = [one.name for one in results.kept.strengths or results.of_all.strengths]
    lines = []
    for method in methods:
        cells = []
        for found, part in zip(strengths, _selections(results), strict=True):
            one = found.get(method)
            why = dict(part.absent).get("strengths", NOBODY)
            cells += _number_cells(
                None if one is None else (one.value, one.interval), "+.2f", why, notes
            )
        lines.append(Line(Text((method,)), tuple(cells), "row"))
    how = "; ".join(dict.fromkeys(filter(None, (p.strengths_method for p in _selections(results)))))
    said = (
        f"Bradley-Terry strengths of all methods ({how}): log odds against the mean method; "
        f"expit(a - b) is the chance that a is chosen over b. {_level()} interval: {COVERS}."
    )
    return _grid(results, "ranking", ("log odds", "interval"), lines, [said], notes)


def _differences(results: Results) -> TableGrid:
    notes = Footnotes()
    found = [
        {(one.first, one.second): one for one in part.differences} for part in _selections(results)
    ]
    lines = []
    for pair in dict.fromkeys(pair for part in found for pair in part):
        cells = []
        for part in found:
            one = part.get(pair)
            number = None if one is None else (one.value, one.interval)
            cells += _number_cells(number, "+.2f", NOBODY, notes)
        lines.append(Line(Text((f"{pair[0]} less {pair[1]}",)), tuple(cells), "row"))
    said = (
        f'Differences of shares of "yes", each for itself; {_level()} interval ({DIFFERENCE}); '
        "videos of one name are pairs."
    )
    return _grid(results, "differences", ("difference", "interval"), lines, [said], notes)


def _answers(results: Results) -> TableGrid:
    """Agreement, side bias and time."""
    notes = Footnotes()
    rows: dict[str, Callable[[Selection], list[Text]]] = {
        "agreement (Fleiss' kappa)": lambda part: _number_cells(
            None if part.agreement is None else (part.agreement.value, part.agreement.interval),
            ".2f",
            dict(part.absent).get("agreement", NOBODY),
            notes,
        ),
        "left side chosen (%)": lambda part: _number_cells(
            None
            if part.left is None
            else (100 * part.left.value, tuple(100 * end for end in part.left.interval)),
            ".2f",
            NOBODY,
            notes,
        ),
        "seconds an item, median [quartiles]": lambda part: _number_cells(
            None if part.seconds is None else (part.seconds[1], part.seconds[::2]),
            ".1f",
            NOBODY,
            notes,
        ),
    }
    if results.study.kind == "single":
        del rows["left side chosen (%)"]
    lines = [
        Line(
            Text((label,)),
            tuple(cell for part in _selections(results) for cell in cells(part)),
            "row",
        )
        for label, cells in rows.items()
    ]
    said = "Agreement: 1 where all raters of an item answer alike, 0 as if by chance."
    return _grid(results, "answers", ("value", "interval"), lines, [said], notes)


def _number_cells(
    number: tuple[float, Sequence[float] | None] | None, form: str, why: str, notes: Footnotes
) -> list[Text]:
    """A number and its interval; `why` is the footnote where there is none."""
    if number is None:
        return [Text(("-",), marks=notes.marks([f"{why}."])), NOTHING]
    value, interval = number
    ends = NOTHING if interval is None else Text((interval_text((interval[0], interval[1]), form),))
    return [Text((f"{value:{form}}",)), ends]


def _grid(
    results: Results,
    name: str,
    columns: Sequence[str],
    lines: Sequence[Line],
    notes: Sequence[str],
    footnotes: Footnotes,
) -> TableGrid:
    simulated = "SIMULATED raters, " if results.collected.is_simulated else ""
    title = f'User study: {simulated}"{results.study.text}" ({name})'
    parts = _selections(results)
    groups = [
        Text((counted(results.kept.raters),)),
        Text((f"all {counted(results.of_all.raters)}",)),
    ]
    if len(parts) == 1:
        groups = [Text()]
    return TableGrid(
        id=f"study-{name}",
        title=title,
        heading=title,
        corner="Method" if name != "answers" else "",
        groups=tuple((group, len(columns)) for group in groups),
        columns=tuple(Text((column,)) for column in columns) * len(parts),
        lines=tuple(lines),
        signs=(),
        footnotes=tuple(footnotes.texts),
        notes=tuple(notes),
    )


def _selections(results: Results) -> list[Selection]:
    """The raters kept, and all raters if any is set apart."""
    return [results.kept, results.of_all] if results.apart else [results.kept]


def _parts(results: Results, one: Compared) -> list[Tally | None]:
    return [one.kept, one.of_all] if results.apart else [one.kept]


def _apart_note(results: Results) -> list[str]:
    rule = results.study.exclusion
    said = (
        f"The rule of study.toml sets a rater apart who fails more than {rule.most_failed} checks, "
        f"or answers less than {rule.fewest_answered:.0%} of the items".replace("%", " %")
    )
    if rule.shortest_median:
        said += f", or takes less than {rule.shortest_median:g} s an item (median)"
    if results.apart:
        return [f"{said}: {counted(results.apart_count)}, who stand in the columns of all raters."]
    return [f"{said}: none, so the numbers of all raters are these."]


def _level() -> str:
    return f"{LEVEL:.0%}".replace("%", " %")


def _each(write: Callable[[TableGrid], str]) -> Callable[[Sequence[TableGrid]], str]:
    return lambda tables: "\n".join(map(write, tables))


FORMATS: Mapping[str, Callable[[Sequence[TableGrid]], str]] = {
    "terminal": _each(as_terminal),
    "markdown": _each(as_markdown),
    "latex": _each(as_latex),
    "html": lambda tables: as_page(*tables),
}
