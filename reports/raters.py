"""The words for shares of raters' answers in footnotes and sentences."""

from collections.abc import Iterable, Mapping
from typing import Any

from leo_bench.evaluation.preferences.shares import METHOD
from leo_bench.evaluation.records.shown_digits import measured_text

Content = Mapping[str, Any]

COVERS = "where a number would fall with as many other raters and videos"

ALONE = "which say nothing of other raters or videos"


def recipe_of_raters(content: Content) -> str:
    """What a share was computed from, for a footnote."""
    items = "pairs" if content["second"] else "clips"
    unit = "" if content["second"] else 'Share of "yes", from 0 to 1: '
    apart, of_all = content["raters_apart"], content["all_raters"]
    with_all = ""
    if content["interval_method"] != METHOD:
        with_all = f"; interval: {content['interval_method']}"
    if apart:
        with_all += f"; {counted(apart)} set apart, with them {percent(of_all, content['second'])}"
    return (
        f"{unit}{content['votes']:,} votes of {raters_of(content)} on {content['items']:,} "
        f"{items}, study {content['study']}{with_all}"
    )


def raters_of(content: Content) -> str:
    """How many raters, and whether they are simulated."""
    count, simulated = content["raters"], content["by_way"].get("simulated", 0)
    return counted(count, "SIMULATED rater" if simulated else "rater")


def counted(count: int, what: str = "rater") -> str:
    """A number with its word: "1 rater", "20 raters"."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def percent(share: Content, second: str) -> str:
    """A share with its interval: per cent of pairs, as the paper has it; else from 0 to 1."""
    scale, unit = (100, " %") if second else (1, "")
    return measured_text(scale * share["value"], [scale * end for end in share["interval"]]) + unit


def covered_by(methods: Iterable[str], level: float) -> list[str]:
    """What intervals of these methods cover, a line for each."""
    said = []
    for method in dict.fromkeys(methods):
        what = COVERS if method == METHOD else ALONE
        said.append(f"{level:.0%} intervals ({method}), {what}".replace("%", " %"))
    return said
