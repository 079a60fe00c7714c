"""The tables of `leo-bench list`: columns and rows of text."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from leo_bench.baselines.methods import list_methods
from leo_bench.benchmarks.datasets.dataset import DATASETS, list_datasets
from leo_bench.benchmarks.datasets.definitions import Definitions
from leo_bench.benchmarks.suites import SUITES, list_suites
from leo_bench.evaluation.embedders import list_embedders
from leo_bench.evaluation.extractors import list_extractors
from leo_bench.evaluation.files.schema import list_named
from leo_bench.evaluation.metrics import METRICS
from leo_bench.evaluation.protocols.of_clips import list_protocols
from leo_bench.evaluation.protocols.of_frames import list_frame_protocols
from leo_bench.leo.config import CONFIGS, Config
from leo_bench.reports.layouts import list_layouts

ItemT = TypeVar("ItemT")


@dataclass(frozen=True)
class Listing:
    """A table of text.

    Args:
        columns: headings.
        rows: the text of each cell.
        files: the files of those that are not shipped, by id.
    """

    columns: tuple[str, ...]
    rows: list[list[str]]
    files: Mapping[str, Path] = field(default_factory=dict)


def _listing(
    items: Iterable[ItemT],
    *columns: tuple[str, Callable[[ItemT], str]],
    own: Definitions | None = None,
) -> Listing:
    """One row an item; each column is its heading and a function from item to text."""
    headings = tuple(heading for heading, _ in columns)
    rows = [[text(item) for _, text in columns] for item in items]
    return Listing(headings, rows, {} if own is None else own.own())


def metrics() -> Listing:
    """Metrics: what they are computed from, and which numbers are better."""
    return _listing(
        METRICS.values(),
        ("metric", lambda m: m.name),
        ("title", lambda m: m.title),
        ("of", lambda m: m.samples),
        ("better", lambda m: m.better),
        ("own protocol", lambda m: m.protocol or "-"),
    )


def datasets() -> Listing:
    """Data sets: splits, default protocol and scored split."""
    return _listing(
        list_datasets(),
        ("id", lambda d: d.id),
        ("title", lambda d: d.title),
        ("domain", lambda d: d.domain or "-"),
        (
            "videos by split",
            lambda d: ", ".join(f"{s} {d.splits[s].videos or '?'}" for s in d.splits),
        ),
        ("protocol", lambda d: d.evaluation.protocol),
        ("scored split", lambda d: d.evaluation.split),
        own=DATASETS,
    )


def protocols() -> Listing:
    """Protocols of distances between sets of clips, with their differences."""
    return _listing(
        list_protocols(),
        ("protocol", lambda p: f"{p.id} v{p.version}"),
        ("metrics", lambda p: ", ".join(p.metrics)),
        ("real clips", lambda p: f"{p.real.start}, {p.real.count or 'all'}"),
        ("fake clips", lambda p: f"{p.fake.start}, {p.fake.count or 'all'}"),
        ("repeats", lambda p: str(p.repeats)),
        ("to 224", lambda p: p.preprocess),
        ("bn eps", lambda p: f"{p.bn_eps:g}"),
        ("covariance", lambda p: f"{p.frechet.covariance} {p.frechet.dtype}"),
    )


def frame_protocols() -> Listing:
    """Protocols of scores of single frames, with their differences."""
    return _listing(
        list_frame_protocols(),
        ("frame protocol", lambda p: f"{p.id} v{p.version}"),
        ("of", lambda p: p.subject),
        ("embedder", lambda p: p.embedder),
        ("size", lambda p: str(p.resolution or "stored")),
        ("distances", lambda p: "0 to 2" if p.unit_length else "not bounded"),
        ("comparable", lambda p: "yes" if p.comparable_to_paper else "no"),
        ("about", lambda p: p.about),
    )


def suites() -> Listing:
    """Suites, one row a benchmark."""
    return _listing(
        [(suite, b) for suite in list_suites() for b in suite.benchmark],
        ("suite", lambda row: row[0].id),
        ("benchmark", lambda row: row[1].id),
        ("data set", lambda row: _from_folder(row[1].dataset, row[0].folder)),
        ("size", lambda row: str(row[1].resolution or "stored")),
        ("frames", lambda row: str(row[1].frames)),
        ("strides", lambda row: f"{row[1].real_stride}/{row[1].fake_stride}"),
        ("protocol", lambda row: row[1].protocol),
        ("metrics", lambda row: ", ".join((*row[1].metrics, *row[1].scores))),
        own=SUITES,
    )


def _from_folder(dataset: str, folder: Path | None) -> str:
    """A data set as a suite in `folder` names it; None: a shipped suite."""
    own = folder is not None and Path(dataset).is_absolute()
    return os.path.relpath(dataset, folder) if own else dataset


def tables() -> Listing:
    """Tables of papers and of this project, with the suite that measures them."""
    return _listing(
        list_layouts(),
        ("table", lambda layout: layout.id.removeprefix("table")),
        ("title", lambda layout: layout.title),
        ("printed in", lambda layout: layout.source or "-"),
        ("measured by", lambda layout: f"leo-bench run {layout.suite}" if layout.suite else "-"),
    )


def configs() -> Listing:
    """LEO's configs, one row a stage, with the cost of training (leo/training/budget.py)."""
    from leo_bench.leo.training.budget import costs

    every = list_named(Config, CONFIGS)
    return _listing(
        [(config, cost) for config in every for cost in costs(config)],
        ("config", lambda row: row[0].id),
        ("stage", lambda row: row[1].stage),
        ("parameters", lambda row: f"{row[1].parameters / 1e6:.2f} M"),
        ("a step", lambda row: f"{row[1].macs / 1e12:.3g} TMAC" if row[1].steps else "-"),
        ("steps", lambda row: f"{row[1].steps:,}" if row[1].steps else _file(row[0])),
        ("one H200, estimated", lambda row: _hours(row[1].hours) if row[1].steps else "-"),
    )


def _file(config: Config) -> str:
    """The file that a config takes its animator from."""
    checkpoint = config.animator.checkpoint
    return "-" if checkpoint is None else f"from {checkpoint.file}"


def _hours(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 0.1 else f"{max(60 * hours, 1):.0f} min"


def extractors() -> Listing:
    """Extractors of clips, with the origin of their weights."""
    return _listing(
        list_extractors(),
        ("extractor", lambda e: e.name),
        ("features", lambda e: str(e.dim)),
        ("about", lambda e: e.about),
    )


def embedders() -> Listing:
    """Embedders of frames, with the origin of their weights."""
    return _listing(
        list_embedders(),
        ("embedder", lambda e: e.name),
        ("numbers", lambda e: str(e.dim)),
        ("about", lambda e: e.about),
    )


def methods() -> Listing:
    """Compared methods: their code, whether `adapt` runs it, and how its output is read."""
    return _listing(
        list_methods(),
        ("method", lambda m: m.id),
        ("title", lambda m: m.title),
        ("code", lambda m: f"{m.repository} @{m.commit}" if m.repository else "-"),
        ("licence", lambda m: m.licence),
        ("leo-bench adapt", lambda m: "yes" if m.command else "no"),
        ("layouts of METHOD:FOLDER", lambda m: ", ".join(m.layouts) or "-"),
    )


LISTINGS: dict[str, Callable[[], Listing]] = {
    "metrics": metrics,
    "datasets": datasets,
    "protocols": protocols,
    "frame-protocols": frame_protocols,
    "suites": suites,
    "extractors": extractors,
    "embedders": embedders,
    "configs": configs,
    "tables": tables,
    "methods": methods,
}
