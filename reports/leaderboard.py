"""A static HTML page that ranks the models of many bundles: a table for each benchmark and metric.

A table holds only records that were measured in one way: protocol digest, network, resolution,
frames, strides, counts and real videos. A benchmark measured in two ways gives two tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from leo_bench.evaluation.metrics import ALL_COVER, DISTANCES, is_higher_better
from leo_bench.evaluation.records.preference import PreferenceRecord
from leo_bench.reports.bundles import Bundle, Checked
from leo_bench.reports.names import metric_title, model_name, setting
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
        rank: its place; None of known videos (real or damaged ones), which are not ranked.
        origin: where its videos come from, in words.
        checked: what became of the value in the check of the bundle, in words.
        overlaps: whether it has a rank, and its interval meets that of the first one, so that the
            order is uncertain.
    """

    rank: int | None
    model: str
    origin: str
    bundle: str
    value: str
    interval: str
    checked: str
    overlaps: bool


@dataclass(frozen=True)
class Board:
    """One metric of one benchmark, measured in one way.

    Args:
        setting: the benchmark: what was measured on.
        metric: the metric, with what is better.
        counts: of its clips or videos.
        way: how it was measured besides.
    """

    setting: str
    metric: str
    counts: str
    way: str
    caveats: Sequence[str]
    entries: Sequence[Entry]

    @property
    def is_uncertain(self) -> bool:
        """Whether a mark says that the order is uncertain."""
        return any(entry.overlaps for entry in self.entries)


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
    return [_board(group) for _, group in sorted(groups.items())]


def render(bundles: Sequence[Bundle], title: str, refused: Mapping[str, str] | None = None) -> str:
    """The page as HTML.

    Args:
        bundles: the bundles to rank.
        title: heading of the page.
        refused: files that are not ranked, and why.
    """
    return template("leaderboard.html").render(
        title=title,
        benchmarks=[
            (setting, list(same))
            for setting, same in groupby(boards(bundles), lambda board: board.setting)
        ],
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
    """What numbers of one table share."""
    content = checked.record.content
    real = content["real"]["fingerprint"] if "real" in content else ""
    metric = checked.record.metric
    return setting(content), metric, _counts(content), _measured_by(content), real


def _measured_by(content: Mapping[str, Any]) -> str:
    network = content.get("extractor") or content.get("embedder") or ""
    return (
        f"protocol {content['protocol']} (digest {content['protocol_digest'][:8]}), "
        f"{network} (weights {content['weights_sha256'][:8]})"
    )


def _counts(content: Mapping[str, Any]) -> str:
    if "n_real" in content:
        samples = DISTANCES[content["metric"]].samples
        return f"{content['n_real']:,} real and {content['n_fake']:,} fake {samples}"
    return f"{content['videos_used']:,} videos"


def _board(group: Sequence[tuple[Bundle, Checked]]) -> Board:
    first = group[0][1].record
    higher = is_higher_better(first.metric)
    ordered = sorted(group, key=lambda pair: pair[1].record.value, reverse=higher)
    ranked = [checked for _, checked in ordered if checked.origin != "known"]
    ranks = {id(checked): rank for rank, checked in enumerate(ranked, start=1)}
    best = ranked[0].record.exact.interval if ranked else None
    entries = []
    for bundle, checked in ordered:
        # The float64 form: statistics give this form again, and the interval is around it.
        shown, rank = checked.record.exact, ranks.get(id(checked))
        entries.append(
            Entry(
                rank=rank,
                model=_model(checked),
                origin=ORIGINS[checked.origin],
                bundle=bundle.manifest.title,
                value=shown.value_text,
                interval=shown.interval_text,
                checked=checked.value_check,
                overlaps=rank is not None and rank > 1 and _meet(shown.interval, best),
            )
        )
    caveats = {c.rstrip(".") for _, one in group for c in one.record.content["caveats"]}
    return Board(
        setting(first.content),
        metric_title(first.metric, first.content["frames"]),
        _counts(first.content),
        _measured_by(first.content),
        sorted(caveats),
        entries,
    )


def _model(checked: Checked) -> str:
    record = checked.record
    return model_name(record.content, record.model, is_known=checked.origin == "known")


def _meet(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    """Whether two intervals meet; an unknown one may."""
    return one is None or other is None or (one[0] <= other[1] and other[0] <= one[1])
