"""A comparison of two folders of records as text: rows for a terminal, and JUnit XML."""

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence

from leo_bench.evaluation.files.printable import printable
from leo_bench.evaluation.records.shown_digits import measured_text, number_text
from leo_bench.reports.comparing import Change, State
from leo_bench.reports.records import metric_name

COLUMNS = ("", "number", "old", "new", "change [95 % interval]", "floor", "finds")

# What the columns mean.
LEGEND = (
    "Lower is better. Worse: significant over all numbers at once, and larger than the floor. "
    "95 % interval: of the change, with as many other videos. finds: the smallest rise found "
    "with probability 0.8, over all numbers. Keep seeds and first frames: samples of one name are "
    "then pairs, and smaller rises are found. The chance of training again is in none of these. "
    "Not judged: raters' answers."
)

# In the order in which they are shown.
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


def in_order(changes: Sequence[Change]) -> list[Change]:
    """What fails a build first, the most significant loss at the top; then by key."""
    states = list(WORDS)
    return sorted(
        changes,
        key=lambda c: (states.index(c.state), (c.p or 0.0) if c.state == "worse" else 0.0, c.key),
    )


def counted(changes: Sequence[Change]) -> str:
    """How many numbers have each verdict: "1 worse, 21 no change"."""
    counts = Counter(change.state for change in changes)
    return ", ".join(f"{counts[state]} {WORDS[state]}" for state in WORDS if counts[state])


def verdict(changes: Sequence[Change]) -> str:
    """The outcome in a few words: "1 of 22 numbers got worse, 2 not measured"."""
    counts = Counter(change.state for change in changes)
    told: list[State] = [s for s in WORDS if counts[s] and s in ERRORS | FAILURES] or ["worse"]
    if counts["better"]:
        told.append("better")
    first = told[0]
    total = f"{len(changes)} number{'' if len(changes) == 1 else 's'}"
    begin = f"{counts[first]} of {total} {'got worse' if first == 'worse' else WORDS[first]}"
    return ", ".join((begin, *(f"{counts[state]} {WORDS[state]}" for state in told[1:])))


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
    for change in in_order(changes):
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
    return [
        WORDS[change.state],
        change.key,
        _value(change, change.old),
        _value(change, change.new),
        moved(change),
        _limit(None if change.difference is None else change.floor),
        _limit(change.detectable),
    ]


def named(change: Change) -> tuple[str, str, str] | None:
    """Metric, model and benchmark of a key of three parts, as people say them; None: another."""
    parts = change.key.split("/")
    if len(parts) != 3:
        return None
    benchmark, model, _ = parts
    return metric_name(change.metric), model, benchmark


def values(change: Change) -> str:
    """Old and new value: "35 -> 48"."""
    return f"{_value(change, change.old)} -> {_value(change, change.new)}"


def moved(change: Change) -> str:
    """The change and its interval: "+13 [+8, +18]"; "0" if there is none, "-" if unknown."""
    if not change.difference:
        return "-" if change.difference is None else "0"
    return measured_text(change.difference, change.interval, "+")


def _value(change: Change, value: float | None) -> str:
    """A value in the digits that the interval of the change warrants."""
    return "-" if value is None else number_text(value, change.interval)


def _limit(value: float | None) -> str:
    """A threshold in two digits, or a dash."""
    return "-" if value is None else number_text(value, (0.0, value))


def _sentence(change: Change) -> str:
    return (
        f"{values(change)}, change {moved(change)}, floor {_limit(change.floor)}, "
        f"finds a rise of {_limit(change.detectable)}"
    )
