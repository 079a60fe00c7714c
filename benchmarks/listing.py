"""What `leo-bench list` shows: each listing is columns and rows of text."""

from collections.abc import Callable
from dataclasses import dataclass

from leo_bench.baselines.methods import list_methods
from leo_bench.benchmarks.datasets import list_datasets
from leo_bench.benchmarks.suites import list_suites
from leo_bench.evaluation.embedders import list_embedders
from leo_bench.evaluation.extractors import list_extractors
from leo_bench.evaluation.files.schema import list_named
from leo_bench.evaluation.metrics import METRICS
from leo_bench.evaluation.protocols.of_clips import list_protocols
from leo_bench.evaluation.protocols.of_frames import list_frame_protocols
from leo_bench.leo.config import CONFIGS, Config
from leo_bench.reports.layouts import list_layouts


@dataclass(frozen=True)
class Listing:
    """A table of text."""

    columns: tuple[str, ...]
    rows: list[list[str]]


def datasets() -> Listing:
    """Data sets: what they are, and how they are scored where the user does not say."""
    rows = [
        [
            d.id,
            d.title,
            d.domain,
            ", ".join(f"{name} {split.videos or '?'}" for name, split in d.splits.items()),
            d.evaluation.protocol,
            d.evaluation.split,
        ]
        for d in list_datasets()
    ]
    return Listing(("id", "title", "domain", "videos by split", "protocol", "scored split"), rows)


def protocols() -> Listing:
    """Protocols, with what tells them apart."""
    rows = [
        [
            f"{p.id} v{p.version}",
            ", ".join(p.metrics),
            f"{p.real.start}, {p.real.count or 'all'}",
            f"{p.fake.start}, {p.fake.count or 'all'}",
            str(p.repeats),
            p.preprocess,
            f"{p.bn_eps:g}",
            f"{p.frechet.covariance} {p.frechet.dtype}",
        ]
        for p in list_protocols()
    ]
    columns = ("protocol", "metrics", "real clips", "fake clips", "repeats", "to 224", "bn eps")
    return Listing((*columns, "covariance"), rows)


def frame_protocols() -> Listing:
    """Protocols of scores of frames, with what tells them apart."""
    rows = [
        [
            f"{p.id} v{p.version}",
            p.subject,
            p.embedder,
            str(p.resolution or "stored"),
            "0 to 2" if p.unit_length else "not bounded",
            "yes" if p.comparable_to_paper else "no",
            p.about,
        ]
        for p in list_frame_protocols()
    ]
    columns = ("frame protocol", "of", "embedder", "size", "distances", "comparable", "about")
    return Listing(columns, rows)


def suites() -> Listing:
    """Suites, one row a benchmark."""
    rows = [
        [
            suite.id,
            b.id,
            b.dataset,
            str(b.resolution or "stored"),
            str(b.frames),
            f"{b.real_stride}/{b.fake_stride}",
            b.protocol,
            ", ".join((*b.metrics, *b.scores)),
        ]
        for suite in list_suites()
        for b in suite.benchmark
    ]
    columns = ("suite", "benchmark", "data set", "size", "frames", "strides", "protocol", "metrics")
    return Listing(columns, rows)


def tables() -> Listing:
    """Tables of papers, and our own: what fills their measured column."""
    rows = [
        [
            layout.id.removeprefix("table"),
            layout.title,
            layout.source or "-",
            f"leo-bench run {layout.suite}" if layout.suite else "-",
        ]
        for layout in list_layouts()
    ]
    return Listing(("table", "title", "printed in", "measured by"), rows)


def configs() -> Listing:
    """LEO's configs, one row a stage, with what training costs (leo/training/budget.py)."""
    from leo_bench.leo.training.budget import costs

    rows = [
        [
            config.id,
            row.stage,
            f"{row.parameters / 1e6:.2f} M",
            f"{row.macs / 1e12:.3g} TMAC",
            f"{row.steps:,}",
            f"{row.hours:.1f} h",
        ]
        for config in list_named(Config, CONFIGS)
        for row in costs(config)
    ]
    columns = ("config", "stage", "parameters", "a step", "steps", "one H200, estimated")
    return Listing(columns, rows)


def extractors() -> Listing:
    """Extractors, with where their weights come from."""
    return Listing(
        ("extractor", "features", "about"),
        [[e.name, str(e.dim), e.about] for e in list_extractors()],
    )


def embedders() -> Listing:
    """Embedders of frames, with where their weights come from."""
    return Listing(
        ("embedder", "numbers", "about"),
        [[e.name, str(e.dim), e.about] for e in list_embedders()],
    )


def methods() -> Listing:
    """The compared methods: whose code, whether `adapt` runs it, how what it wrote is read."""
    rows = [
        [
            m.id,
            m.title,
            f"{m.repository} @{m.commit}" if m.repository else "-",
            m.licence,
            "yes" if m.command else "no",
            ", ".join(m.layouts) or "-",
        ]
        for m in list_methods()
    ]
    columns = ("method", "title", "code", "licence", "leo-bench adapt", "layouts of METHOD:FOLDER")
    return Listing(columns, rows)


def metrics() -> Listing:
    """Metrics: what they are computed from, and which numbers are the better ones."""
    rows = [[m.name, m.title, m.samples, m.better, m.protocol or "-"] for m in METRICS.values()]
    return Listing(("metric", "title", "of", "better", "own protocol"), rows)


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
