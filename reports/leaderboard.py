"""A static HTML page that ranks the models of many bundles, one table for each benchmark.

A table holds only records that were measured in one way: protocol digest, network, resolution,
frames, strides, counts and real videos. A benchmark measured in two ways gives two tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leo_bench.evaluation.metrics import ALL_COVER, is_higher_better
from leo_bench.evaluation.records.preference import PreferenceRecord
from leo_bench.reports.bundles import Bundle, Checked
from leo_bench.reports.origins import Origin
from leo_bench.reports.page import template

ORIGINS: dict[Origin, str] = {
    "authors-checkpoint": "authors' checkpoint",
    "authors-samples": "authors' samples",
    "trained": "trained by who packed it",
    "known": "known videos",
    "given": "as given",
    "raters": "raters",
    "simulated": "simulated raters",
}


@dataclass(frozen=True)
class Entry:
    """A model's value in one bundle.

    Args:
        origin: where its videos come from, in words.
        checked: what became of the value in the check of the bundle, in words.
        overlaps: whether its interval meets that of the best value, so that the order is uncertain.
    """

    model: str
    origin: str
    bundle: str
    value: str
    interval: str
    checked: str
    overlaps: bool


@dataclass(frozen=True)
class Board:
    """One metric of one benchmark, measured in one way."""

    title: str
    way: str
    caveats: Sequence[str]
    entries: Sequence[Entry]


def boards(bundles: Sequence[Bundle]) -> list[Board]:
    """The tables of all sound bundles, by benchmark and metric; the best entry first.

    Shares of raters' answers are not ranked: each study has other raters.
    """
    groups: dict[tuple[str, ...], list[tuple[Bundle, Checked]]] = {}
    for bundle in (one for one in bundles if one.sound):
        for checked in bundle.records:
            if _is_of_raters(checked):
                continue
            groups.setdefault(_way(checked), []).append((bundle, checked))
    return [_board(way, group) for way, group in sorted(groups.items())]


def render(bundles: Sequence[Bundle], title: str, refused: Mapping[str, str] | None = None) -> str:
    """The page as HTML.

    Args:
        bundles: the bundles to rank.
        title: heading of the page.
        refused: files that are not ranked, and why.
    """
    return template("leaderboard.html").render(
        title=title,
        boards=boards(bundles),
        bundles=[bundle.manifest for bundle in bundles if bundle.sound],
        of_raters=sum(_is_of_raters(one) for b in bundles if b.sound for one in b.records),
        refused=refused or {},
        covers=ALL_COVER,
    )


def contradictions(bundle: Bundle) -> str:
    """The numbers that a bundle's statistics or influences contradict, in one line, or ""."""
    found = [
        f"{checked.key}: {number.name} {number.recorded} recorded, {number.again} from the bundle"
        for checked in bundle.records
        for number in checked.numbers
        if number.verdict == "CONTRADICTED"
    ]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{found[0]}{more}" if found else ""


def _is_of_raters(checked: Checked) -> bool:
    return isinstance(checked.record.record, PreferenceRecord)


def _way(checked: Checked) -> tuple[str, ...]:
    content = checked.record.content
    network = content.get("extractor") or content.get("embedder") or ""
    return (
        checked.key.partition("/")[0],
        checked.record.metric,
        f"{content['protocol']} {content['protocol_digest'][:8]}",
        f"{network} {content['weights_sha256'][:8]}",
        _clips(content),
        content["real"]["fingerprint"][:12] if "real" in content else "",
    )


def _clips(content: Mapping[str, Any]) -> str:
    clips = f"{content['frames']} frames of size {content['resolution'] or 'stored'}"
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
        # The float64 form: statistics give this form again, and the interval is around it.
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
