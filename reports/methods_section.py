"""Writes the paragraph of a paper's methods section that says how numbers were made.

A paragraph is a row of pieces: words, and the works that are cited behind them. Each format puts
citations in its own way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leo_bench.evaluation.metrics import METRICS
from leo_bench.evaluation.records.parts import STATISTICS
from leo_bench.reports.bibliography import (
    LEO,
    OURSELVES,
    Citations,
    Kind,
    repository,
)
from leo_bench.reports.records import metric_name

STARTS = {
    "first": "from the first frame on",
    "random": "from a random frame on",
    "blocks": "cut from consecutive blocks",
}
BIASED = {name for name, metric in METRICS.items() if metric.biased}
MEDIA = ("files", "folders", "arrays")  # tables of a protocol with rules of their own


@dataclass(frozen=True)
class Cited:
    """Works, by their keys, that are cited here."""

    keys: tuple[str, ...]


Piece = str | Cited
Content = Mapping[str, Any]


def by_way(contents: Iterable[Content]) -> list[list[Content]]:
    """The contents of records, in groups that one paragraph describes."""
    groups: dict[str, list[Content]] = {}
    for content in contents:
        groups.setdefault(_way(content), []).append(content)
    return list(groups.values())


def joined(
    pieces: Sequence[Piece],
    words: Callable[[str], str],
    cite: Callable[[tuple[str, ...]], str],
) -> str:
    """The text of pieces.

    Args:
        pieces: the paragraph.
        words: escapes words.
        cite: the citation of works, by their keys.
    """
    return "".join(words(p) if isinstance(p, str) else cite(p.keys) for p in pieces).strip()


def labels(keys: Sequence[str], cited: Citations) -> str:
    """Works as text cites them: " (Ge et al., 2022; Yu et al., 2022)"."""
    return f" ({'; '.join(cited.works[key].label for key in keys)})"


def paragraph(group: Sequence[Content], cited: Citations) -> list[Piece]:
    """The paragraph of numbers that were made in one way.

    Args:
        group: the contents of their records, one or more.
        cited: the works that they cite.
    """
    content = group[0]
    pieces = [*_computed(group, cited), *_measured_on(group, cited)]
    if "n_real" in content:
        pieces.append(_counts(group) + _choices(group))
    else:
        counts = _range([one["videos_used"] for one in group])
        of_all = _range([one["source"]["videos"] for one in group])
        fewer = "" if of_all == counts else f", of {of_all} that are there"
        step = _step(content["source"]["stride"])
        pieces.append(f"Each value is of {counts} videos{fewer} ({step}). ")
    versions = content["versions"]
    pieces.append(
        f"All chance follows from seed {content['seed']}; decoding and arithmetic are those of "
        f"PyAV {versions.get('av', '?')} and PyTorch {versions.get('torch', '?')} on "
        f"{content['device']}. "
    )
    pieces.append(_intervals(group))
    skipped = {(e["name"], v) for one in group for e in _sides(one) for v, _ in e["skipped"]}
    if skipped:
        pieces.append(f"Left out, since they could not be read: {len(skipped):,} videos. ")
    pieces.append(_caveats(group))
    return pieces


def listed(words: Iterable[str]) -> str:
    """The words with commas and an "and", each once: "a, b and c"."""
    *most, last = dict.fromkeys(words)
    return f"{', '.join(most)} and {last}" if most else last


def _way(content: Content) -> str:
    """The facts that a paragraph states once for its whole group."""
    facts = ("protocol_digest", "weights_sha256", "frames", "resolution")
    made = ("seed", "device", "versions", "commit")
    sides = [content.get(side, {}) for side in ("real", "fake", "source")]
    strides = [side.get("stride") for side in sides]
    of_statistics = sides[0].get("layout") == STATISTICS
    return repr([*(content[fact] for fact in (*facts, *made)), strides, of_statistics])


def _computed(group: Sequence[Content], cited: Citations) -> list[Piece]:
    """Metrics, leo-bench and protocol."""
    content = group[0]
    pieces: list[Piece] = []
    metrics = _metrics(group)
    for place, metric in enumerate(metrics):
        name = metric_name(metric)
        if place == 0:
            name = f"{name[:1].upper()}{name[1:]}"
        else:
            name = f" and {name}" if place == len(metrics) - 1 else f", {name}"
        pieces += [name, *_cite(cited, "metric", metric)]
    neighbours = {str(one["neighbours"]) for one in group if "neighbours" in one}
    if neighbours:
        pieces.append(f" ({listed(sorted(neighbours))} nearest neighbours)")
    commit = f" (commit {content['commit'][:12]}" if content["commit"] else ""
    changed = f"{commit}, with changes)" if content["dirty"] else commit and f"{commit})"
    version = content["versions"].get("leo-bench", "?")
    protocol, after = content["protocol"], ""
    followed = repository(content["protocol_settings"])
    if followed is not None:
        after = f", after {followed.name}"
        after += f" at {followed.version}" if followed.version else ""
    were = "were" if len(metrics) > 1 else "was"
    return [
        *pieces,
        f" {were} computed with leo-bench {version}{changed}",
        Cited((OURSELVES, LEO)),
        f" under protocol {protocol}, version {content['protocol_version']} "
        f"(digest {content['protocol_digest'][:12]}){after}",
        *_cite(cited, "protocol", protocol),
    ]


def _measured_on(group: Sequence[Content], cited: Citations) -> list[Piece]:
    """Frames, size, data set and network."""
    content = group[0]
    size = "at the stored resolution"
    if content["resolution"] is not None:
        size = f"at {content['resolution']}x{content['resolution']} pixels"
        size += f" (resized by {listed(_resizes(content))})" if _resizes(content) else ""
    pieces: list[Piece] = [f", on clips of {content['frames']} frames {size}"]
    names = sorted({one["dataset"] for one in group} - {None})
    for place, name in enumerate(names):
        between = " of " if place == 0 else " and " if place == len(names) - 1 else ", "
        pieces.append(f"{between}{name}")
        pieces += _cite(cited, "dataset", name.rpartition("-")[0])
    network = content.get("extractor") or content.get("embedder")
    verified = "" if content["weights_verified"] else ", a file of unknown origin"
    return [
        *pieces,
        f", with features of {network}",
        *_cite(cited, "network", str(network)),
        f" (weights SHA-256 {content['weights_sha256'][:12]}{verified}). ",
    ]


def _resizes(content: Content) -> list[str]:
    """The protocol's resizes: of the protocol, and of media with a rule of their own."""
    settings = content["protocol_settings"]
    rules = (settings, *(settings.get(medium) or {} for medium in MEDIA))
    return [rule["resize"] for rule in rules if rule.get("resize")]


