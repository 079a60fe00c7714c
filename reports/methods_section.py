"""Writes the paragraph of a paper's methods section that says how numbers were made."""

from collections.abc import Mapping, Sequence
from typing import Any

from leo_bench.reports.records import StoredRecord

STARTS = {
    "first": "from the first frame on",
    "random": "from a random frame on",
    "blocks": "cut from consecutive blocks",
}


def paragraphs(records: Sequence[StoredRecord]) -> list[str]:
    """One paragraph for each way of measuring, in the order of first appearance."""
    by_way: dict[str, list[StoredRecord]] = {}
    for stored in records:
        by_way.setdefault(_way(stored.content), []).append(stored)
    return [_paragraph([stored.content for stored in group]) for group in by_way.values()]


def _way(content: Mapping[str, Any]) -> str:
    """The facts that a paragraph states once for its whole group."""
    facts = ("metric", "protocol_digest", "weights_sha256", "frames", "resolution")
    made = ("seed", "device", "versions")
    strides = [content.get(side, {}).get("stride") for side in ("real", "fake", "source")]
    return repr([*(content[fact] for fact in (*facts, *made)), strides])


def _paragraph(group: Sequence[Mapping[str, Any]]) -> str:
    content = group[0]
    size = "at the stored resolution"
    if content["resolution"] is not None:
        size = f"at {content['resolution']}x{content['resolution']} pixels"
    network = content.get("extractor") or content.get("embedder")
    verified = "" if content["weights_verified"] else ", a file of unknown origin"
    versions = content["versions"]
    names = sorted({one["dataset"] for one in group} - {None})
    data = f" of {', '.join(names)}" if names else ""
    text = (
        f"{content['metric'].upper()} was computed with leo-bench {versions.get('leo-bench', '?')} "
        f"under protocol {content['protocol']}, version {content['protocol_version']} "
        f"(digest {content['protocol_digest'][:12]}), "
        f"on clips of {content['frames']} frames {size}{data}, "
        f"with features of {network} (weights SHA-256 {content['weights_sha256'][:12]}{verified}). "
    )
    if "n_real" in content:
        text += _counts(group) + _choices(group)
    else:
        counts = _range([one["videos_used"] for one in group])
        of_all = _range([one["source"]["videos"] for one in group])
        fewer = "" if of_all == counts else f", of {of_all} that are there"
        text += f"Each value is of {counts} videos{fewer} ({_step(content['source']['stride'])}). "
    text += (
        f"All chance follows from seed {content['seed']}; decoding and arithmetic are those of "
        f"PyAV {versions.get('av', '?')} and PyTorch {versions.get('torch', '?')} on "
        f"{content['device']}. "
    )
    if any(one["interval"] is not None for one in group):
        text += (
            "Intervals are 95 % intervals: where a number would fall with other videos, and as "
            "many, on both sides where there are two. "
        )
    caveats = sorted({caveat for one in group for caveat in one["caveats"]})
    if caveats:
        text += f"Not comparable with published numbers: {'; '.join(caveats).rstrip('.')}."
    return text.strip()


def _counts(group: Sequence[Mapping[str, Any]]) -> str:
    content = group[0]
    repeats = len(content["values"])
    mean = f"The value is the mean of {repeats} repeats. " if repeats > 1 else ""
    real, fake = (_range([one[name] for one in group]) for name in ("n_real", "n_fake"))
    return (
        f"{real} real clips ({_taken(content, 'real')}) were held against {fake} generated ones "
        f"({_taken(content, 'fake')}). {mean}"
    )


def _choices(group: Sequence[Mapping[str, Any]]) -> str:
    """One sentence for each note on which clips were chosen, each sentence once."""
    sentences: dict[str, None] = {}
    for one in group:
        for side in ("real", "fake"):
            whose = f" ({one[side]['name']})" if side == "fake" and len(group) > 1 else ""
            for said in one[side].get("chosen", ()):
                sentences[f"{said[:1].upper()}{said[1:]}{whose}. "] = None
    return "".join(sentences)


def _taken(content: Mapping[str, Any], side: str) -> str:
    step = _step(content[side]["stride"])
    start = STARTS.get(content["protocol_settings"].get(side, {}).get("start", ""))
    return step if start is None else f"{start}, {step}"


def _step(stride: int) -> str:
    return "every frame" if stride == 1 else f"one frame in {stride}"


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
