"""Sentences for a paper: numbers with their intervals, how they were made, and what to cite."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.printable import printable
from leo_bench.evaluation.records import shown_digits
from leo_bench.evaluation.records.shown_digits import fixed_text, width_text
from leo_bench.reports.bibliography import Citations, bibtex, citations
from leo_bench.reports.formats.latex import escape as latex_escape
from leo_bench.reports.formats.markdown import escape as markdown_escape
from leo_bench.reports.methods_section import (
    Content,
    Piece,
    by_way,
    joined,
    labels,
    listed,
    paragraph,
)
from leo_bench.reports.names import metric_with_frames
from leo_bench.reports.own_tables.numbers import Number, numbers_of
from leo_bench.reports.own_tables.texts import decimals, places_of
from leo_bench.reports.raters_section import by_study, paragraph_of_raters

BIBTEX = "bibtex"


@dataclass(frozen=True)
class _Style:
    """How a format writes words and citations, and what stands below the paragraphs."""

    words: Callable[[str], str]
    cite: Callable[[Sequence[str], Citations], str]
    below: Callable[[Citations], str]


def cited(place: Path, format: str) -> str:
    """Paragraphs for a paper on the numbers of a record, or of a folder of records.

    Numbers that were made in one way share a paragraph, which says shared facts once.

    Args:
        place: the file or folder.
        format: one of `FORMATS`.

    Raises:
        InputError: no such place, no number in it, or a file that cannot be read.
    """
    numbers = numbers_of(place)
    if not numbers:
        raise InputError(f"{place}: no number is in there that can be cited")
    found = citations([number.content for number in numbers])
    if format == BIBTEX:
        return bibtex(found.works)
    below = _STYLES[format].below(found)
    return "\n\n".join((*paragraphs(numbers, format), below)).rstrip() + "\n"


def paragraphs(numbers: Sequence[Number], format: str) -> list[str]:
    """The paragraphs on numbers: each value with its interval, how it was made, what it cites.

    Args:
        numbers: one or more.
        format: one of `FORMATS` but "bibtex".
    """
    contents = [number.content for number in numbers]
    found, style = citations(contents), _STYLES[format]
    pieces: list[list[Piece]] = []
    for group in by_way(number.content for number in numbers if not number.is_of_raters):
        ids = {id(content) for content in group}
        of_group = [number for number in numbers if id(number.content) in ids]
        pieces.append([_sentences(of_group), *paragraph(group, found)])
    pieces += [paragraph_of_raters(group) for group in by_study(contents)]
    return [joined(p, style.words, lambda keys: style.cite(keys, found)) for p in pieces]


def _sentences(numbers: Sequence[Number]) -> str:
    """One sentence for each set of real videos, metric and number of frames."""
    groups: dict[tuple[str, str, int], list[Number]] = {}
    for number in numbers:
        key = (_real_videos(number.content), number.metric, number.content["frames"])
        groups.setdefault(key, []).append(number)
    return "".join(
        f"{'On ' + videos + ', ' if videos else ''}{metric_with_frames(metric, frames)} is "
        f"{listed(_value(one, found) for one in found)}. "
        for (videos, metric, frames), found in groups.items()
    )


def _real_videos(content: Content) -> str:
    """The data set, or the name of the real side; "" of a score that was compared with none."""
    if content["dataset"] is not None:
        return str(content["dataset"])
    side = content.get("real") or (content.get("against") or {}).get("source") or {}
    return str(side.get("name", ""))


def _value(number: Number, beside: Sequence[Number]) -> str:
    """A number with its spread, interval, FVD without bias and difference to real videos."""
    places = places_of(number, decimals(beside))
    content, parts = number.content, []
    if content.get("spread") is not None:
        parts.append(f"standard deviation {width_text(content['spread'])} over repeats")
    if number.shown.interval is not None:
        level = f"{content['interval_level']:.0%}".replace("%", " %")
        parts.append(f"{level} interval {_ends(number.shown.interval, places)}")
    if number.infinity is not None:
        found = number.infinity
        interval = "" if found.interval is None else f", {_ends(found.interval, places)}"
        parts.append(f"without small-sample bias {fixed_text(found.value, places)}{interval}")
    against = content.get("against")
    if against is not None:
        # Of pairs, it is known better than the number.
        around, less = against["interval"], against["difference"]
        own = places if around is None else shown_digits.decimals(around, less)
        ends = "" if around is None else f", {_ends(around, own)}"
        parts.append(f"less that of the real videos {fixed_text(less, own, '+')}{ends}")
    if len({_clips(one) for one in beside}) > 1:
        parts.append(_clips(number))
    inside = f" ({'; '.join(parts)})" if parts else ""
    whose = " (real videos)" if number.is_real_side else ""
    return f"{fixed_text(number.shown.value, places)}{inside} for {number.facts['model']}{whose}"


def _clips(number: Number) -> str:
    content = number.content
    if "n_real" not in content:
        return f"{content['videos_used']:,} videos"
    real, fake = (content[side]["clips"] for side in ("real", "fake"))
    return f"{real:,} real and {fake:,} generated clips"


def _ends(interval: Sequence[float], places: int | None) -> str:
    return " to ".join(fixed_text(end, places) for end in interval)


def without_paper(found: Citations) -> Sequence[str]:
    """What no work stands for, and why."""
    return [f"No paper for {what}: {why}." for what, why in found.without.items()]


def _plain(found: Citations) -> str:
    return "\n".join((*map(printable, without_paper(found)), "", bibtex(found.works)))


def _fenced(found: Citations) -> str:
    without = [f"- {markdown_escape(line)}" for line in without_paper(found)]
    return "\n".join((*without, "", "```bibtex", bibtex(found.works).rstrip(), "```"))


def _commented(found: Citations) -> str:
    lines = [
        *without_paper(found),
        "the entries: leo-bench cite ... --format bibtex > references.bib",
    ]
    return "\n".join(f"% {printable(line)}" for line in lines)


def _by_key(keys: Sequence[str], _: Citations) -> str:
    return f"~\\cite{{{','.join(keys)}}}"


def _by_label(keys: Sequence[str], found: Citations) -> str:
    return labels(keys, found)


_STYLES: Mapping[str, _Style] = {
    "text": _Style(printable, _by_label, _plain),
    "markdown": _Style(markdown_escape, _by_label, _fenced),
    "latex": _Style(latex_escape, _by_key, _commented),
}
FORMATS = (*_STYLES, BIBTEX)
