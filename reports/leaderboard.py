"""A static page of many bundles: for each benchmark the models, best first.

Only records of one way of measuring (protocol digest, network, size, length, strides, counts, real
videos) stand in one table; the same benchmark measured in two ways gives two tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.bundles import Bundle, Checked
from reports.measured import Origin
from reports.page import template

ORIGINS: dict[Origin, str] = {
    "authors-checkpoint": "authors' checkpoint",
    "authors-samples": "authors' samples",
    "trained": "trained by who packed it",
    "known": "known videos",
    "given": "as given",
}


@dataclass(frozen=True)
class Entry:
    """A line: a model's value in a bundle."""

    model: str
    origin: str  # how its videos came about, in words
    bundle: str
    value: str
    interval: str
    checked: str
    overlaps: bool  # its interval meets the best one's: the order is not to be trusted


@dataclass(frozen=True)
class Board:
    """A table: one metric of one benchmark, measured in one way."""

    title: str
    way: str
    caveats: Sequence[str]
    entries: Sequence[Entry]


def boards(bundles: Sequence[Bundle]) -> list[Board]:
    """Tables by benchmark and metric; lower is better."""
    groups: dict[tuple[str, ...], list[tuple[Bundle, Checked]]] = {}
    for bundle in bundles:
        for checked in bundle.records:
            groups.setdefault(_way(checked), []).append((bundle, checked))
    return [_board(way, group) for way, group in sorted(groups.items())]


def render(bundles: Sequence[Bundle], title: str) -> str:
    """The page as HTML."""
    return template("leaderboard.html").render(
        title=title, boards=boards(bundles), bundles=[b.manifest for b in bundles]
    )


def _way(checked: Checked) -> tuple[str, ...]:
    content = checked.record.content
    benchmark = checked.key.partition("/")[0]
    network = content.get("extractor") or content.get("embedder") or ""
    real = content["real"]["fingerprint"][:12] if "real" in content else ""
    protocol = f"{content['protocol']} {content['protocol_digest'][:8]}"
    weights = content["weights_sha256"][:8]
    clips = _clips(content)
    return benchmark, checked.record.metric, protocol, f"{network} {weights}", clips, real


def _clips(content: Mapping[str, Any]) -> str:
    size = content["resolution"] or "stored"
    clips = f"{content['frames']} frames of size {size}"
    if "n_real" not in content:
        return f"{content['videos_used']} times {clips}, stride {content['source']['stride']}"
    strides = f"{content['real']['stride']} and {content['fake']['stride']}"
    return f"{content['n_real']} against {content['n_fake']} times {clips}, strides {strides}"


def _board(way: tuple[str, ...], group: Sequence[tuple[Bundle, Checked]]) -> Board:
    benchmark, metric, protocol, network, clips, _ = way
    ranked = sorted(group, key=lambda pair: pair[1].record.value)
    best = ranked[0][1].record.content["interval"]
    entries = []
    for bundle, checked in ranked:
        content = checked.record.content
        interval = content["interval"]
        entries.append(
            Entry(
                model=checked.key.split("/")[1] if "/" in checked.key else checked.key,
                origin=ORIGINS[checked.origin],
                bundle=bundle.manifest.title,
                value=f"{content['value']:.4g}",
                interval="" if interval is None else "[{:.4g}, {:.4g}]".format(*interval),
                checked={True: "computed again", False: "CONTRADICTED", None: "as recorded"}[
                    checked.agrees
                ],
                overlaps=interval is None or best is None or interval[0] <= best[1],
            )
        )
    caveats = {c.rstrip(".") for _, one in group for c in one.record.content["caveats"]}
    about = ", ".join(part for part in (protocol, network, clips) if part)
    return Board(f"{benchmark}: {metric.upper()}", about, sorted(caveats), entries)
