"""A comparison of two folders of records as a comment on a pull request, in Markdown.

What fails a build is shown, the rest is folded. Names in a record may be anybody's, as in a pull
request from a fork: they stand in code spans only, where GitHub and GitLab read no mention, link,
HTML, formula or command.
"""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from leo_bench.evaluation.files.printable import printable
from leo_bench.reports.comparing import Change
from leo_bench.reports.regression_text import (
    COLUMNS,
    ERRORS,
    FAILURES,
    LEGEND,
    counted,
    in_order,
    moved,
    named,
    provenance_changes,
    row,
    values,
    verdict,
)

# Bytes. GitHub refuses a comment of more than 65,536 characters; a line may be added to this one.
LIMIT = 64_000

LONGEST = 300  # characters of one name or reason

_RULE = "| --- | --- | ---: | ---: | ---: | ---: | ---: |"


def markdown(changes: Sequence[Change], old: Path, new: Path) -> str:
    """A comment: the verdict, what fails the build, what to do next, and the rest folded.

    Args:
        changes: of `comparing.compare`.
        old: the folder of records before the change.
        new: the folder of records after it.

    Returns:
        at most `LIMIT` bytes: folded rows are left out first, and the text says how many.
    """
    ordered = in_order(changes)
    bad = [change for change in ordered if change.state in ERRORS | FAILURES]
    rest = ordered[len(bad) :]
    lists: list[Sequence[str]] = [
        list(map(_table_row, rest)),
        [f"- {code(line)}" for line in provenance_changes(changes)],
        [f"- {code(change.key)}: {code(change.why)}" for change in bad if change.why],
        list(map(_table_row, bad)),
    ]
    whole = [len(lines) for lines in lists]
    head = [f"### leo-bench: {verdict(changes)}", *_worst(bad)]
    after = _next(bad, old, new)
    folded = f"{'The other numbers' if bad else 'All numbers'}: {counted(rest)}"
    text = ""
    for i in range(len(lists)):
        while True:
            others, also, reasons, rows = map(_shown, lists, whole)
            text = "\n".join(
                (
                    *head,
                    *_table(rows),
                    *_under("Why:", reasons),
                    *after,
                    *_folded(folded, _table(others)),
                    *_folded("Also changed, and not judged", also),
                    *_folded("What the columns mean", _legend(old, new)),
                    "",
                )
            )
            if len(text.encode()) <= LIMIT or not lists[i]:
                break
            lists[i] = lists[i][: len(lists[i]) * 3 // 4]
    return text


def code(text: str) -> str:
    """Foreign text as a Markdown code span of one line, cut at `LONGEST` characters."""
    line = printable(" ".join(text.split())) or "-"
    line = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
    ticks = max(map(len, re.findall("`+", line)), default=0)
    fence, gap = "`" * (ticks + 1), " " if ticks else ""
    return f"{fence}{gap}{line}{gap}{fence}"


def _cell(text: str) -> str:
    """`code` for a cell: "|" as its escape, since a backslash before it may be escaped itself."""
    return code(text).replace("|", "\\x7c")


def _table_row(change: Change) -> str:
    word, key, *numbers = row(change)
    shown = f"**{word}**" if change.state in ERRORS | FAILURES else word
    return f"| {shown} | {_cell(key)} | {' | '.join(numbers)} |"


def _shown(lines: Sequence[str], of: int) -> list[str]:
    """Lines, and how many were left out."""
    left = of - len(lines)
    note = f"{left} more: this comment is full, and the log of `leo-bench regress` has all of them"
    return [*lines, *(("", note) if left else ())]


def _table(rows: Sequence[str]) -> list[str]:
    return ["", f"| {' | '.join(COLUMNS)} |", _RULE, *rows] if rows else []


def _under(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, "", *lines] if lines else []


def _folded(summary: str, lines: Sequence[str]) -> list[str]:
    """Lines behind a summary; Markdown inside needs the empty lines."""
    if not lines:
        return []
    begin = () if lines[0] == "" else ("",)
    opening = ("", "<details>", f"<summary>{summary}</summary>")
    return [*opening, *begin, *lines, "", "</details>"]


def _legend(old: Path, new: Path) -> list[str]:
    return [f"old: {code(str(old))}; new: {code(str(new))}", "", LEGEND]


def _worst(bad: Sequence[Change]) -> list[str]:
    """The most significant loss, in words."""
    if not bad or bad[0].state != "worse":
        return []
    names = named(bad[0])
    what = code(bad[0].key)
    if names is not None:
        metric, model, benchmark = names
        what = f"{code(metric)} of {code(model)} on {code(benchmark)}"
    return ["", f"{what}: **{values(bad[0])}**, change {moved(bad[0])}"]


def _next(bad: Sequence[Change], old: Path, new: Path) -> list[str]:
    """What to do: the command that says more of the first number with a record in both folders."""
    lines = []
    for change in bad:
        paths = [folder / f"{change.key}.json" for folder in (old, new)]
        command = f"leo-bench explain {' '.join(shlex.quote(str(path)) for path in paths)}"
        if all(path.is_file() for path in paths) and len(command) <= LONGEST:
            lines += ["", f"What else differs between the two records: {code(command)}"]
            break
    if any(change.state == "missing" for change in bad):
        lines += ["", "The log of `leo-bench run` says why a number was not measured."]
    return lines
