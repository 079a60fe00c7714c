"""A comparison of two folders of records, as Markdown and as JUnit XML."""

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from leo_bench.evaluation.files.printable import printable
from leo_bench.reports.comparing import Change, State
from leo_bench.reports.plain_tables import markdown_table

COLUMNS = ("number", "old", "new", "change", "95 % interval", "floor", "finds", "")
_ALIGN = ("left", "right", "right", "right", "left", "right", "right", "left")

# Shown below every table: what the columns mean.
LEGEND = (
    "95 % interval: of the change, with other videos and as many. finds: the smallest rise found "
    "with probability 0.8, over all numbers. Keep seeds and first frames: samples of one name are "
    "then pairs, and smaller rises are found. The chance of training again is in none of these."
)

WORDS: dict[State, str] = {
    "worse": "worse",
    "incomparable": "not comparable",
    "missing": "not measured",
    "unjudged": "cannot be judged",
    "better": "better",
    "same": "no change",
    "new": "new",
    "of raters": "not judged",
}

# JUnit's errors: the number is missing. JUnit's failures: the number is bad.
ERRORS: frozenset[State] = frozenset({"missing", "unjudged"})
FAILURES: frozenset[State] = frozenset({"worse", "incomparable"})


def headline(changes: Sequence[Change]) -> str:
    """One line: how many numbers there are, and how many of each verdict."""
    counts = Counter(change.state for change in changes)
    parts = [f"{counts[state]} {WORDS[state]}" for state in WORDS if counts[state]]
    return f"{len(changes)} numbers: {', '.join(parts)}"


def markdown(changes: Sequence[Change], old: Path, new: Path) -> str:
    """A comment for a pull request: numbers, verdicts, and what else changed."""
    lines = [
        f"### leo-bench: {headline(changes)}",
        "",
        f"`{_cell(str(old))}` -> `{_cell(str(new))}`; lower is better. Worse: significant over all "
        f"numbers at once, and larger than the floor. {LEGEND}",
        "",
        markdown_table(COLUMNS, [list(map(_cell, _marked(change))) for change in changes], _ALIGN),
    ]
    reasons = [f"- `{_cell(c.key)}`: {_cell(c.why)}" for c in changes if c.why]
    if reasons:
        lines += ["", "Why:", "", *reasons]
    provenance = provenance_changes(changes)
    if provenance:
        lines += ["", "Also changed:", "", *(f"- {_cell(line)}" for line in provenance)]
    return "\n".join(lines) + "\n"


def provenance_changes(changes: Sequence[Change]) -> list[str]:
    """What else differs between old and new, each once, with the count of numbers it concerns."""
    counts = Counter(line for change in changes for line in change.provenance)
    return [f"{line} ({count} of {len(changes)} numbers)" for line, count in counts.items()]


def junit(changes: Sequence[Change]) -> str:
    """JUnit XML with one test case for each number."""
    counts = Counter(change.state for change in changes)
    suite = ET.Element(
        "testsuite",
        name="leo-bench regress",
        tests=str(len(changes)),
        failures=str(sum(counts[state] for state in FAILURES)),
        errors=str(sum(counts[state] for state in ERRORS)),
    )
    for change in changes:
        benchmark, _, name = printable(change.key).partition("/")
        case = ET.SubElement(suite, "testcase", classname=benchmark, name=name or benchmark)
        message = printable("; ".join(filter(None, (_sentence(change), change.why))))
        if change.state in FAILURES:
            ET.SubElement(case, "failure", message=message)
        elif change.state in ERRORS:
            ET.SubElement(case, "error", message=message)
        details = "\n".join((message, *map(printable, change.provenance)))
        ET.SubElement(case, "system-out").text = details
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def row(change: Change) -> list[str]:
    """The change as text, one cell for each of `COLUMNS`."""
    interval = change.interval
    return [
        change.key,
        number(change.old),
        number(change.new),
        number(change.difference, "+"),
        "-" if interval is None else "{:+.4g} to {:+.4g}".format(*interval),
        number(change.floor),
        number(change.detectable),
        WORDS[change.state],
    ]


def number(value: float | None, sign: str = "") -> str:
    """Four digits, or a dash."""
    return "-" if value is None else f"{value:{sign}.4g}"


def _sentence(change: Change) -> str:
    interval = ""
    if change.interval is not None:
        interval = " [{:+.4g}, {:+.4g}]".format(*change.interval)
    return (
        f"{number(change.old)} -> {number(change.new)}, "
        f"change {number(change.difference, '+')}{interval}, floor {number(change.floor)}, "
        f"finds a rise of {number(change.detectable)}"
    )


def _marked(change: Change) -> list[str]:
    """`row` as Markdown, with the verdict in bold if it fails a build."""
    key, *numbers, word = row(change)
    return [f"`{key}`", *numbers, f"**{word}**" if change.state in ERRORS | FAILURES else word]


def _cell(text: str) -> str:
    """Text escaped for a cell of a Markdown table."""
    shown = printable(" ".join(text.split()))
    return shown.replace("|", "\\|").replace("<", "&lt;")
