"""What `leo-bench study results` prints: a line on the raters, and tables in a format."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from leo_bench.benchmarks.study_results.results import Results
from leo_bench.evaluation.records.preference import Way
from leo_bench.reports.formats.hypertext import as_page
from leo_bench.reports.formats.latex import as_latex
from leo_bench.reports.formats.markdown import as_markdown
from leo_bench.reports.formats.terminal import as_terminal
from leo_bench.reports.grid import TableGrid
from leo_bench.reports.raters import counted

WAYS: Mapping[Way, str] = {
    "server": "from the server",
    "site": "from a static site",
    "simulated": "SIMULATED, no person answered",
}


def headline(results: Results) -> str:
    """One line: which study, how many raters, and where their answers come from."""
    study, answers = results.study, results.collected.answers
    ways = Counter(one.way for one in answers)
    said = ", ".join(f"{count} {WAYS[way]}" for way, count in ways.items())
    whose = "SIMULATED rater" if results.collected.is_simulated else "rater"
    return (
        f'study {study.id}, "{study.text}": {counted(len(answers), whose)} begun (of '
        f"{study.raters} slots), {sum(one.finished for one in answers)} finished, "
        f"{results.apart_count} set apart; answers: {said}"
    )


def apart_lines(results: Results) -> list[str]:
    """The raters set apart, a line for each reason."""
    return [f"set apart: {counted(count)}: {reason}" for reason, count in results.apart]


def _each(write: Callable[[TableGrid], str]) -> Callable[[Sequence[TableGrid]], str]:
    return lambda tables: "\n".join(map(write, tables))


# By name, what writes several tables as one text.
FORMATS: Mapping[str, Callable[[Sequence[TableGrid]], str]] = {
    "terminal": _each(as_terminal),
    "markdown": _each(as_markdown),
    "latex": _each(as_latex),
    "html": lambda tables: as_page(*tables),
}
