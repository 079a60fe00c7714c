"""Renders a folder of records as one HTML file: tables, curves, clips, provenance, methods.

The file fetches nothing: pictures and videos are inside, and its content security policy forbids
requests. The template engine escapes everything that comes from a record or a file name.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.printable import printable_lines
from leo_bench.reports import citing
from leo_bench.reports.bibliography import bibtex, citations
from leo_bench.reports.curves import Curve, bias_curve, can_draw, time_curve
from leo_bench.reports.formats.hypertext import as_element
from leo_bench.reports.grid import Text
from leo_bench.reports.names import benchmark_names, better, model_name
from leo_bench.reports.own_tables.filling import Wish, table_of_numbers
from leo_bench.reports.own_tables.numbers import Number, numbers_in
from leo_bench.reports.records import RecordTree
from leo_bench.reports.verdicts import Verdict, verdicts

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Clip:
    """A short video as H.264 in MP4, with a title, a note, and its first frame as JPEG."""

    title: str
    note: str
    mp4: bytes
    first: bytes

    @property
    def source(self) -> str:
        """The video as a data URL."""
        return "data:video/mp4;base64," + base64.b64encode(self.mp4).decode()

    @property
    def poster(self) -> str:
        """The first frame as a data URL."""
        return "data:image/jpeg;base64," + base64.b64encode(self.first).decode()


@dataclass(frozen=True)
class ClipRow:
    """Clips to be compared side by side."""

    label: str
    clips: Sequence[Clip]


@dataclass(frozen=True)
class Extras:
    """What a page shows besides the records.

    Args:
        tables: HTML of further tables, escaped.
        clips: rows of clips, by key of the record.
        curves: further pictures, such as losses.
        titles: titles of data sets, by their ids.
    """

    tables: Sequence[str] = ()
    clips: Mapping[str, Sequence[ClipRow]] = field(default_factory=dict)
    curves: Sequence[Curve] = ()
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Benchmark:
    """The numbers of one folder.

    Args:
        name: what was measured on.
        about: titles of its data sets; "" if none is known.
        table: HTML of its table, escaped.
        verdicts: a line for each column of the table.
        clips: rows of clips, each with its model.
    """

    name: str
    about: str
    table: str
    verdicts: Sequence[Verdict]
    curves: Sequence[Curve]
    clips: Sequence[tuple[str, ClipRow]]


def render(tree: RecordTree, title: str, extras: Extras) -> str:
    """The page as HTML.

    Raises:
        InputError: no records.
    """
    numbers = numbers_in(tree)
    if not numbers:
        why = next(iter(tree.broken.values()), "make some with --records")
        raise InputError(f"no record is in that folder that can be read: {why}")
    cited = citations([number.content for number in numbers])
    return template("report.html").render(
        title=title,
        count=len(numbers),
        versions=sorted({number.content["versions"].get("leo-bench", "?") for number in numbers}),
        tables=extras.tables,
        benchmarks=_benchmarks(numbers, extras),
        curves=extras.curves,
        methods=citing.paragraphs(numbers, "text"),
        in_latex="\n\n".join(citing.paragraphs(numbers, "latex")),
        works=cited.works.values(),
        without=citing.without_paper(cited),
        entries=bibtex(cited.works),
        caveats=_caveats(numbers),
        provenance=_provenance(tree, numbers),
        broken=tree.broken,
        is_without_curves=not can_draw(),
    )


def template(name: str) -> Template:
    """A template of `reports/templates`, which escapes its values."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _shown(value: object) -> object:
    """A value of a template without control characters."""
    return printable_lines(value) if type(value) is str else value


def _provenance(tree: RecordTree, numbers: Sequence[Number]) -> list[tuple[str, str]]:
    """The records by key, with those of precision and recall."""
    of_shares = {
        number.key.rpartition("/")[0]: json.dumps(number.content, indent=1, ensure_ascii=False)
        for number in numbers
        if number.stored is None
    }
    of_others = {key: stored.record.to_json().rstrip() for key, stored in tree.records.items()}
    return sorted((of_shares | of_others).items())


def _benchmarks(numbers: Sequence[Number], extras: Extras) -> list[_Benchmark]:
    names = benchmark_names((str(n.facts["benchmark"]), n.content) for n in numbers)
    by_folder: dict[str, list[Number]] = {}
    for number in numbers:
        model = model_name(
            number.content, str(number.facts["model"]), is_known=number.origin == "known"
        )
        named = replace(number, facts={**number.facts, "model": model})
        by_folder.setdefault(str(number.facts["benchmark"]), []).append(named)
    return [
        _benchmark(place, names[folder], found, extras)
        for place, (folder, found) in enumerate(by_folder.items(), start=1)
    ]


def _benchmark(place: int, name: str, numbers: Sequence[Number], extras: Extras) -> _Benchmark:
    table = table_of_numbers(numbers, Wish(columns=("metric",)))
    grid = replace(
        table.grid,
        id=f"records-{place}",
        heading="Value [95 % interval]",
        columns=tuple(map(_with_direction, table.grid.columns)),
    )
    curves: list[Curve | None] = []
    if can_draw():
        of = {metric: _by_model(numbers, metric) for metric in ("fvd", "drift")}
        drifts = {model: number.content["curves"] for model, number in of["drift"].items()}
        fvds = {model: number.stored for model, number in of["fvd"].items() if number.stored}
        curves = [
            bias_curve(fvds),
            time_curve({m: c for m, c in drifts.items() if {"time", "mean"} <= c.keys()}),
        ]
    datasets = {str(number.content["dataset"]).rpartition("-")[0] for number in numbers}
    return _Benchmark(
        name,
        "; ".join(extras.titles[one] for one in sorted(datasets & extras.titles.keys())),
        as_element(grid),
        verdicts(table, {number.key: number for number in numbers}),
        [curve for curve in curves if curve is not None],
        [(n.facts["model"], row) for n in numbers for row in extras.clips.get(n.key, ())],
    )


def _with_direction(head: Text) -> Text:
    """The head of a column, with what is better for its metric."""
    direction = better(head.lines[0].lower())
    return head if direction is None else replace(head, lines=(*head.lines, direction))


def _by_model(numbers: Sequence[Number], metric: str) -> dict[str, Number]:
    """The numbers of a metric by model; of several of one model, each is named by its key."""
    found = [number for number in numbers if number.metric == metric]
    models = [number.facts["model"] for number in found]
    return {
        model if models.count(model) == 1 else number.key: number
        for model, number in zip(models, found, strict=True)
    }


def _caveats(numbers: Sequence[Number]) -> list[str]:
    """Every caveat once, without its full stop."""
    texts = (text for number in numbers for text in number.content["caveats"])
    return sorted({text.rstrip(".") for text in texts})
