"""A static page of many bundles: for each benchmark the models, best first.

Only records of one way of measuring (protocol digest, network, size, length, strides, counts, real
videos) stand in one table; the same benchmark measured in two ways gives two tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leo_bench.evaluation.metrics import ALL_COVER, is_higher_better
from leo_bench.reports.bundles import Bundle, Checked
from leo_bench.reports.origins import Origin
from leo_bench.reports.page import template

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
    """Tables by benchmark and metric; lower is better. Bundles that are not sound have no part."""
    groups: dict[tuple[str, ...], list[tuple[Bundle, Checked]]] = {}
    for bundle in (one for one in bundles if one.sound):
        for checked in bundle.records:
            groups.setdefault(_way(checked), []).append((bundle, checked))
    return [_board(way, group) for way, group in sorted(groups.items())]


def render(bundles: Sequence[Bundle], title: str, refused: Mapping[str, str] | None = None) -> str:
    """The page as HTML.

    Args:
        bundles: what is ranked.
        title: the page's heading.
        refused: bundles that have no place on it, by file, and why.
    """
    return template("leaderboard.html").render(
        title=title,
        boards=boards(bundles),
        bundles=[bundle.manifest for bundle in bundles if bundle.sound],
        refused=refused or {},
        covers=ALL_COVER,
    )


def contradictions(bundle: Bundle) -> str:
    """What contradicts a bundle's statistics or influences, in one line; "" if nothing does."""
    found = [
        f"{checked.key}: {number.name} {number.recorded} recorded, {number.again} from the bundle"
        for checked in bundle.records
        for number in checked.numbers
        if number.verdict == "CONTRADICTED"
    ]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{found[0]}{more}" if found else ""


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
    higher = is_higher_better(metric)
    ranked = sorted(group, key=lambda pair: pair[1].record.value, reverse=higher)
    best = ranked[0][1].record.exact.interval
    entries = []
    for bundle, checked in ranked:
        # The form in float64: it is what statistics give again, and what the interval is of.
        shown = checked.record.exact
        interval = shown.interval
        entries.append(
            Entry(
                model=checked.record.model,
                origin=ORIGINS[checked.origin],
                bundle=bundle.manifest.title,
                value=shown.value_text,
                interval=shown.interval_text,
                checked=checked.value_check,
                overlaps=interval is None
                or best is None
                or (interval[0] <= best[1] and best[0] <= interval[1]),
            )
        )
    caveats = {c.rstrip(".") for _, one in group for c in one.record.content["caveats"]}
    about = ", ".join(part for part in (protocol, network, clips) if part)
    return Board(f"{benchmark}: {metric.upper()}", about, sorted(caveats), entries)
