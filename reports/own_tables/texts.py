"""The words of a table of records: heads, numbers, and the footnotes of one number."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from leo_bench.evaluation.metrics import METRICS
from leo_bench.evaluation.records import shown_digits
from leo_bench.evaluation.records.parts import NOT_TOLD
from leo_bench.evaluation.records.shown_digits import fixed_text, spread_text
from leo_bench.evaluation.uncertainty.variance import LEVEL
from leo_bench.reports.own_tables.axes import metric_head, shown
from leo_bench.reports.own_tables.numbers import Number
from leo_bench.reports.raters import recipe_of_raters
from leo_bench.reports.records import Shown


def benchmark_labels(numbers: Sequence[Number]) -> dict[str, str]:
    """A label for each benchmark: real videos, size and protocol, if no other has the same."""
    said: dict[str, set[str]] = {}
    for number in numbers:
        facts = number.facts
        videos = facts.get("dataset") or facts.get("real") or facts.get("fake")
        way = f"study {number.content['study']}" if number.is_of_raters else facts["protocol"]
        videos = videos or "own videos"
        parts = (str(videos), shown("resolution", facts.get("resolution")), way)
        said.setdefault(facts["benchmark"], set()).add(", ".join(parts))
    labels = {name: found.pop() for name, found in said.items() if len(found) == 1}
    counts = Counter(labels.values())
    return {name: labels[name] if counts[labels.get(name, "")] == 1 else name for name in said}


def label_of(place: Sequence[Any], axis: Sequence[str], benchmarks: Mapping[str, str]) -> str:
    """The facts of a row, or of a head over columns."""
    values = zip(axis, place, strict=True)
    return ", ".join(
        benchmarks[value] if fact == "benchmark" else shown(fact, value) for fact, value in values
    )


def head_of(
    fact: str, value: Any, numbers: Collection[Number], benchmarks: Mapping[str, str]
) -> tuple[str, str]:
    """The head of a column, and its subscript: the frames of a clip where all have as many."""
    if fact != "metric":
        return label_of((value,), (fact,), benchmarks), ""
    frames = {number.facts["frames"] for number in numbers}
    return metric_head(value), str(frames.pop()) if len(frames) == 1 else ""


def decimals(numbers: Collection[Number]) -> int | None:
    """Decimal places of a column: those that its narrowest interval warrants; None: exponents."""
    each = (shown_digits.decimals(one.shown.interval, one.shown.value) for one in numbers)
    return max((places for places in each if places is not None), default=None)


def places_of(number: Number, places: int | None) -> int | None:
    """Decimal places of a number in a column of `places`: none where it needs an exponent."""
    own = shown_digits.decimals(number.shown.interval, number.shown.value)
    return None if own is None else places


def lines_of(number: Number, places: int | None, *, infinity: bool) -> tuple[str, ...]:
    """Value with spread, interval, and FVD without small-sample bias if that is asked for."""
    spread, places = number.content.get("spread"), places_of(number, places)
    lines = [f"{fixed_text(number.shown.value, places)}{spread_text(spread)}"]
    lines += _interval(number.shown, places)
    if infinity and number.content.get("extrapolation") is not None:
        found = number.infinity
        name = f"{metric_head(number.metric)}∞"
        told = "not told" if found is None else fixed_text(found.value, places)
        lines.append(f"{name} {told}")
        lines += [] if found is None else _interval(found, places)
    return tuple(lines)


def recipe(number: Number) -> str:
    """How the numbers of a column were measured, from one of them."""
    content = number.content
    if number.is_of_raters:
        return f'Study {content["study"]}: "{content["question"]}".'
    size = shown("resolution", content["resolution"])
    size = size if content["resolution"] is None else f"at {size}"
    if "n_real" in content:
        of_frames = number.metric in METRICS and METRICS[number.metric].samples == "frames"
        samples = "frames of clips" if of_frames else "clips"
        counts = f"{content['n_real']:,} real and {content['n_fake']:,} fake {samples}"
        strides = f"strides {content['real']['stride']} and {content['fake']['stride']}"
        network, real = content["extractor"], f"; real: {content['real']['name']}"
    else:
        counts = f"{content['videos_used']:,} videos"
        strides = f"stride {content['source']['stride']}"
        network, real = content["embedder"], ""
    return (
        f"Protocol {content['protocol']} v{content['protocol_version']} "
        f"({content['protocol_digest'][:12]}); {counts} of {content['frames']} frames {size}, "
        f"{strides}; {network} (weights {content['weights_sha256'][:12]}){real}."
    )


def remarks(number: Number, older: Sequence[Number], *, infinity: bool) -> list[str]:
    """The footnotes of one number: caveats, notes, records that are not shown."""
    content, found = number.content, []
    if number.is_of_raters:
        found.append(f"{recipe_of_raters(content)}.")
    if content["caveats"]:
        caveats = "; ".join(caveat.rstrip(".") for caveat in content["caveats"])
        found.append(f"Not comparable with published numbers: {caveats}.")
    for note in content["notes"]:
        if infinity or not note.startswith(NOT_TOLD):
            found.append(f"{note[:1].upper()}{note[1:].rstrip('.')}.")
    level = content["interval_level"]
    if level not in (None, LEVEL):
        found.append(f"Its interval is one of {level:.0%}.".replace("%", " %"))
    if older:
        keys = ", ".join(f"{each.key} ({each.shown.value_text})" for each in older)
        found.append(f"The newest of {len(older) + 1} records of this cell; not shown: {keys}.")
    return found


def _interval(found: Shown, places: int | None) -> list[str]:
    if found.interval is None:
        return []
    return [f"[{', '.join(fixed_text(end, places) for end in found.interval)}]"]
