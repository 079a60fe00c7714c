"""A folder of records as one HTML file: tables, curves, videos that play, provenance, methods.

The file fetches nothing: pictures and videos are inside, and its content security policy forbids
the rest. Everything that came from a record or a file name is escaped by the template engine.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.printable import printable_lines
from leo_bench.evaluation.metrics import ALL_COVER
from leo_bench.reports.curves import Curve, bias_curve, can_draw, time_curve
from leo_bench.reports.methods_section import paragraphs
from leo_bench.reports.records import RecordTree, StoredRecord

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Clip:
    """A short video, as H.264 in MP4, and what it is."""

    title: str
    note: str
    mp4: bytes

    @property
    def source(self) -> str:
        """A data address."""
        return "data:video/mp4;base64," + base64.b64encode(self.mp4).decode()


@dataclass(frozen=True)
class ClipRow:
    """Clips that are looked at side by side."""

    label: str
    clips: Sequence[Clip]


@dataclass(frozen=True)
class Extras:
    """What a page may hold besides what the records say.

    Args:
        tables: HTML of tables, made and escaped by `reports`, each under its title.
        clips: rows of clips under the name of their benchmark.
        curves: pictures, such as losses.
    """

    tables: Mapping[str, str] = field(default_factory=dict)
    clips: Mapping[str, Sequence[ClipRow]] = field(default_factory=dict)
    curves: Sequence[Curve] = ()


@dataclass(frozen=True)
class _Cell:
    value: str
    interval: str
    mark: bool  # may not stand beside published numbers


@dataclass(frozen=True)
class _Benchmark:
    name: str
    metrics: Sequence[str]
    rows: Sequence[tuple[str, Sequence[_Cell | None]]]
    curves: Sequence[Curve]
    clips: Sequence[ClipRow]


def render(tree: RecordTree, title: str, extras: Extras) -> str:
    """The page as HTML.

    Raises:
        InputError: no records.
    """
    if not tree.records:
        why = next(iter(tree.broken.values()), "make some with --records")
        raise InputError(f"no record is in that folder that can be read: {why}")
    records = list(tree.records.values())
    return template("report.html").render(
        title=title,
        tables=extras.tables,
        benchmarks=_benchmarks(tree, extras),
        curves=extras.curves,
        methods=paragraphs(records),
        caveats=_caveats(tree),
        provenance=[(key, _pretty(stored.content)) for key, stored in tree.records.items()],
        broken=tree.broken,
        is_without_curves=not can_draw(),
        covers=ALL_COVER,
    )


def template(name: str) -> Template:
    """A template of this folder, which escapes whatever it is given."""
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
    """What a template is given, without control characters; markup of ours has none."""
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
    rows = [
        (model, [_cell(of_model.get(metric)) for metric in metrics])
        for model, of_model in models.items()
    ]
    if not can_draw():
        return _Benchmark(name, metrics, rows, (), extras.clips.get(name, ()))
    curves = []
    bias = bias_curve({m: of_model["fvd"] for m, of_model in models.items() if "fvd" in of_model})
    if bias is not None:
        about = "What FVD tends to with more clips: the line meets FVD∞ (95 % interval) at 0."
        curves.append(Curve("FVD against the number of clips", bias, about))
    drift = time_curve(_drifts(models))
    if drift is not None:
        about = "Mean over videos with a 95 % band."
        curves.append(Curve("Identity against time", drift, about))
    return _Benchmark(name, metrics, rows, curves, extras.clips.get(name, ()))


def _drifts(
    models: Mapping[str, Mapping[str, StoredRecord]],
) -> dict[str, Mapping[str, Sequence[float]]]:
    found = {}
    for model, of_model in models.items():
        curve = of_model["drift"].content.get("curves") if "drift" in of_model else None
        if curve and {"time", "mean"} <= curve.keys():
            found[model] = curve
    return found


def _cell(stored: StoredRecord | None) -> _Cell | None:
    if stored is None:
        return None
    shown = stored.published
    return _Cell(shown.value_text, shown.interval_text, not stored.record.comparable)


def _caveats(tree: RecordTree) -> list[str]:
    """Each once, without its full stop: they are put into one sentence."""
    texts = (text for stored in tree.records.values() for text in stored.content["caveats"])
    return sorted({text.rstrip(".") for text in texts})


def _pretty(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False)
