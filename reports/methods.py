"""The paragraph for a paper's methods section: how the numbers of some records were made."""

from collections.abc import Mapping, Sequence
from typing import Any

from leo_bench.reports.records import StoredRecord

STARTS = {
    "first": "from the first frame on",
    "random": "from a random frame on",
    "blocks": "cut from consecutive blocks",
}


def paragraphs(records: Sequence[StoredRecord]) -> list[str]:
    """One a way of measuring, in the order of first appearance: a sentence for each fact."""
    by_way: dict[str, list[StoredRecord]] = {}
    for stored in records:
        by_way.setdefault(_way(stored.content), []).append(stored)
    return [_paragraph(group) for group in by_way.values()]


def _way(content: Mapping[str, Any]) -> str:
    """All that a paragraph says once for its whole group."""
    facts = ("metric", "protocol_digest", "weights_sha256", "frames", "resolution")
    made = ("seed", "device", "versions")
    strides = [content.get(side, {}).get("stride") for side in ("real", "fake", "source")]
    return repr([*(content[fact] for fact in (*facts, *made)), strides])


def _paragraph(group: Sequence[StoredRecord]) -> str:
    content = group[0].content
    size = "at the stored resolution"
    if content["resolution"] is not None:
        size = f"at {content['resolution']}x{content['resolution']} pixels"
    network = content.get("extractor") or content.get("embedder")
    verified = "" if content["weights_verified"] else ", a file of unknown origin"
    versions = content["versions"]
    sentences = [
        f"{content['metric'].upper()} was computed with leo-bench {versions.get('leo-bench', '?')} "
        f"under protocol {content['protocol']}, version {content['protocol_version']} "
        f"(digest {content['protocol_digest'][:12]})",
        f"on clips of {content['frames']} frames {size}{_data(group)}",
        f"with features of {network} (weights SHA-256 {content['weights_sha256'][:12]}{verified})",
    ]
    text = ", ".join(sentences) + ". "
    if "n_real" in content:
        text += _counts(group) + _choices(group)
    else:
        counts = _range([stored.content["videos_used"] for stored in group])
        of_all = _range([stored.content["source"]["videos"] for stored in group])
        fewer = "" if of_all == counts else f", of {of_all} that are there"
        text += f"Each value is of {counts} videos{fewer} ({_step(content['source']['stride'])}). "
    text += (
        f"All chance follows from seed {content['seed']}; decoding and arithmetic are those of "
        f"PyAV {versions.get('av', '?')} and PyTorch {versions.get('torch', '?')} on "
        f"{content['device']}. "
    )
    if any(stored.content["interval"] is not None for stored in group):
        text += (
            "Intervals are 95 % intervals: where a number would fall with other videos, and as "
            "many, on both sides where there are two. "
        )
    caveats = {caveat for stored in group for caveat in stored.content["caveats"]}
    if caveats:
        text += (
            "Not comparable with published numbers: " + "; ".join(sorted(caveats)).rstrip(".") + "."
        )
    return text.strip()


def _data(group: Sequence[StoredRecord]) -> str:
    names = sorted({stored.content["dataset"] for stored in group} - {None})
    return f" of {', '.join(names)}" if names else ""


def _counts(group: Sequence[StoredRecord]) -> str:
    content = group[0].content
    repeats = len(content["values"])
    mean = f"The value is the mean of {repeats} repeats. " if repeats > 1 else ""
    real = _range([stored.content["n_real"] for stored in group])
    fake = _range([stored.content["n_fake"] for stored in group])
    return (
        f"{real} real clips ({_taken(content, 'real')}) were held against {fake} generated ones "
        f"({_taken(content, 'fake')}). {mean}"
    )


def _choices(group: Sequence[StoredRecord]) -> str:
    """What the choice of clips left out, replaced or read in a way of its own: a sentence each."""
    sentences: dict[str, None] = {}
    for stored in group:
        for side in ("real", "fake"):
            of_side = stored.content[side]
            whose = f" ({of_side['name']})" if side == "fake" and len(group) > 1 else ""
            for said in of_side.get("chosen", ()):
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