def _cite(cited: Citations, kind: Kind, name: str) -> list[Piece]:
    keys = cited.of.get((kind, name), ())
    return [Cited(keys)] if keys else []


def _intervals(group: Sequence[Content]) -> str:
    """The level of the intervals, and what they cover."""
    levels = sorted({one["interval_level"] for one in group} - {None})
    if not levels:
        return "There are no intervals. "
    said = listed(f"{level:.0%}".replace("%", " %") for level in levels)
    biased = listed([metric_name(m) for m in _metrics(group) if m in BIASED] or [""])
    bias = f"; {biased} of real against real videos is not 0 at these counts" if biased else ""
    sides = [one["real"]["layout"] for one in group if "real" in one]
    if STATISTICS in sides:  # all of them: it is part of the way
        others = "as many other generated videos, against the same statistics of the real side"
    else:
        others = "as many other videos, on both sides where there are two"
    return f"Intervals are {said} intervals: where a number would fall with {others}{bias}. "


def _counts(group: Sequence[Content]) -> str:
    content = group[0]
    repeats = max(len(one["values"]) for one in group)
    mean = f"The value is the mean of {repeats} repeats. " if repeats > 1 else ""
    real, fake = (_range([one[side]["clips"] for one in group]) for side in ("real", "fake"))
    return (
        f"{real} real clips ({_taken(content, 'real')}) were held against {fake} generated ones "
        f"({_taken(content, 'fake')}). {mean}"
    )


def _choices(group: Sequence[Content]) -> str:
    """One sentence for each note on which clips were chosen, with the fakes that it is about."""
    sentences: dict[str, dict[str, None]] = {}
    for one in group:
        for side in ("real", "fake"):
            for said in one[side].get("chosen", ()):
                names = sentences.setdefault(f"{said[:1].upper()}{said[1:]}", {})
                if side == "fake" and len(group) > 1:
                    names[one[side]["name"]] = None
    return "".join(
        f"{said} ({listed(names)}). " if names else f"{said}. " for said, names in sentences.items()
    )


def _metrics(group: Sequence[Content]) -> list[str]:
    return list(dict.fromkeys(one["metric"] for one in group))


def _caveats(group: Sequence[Content]) -> str:
    """Why numbers are not comparable with published ones; with names, where it is not all."""
    of: dict[str, list[str]] = {}
    for one in group:
        for caveat in one["caveats"]:
            of.setdefault(caveat.rstrip("."), []).append(_measured(one)["name"])
    said = [
        caveat if len(names) == len(group) else f"{caveat} ({listed(names)})"
        for caveat, names in sorted(of.items())
    ]
    return f"Not comparable with published numbers: {'; '.join(said)}." if said else ""


def _measured(content: Content) -> Content:
    """The side whose videos were measured."""
    side: Content = content.get("fake") or content["source"]
    return side


def _sides(content: Content) -> list[Content]:
    """The sides that were measured."""
    return [content[side] for side in ("real", "fake", "source") if side in content]


def _taken(content: Content, side: str) -> str:
    step = _step(content[side]["stride"])
    start = STARTS.get(content["protocol_settings"].get(side, {}).get("start", ""))
    return step if start is None else f"{start}, {step}"


def _step(stride: int) -> str:
    return "every frame" if stride == 1 else f"one frame in {stride}"


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
