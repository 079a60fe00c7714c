"""Writes the paragraphs of a paper on shares of raters' answers, one for each study."""

from collections.abc import Iterable, Sequence

from leo_bench.evaluation.records.preference import SIMULATED
from leo_bench.reports.bibliography import LEO, OURSELVES
from leo_bench.reports.methods_section import Cited, Piece, listed
from leo_bench.reports.raters import Content, counted, covered_by, percent, raters_of


def by_study(contents: Iterable[Content]) -> list[list[Content]]:
    """The shares of raters' answers among contents of records, by study."""
    groups: dict[str, list[Content]] = {}
    for content in contents:
        if content["kind"] == "preference":
            groups.setdefault(f"{content['study']} {content['answers_digest']}", []).append(content)
    return list(groups.values())


def paragraph_of_raters(group: Sequence[Content]) -> list[Piece]:
    """The paragraph of the shares of one study."""
    content = group[0]
    version = content["versions"].get("leo-bench", "?")
    what = "pairs of clips" if content["second"] else "single clips"
    of_what = "Chosen" if content["second"] else 'Share of "yes"'
    size = ""
    if content["resolution"] is not None:
        size = f" at {content['resolution']}x{content['resolution']} pixels"
    of = "" if content["dataset"] is None else f" of {content['dataset']}"
    warning = f"{SIMULATED[:1].upper()}{SIMULATED[1:]}. " if _is_simulated(group) else ""
    pieces: list[Piece] = [
        f"{warning}In a user study made with leo-bench {version} (study {content['study']})",
        Cited((OURSELVES, LEO)),
        f", raters saw {what}{of}, {content['frames']} frames{size} at {content['fps']:g} frames "
        f'per second, and were asked "{content["question"]}". ',
        f"{of_what}: {listed(map(_number, group))}.",
    ]
    methods = [one["interval_method"] for one in group]
    covered = covered_by(methods, content["interval_level"])
    pieces += [f" In brackets: {said}." for said in covered]
    apart = max(one["raters_apart"] for one in group)
    if apart:
        of_all = listed(
            f"{percent(one['all_raters'], one['second'])} ({_of(one)})" for one in group
        )
        pieces.append(
            f" Set apart by a rule that was fixed beforehand: {counted(apart)}; with them: "
            f"{of_all}."
        )
    caveats = "; ".join(dict.fromkeys(text for one in group for text in one["caveats"]))
    pieces.append(f" Not comparable with published numbers: {caveats}.")
    return pieces


def _number(content: Content) -> str:
    said = percent(content, content["second"])
    counts = f"{content['votes']:,} votes of {raters_of(content)}"
    return (
        f"{_of(content)} in {said} of {counts}"
        if content["second"]
        else (f"{said} for {_of(content)} ({counts})")
    )


def _of(content: Content) -> str:
    second = content["second"]
    return f"{content['first']} over {second}" if second else str(content["first"])


def _is_simulated(group: Sequence[Content]) -> bool:
    return any("simulated" in one["by_way"] for one in group)
