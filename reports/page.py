"""Renders a folder of records as one HTML file: tables, curves, clips, provenance, methods.

The file fetches nothing: pictures and videos are inside, and its content security policy forbids
requests. The template engine escapes everything that comes from a record or a file name.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.printable import printable_lines
from leo_bench.evaluation.metrics import ALL_COVER
from leo_bench.evaluation.records.preference import METRICS, PreferenceRecord
from leo_bench.reports.bibliography import bibtex, citations
from leo_bench.reports.curves import Curve, bias_curve, can_draw, time_curve
from leo_bench.reports.methods_section import paragraphs
from leo_bench.reports.raters import COVERS
from leo_bench.reports.raters_section import paragraphs_of_raters
from leo_bench.reports.records import RecordTree, StoredRecord

OF_RATERS = frozenset(METRICS.values())
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Clip:
    """A short video as H.264 in MP4, with a title and a note."""

    title: str
    note: str
    mp4: bytes

    @property
    def source(self) -> str:
        """The video as a data URL."""
        return "data:video/mp4;base64," + base64.b64encode(self.mp4).decode()


@dataclass(frozen=True)
class ClipRow:
    """Clips to be compared side by side."""

    label: str
    clips: Sequence[Clip]


@dataclass(frozen=True)
class Extras:
    """What a page shows besides the records.

    Args:
        tables: HTML of tables, escaped, by title.
        clips: rows of clips, by name of the benchmark.
        curves: further pictures, such as losses.
    """

    tables: Mapping[str, str] = field(default_factory=dict)
    clips: Mapping[str, Sequence[ClipRow]] = field(default_factory=dict)
    curves: Sequence[Curve] = ()


@dataclass(frozen=True)
class _Benchmark:
    name: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[StoredRecord | None]]]
    curves: Sequence[Curve]
    clips: Sequence[ClipRow]
    covers: str


def render(tree: RecordTree, title: str, extras: Extras) -> str:
    """The page as HTML.

    Raises:
        InputError: no records.
    """
    if not tree.records:
        why = next(iter(tree.broken.values()), "make some with --records")
        raise InputError(f"no record is in that folder that can be read: {why}")
    contents = [stored.content for stored in tree.records.values()]
    measured = [s for s in tree.records.values() if not isinstance(s.record, PreferenceRecord)]
    return template("report.html").render(
        title=title,
        tables=extras.tables,
        benchmarks=_benchmarks(tree, extras),
        curves=extras.curves,
        methods=[*paragraphs(measured), *paragraphs_of_raters(contents)],
        entries=bibtex(citations(contents).works),
        caveats=_caveats(tree),
        provenance=[
            (key, stored.record.to_json().rstrip()) for key, stored in tree.records.items()
        ],
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


def _benchmarks(tree: RecordTree, extras: Extras) -> list[_Benchmark]:
    by_benchmark: dict[str, dict[str, dict[str, StoredRecord]]] = {}
    for key, stored in tree.records.items():
        benchmark, _, rest = key.partition("/")
        model = rest.rpartition("/")[0] or rest
        by_benchmark.setdefault(benchmark, {}).setdefault(model, {})[stored.metric] = stored
    return [_benchmark(name, models, extras) for name, models in by_benchmark.items()]


def _benchmark(
    name: str, models: Mapping[str, Mapping[str, StoredRecord]], extras: Extras
) -> _Benchmark:
    metrics = sorted({metric for of_model in models.values() for metric in of_model})
    heads = [metric if metric in OF_RATERS else f"{metric.upper()} ↓" for metric in metrics]
    rows = [
        (model, [of_model.get(metric) for metric in metrics]) for model, of_model in models.items()
    ]
    curves: list[Curve | None] = []
    if can_draw():
        drifts = {
            model: of_model["drift"].content["curves"]
            for model, of_model in models.items()
            if "drift" in of_model
        }
        curves = [
            bias_curve({m: of_model["fvd"] for m, of_model in models.items() if "fvd" in of_model}),
            time_curve({m: c for m, c in drifts.items() if {"time", "mean"} <= c.keys()}),
        ]
    drawn = [curve for curve in curves if curve is not None]
    is_of_raters = OF_RATERS.issuperset(metrics)
    covers = (
        f"Shares of raters' answers, from 0 to 1, with 95 % intervals: {COVERS}."
        if is_of_raters
        else ALL_COVER
    )
    return _Benchmark(name, heads, rows, drawn, extras.clips.get(name, ()), covers)


def _caveats(tree: RecordTree) -> list[str]:
    """Every caveat once, without its full stop, to be joined into one sentence."""
    texts = (text for stored in tree.records.values() for text in stored.content["caveats"])
    return sorted({text.rstrip(".") for text in texts})
