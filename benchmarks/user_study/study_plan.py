"""The plan of a study: what it asks of raters, and how small a preference it can find."""

from collections import Counter
from collections.abc import Iterator
from math import comb

from leo_bench.benchmarks.user_study.study import Study
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.preferences.power import (
    Design,
    Spread,
    smallest_difference,
    smallest_share,
)

ANSWERING = 4.0  # seconds of an item besides its clip, played once: an assumption


def minutes_a_rater(study: Study) -> float:
    """How long the longest slot takes, in minutes: each clip once, and ANSWERING an item."""
    clip = study.shape.frames / study.shape.fps
    return max(map(len, study.slots)) * (clip + ANSWERING) / 60


def passes_by_chance(study: Study) -> float:
    """Probability that a rater who answers at random fails no more checks than the rule allows."""
    checks = _checks(study)
    allowed = min(study.exclusion.most_failed, checks)
    return sum(comb(checks, failed) for failed in range(allowed + 1)) * 0.5**checks


def designs(study: Study) -> dict[tuple[str, str], Design | None]:
    """Who votes on each comparison: a rater on as many items as every rater sees at least.

    Of a single-clip study the second name of a key is "". None: some rater sees no item of it.
    """
    counts = [
        Counter(
            study.methods_of(one.item) for one in study.shown(slot) if _is_rated(study, one.item)
        )
        for slot in range(study.raters)
    ]
    groups = Counter(study.methods_of(name) for name in study.item if _is_rated(study, name))
    fewest = {group: min(count[group] for count in counts) for group in groups}
    return {
        group: Design(study.raters, items, fewest[group]) if fewest[group] else None
        for group, items in groups.items()
    }


def plan_lines(study: Study, spread: Spread, power: float) -> Iterator[str]:
    """The plan of a study, as sentences.

    Args:
        study: the study.
        spread: how much raters and items are assumed to differ.
        power: share of studies that find the preference.

    Raises:
        InputError: a power outside 0 to 1.
    """
    if not 0 < power < 1:
        raise InputError(f"--power {power:g}: expected a share between 0 and 1")
    roles = Counter(study.item[one.item].role for one in study.shown(0))
    practice = _count(roles["practice"], "practice item")
    if roles["practice"] > 1:  # the page shows the first one solved, with the instructions
        practice = f"1 example, {_count(roles['practice'] - 1, 'practice item')}"
    shown = (
        f"{practice}, {_count(roles['rated'], 'rated item')} and {_count(roles['check'], 'check')}"
    )
    minutes = _count(max(1, round(minutes_a_rater(study))), "minute")
    seconds = study.shape.frames / study.shape.fps
    yield (
        f"{_count(study.raters, 'rater')}, each {shown}: about {minutes}, if an item takes the "
        f"{seconds:.1f} s of its clip and {ANSWERING:g} s more"
    )
    yield from _found(study, spread, power)
    found = "a share is found if its 95 % interval excludes 50 %"
    if not _is_of_shares(study):
        found = "a difference is found if its 95 % interval excludes 0"
    yield (
        f"{found}; assumed: raters differ by {spread.raters:g} and items by {spread.items:g}, "
        "standard deviations on the scale of log odds"
    )
    yield from _caught(study)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _found(study: Study, spread: Spread, power: float) -> Iterator[str]:
    groups: dict[Design | None, list[str]] = {}
    for (first, second), design in designs(study).items():
        groups.setdefault(design, []).append(f"{first} and {second}" if second else first)
    for design, names in groups.items():
        named = f" ({'; '.join(names)})" if len(groups) > 1 else ""
        if design is None:
            yield f"some raters see nothing of {'; '.join(names)}: no plan"
            continue
        unit = _count(design.items, "pair" if study.kind == "pairs" else "clip")
        if design.votes_a_rater < design.items:
            unit = f"{design.votes_a_rater} of {unit}"
        if study.kind == "single":
            unit += " of a method"
        elif len(names) > 1:
            unit += " of each two methods"
        found = _find(study, design, spread, power)
        yield f"{_count(study.raters, 'rater')} x {unit} {found}{named}"


def _find(study: Study, design: Design, spread: Spread, power: float) -> str:
    """What a study finds; of single clips, a difference of two methods."""
    if not _is_of_shares(study):
        least = smallest_difference(design, spread, power)
        found = "find a difference of {:.0f} points between two methods with shares around 50 %"
    else:
        least = smallest_share(design, spread, power)
        found = "find {:.0f} % against 50 %"
    if least is None:
        return f"are too few to find anything in {100 * power:g} % of studies"
    return f"{found.format(100 * least)} in {100 * power:g} % of studies"


def _is_of_shares(study: Study) -> bool:
    return study.kind == "pairs" or len(study.method) == 1


def _caught(study: Study) -> Iterator[str]:
    """What the rule of exclusion does with raters who do not look."""
    checks, allowed = _checks(study), study.exclusion.most_failed
    if not checks:
        yield (
            "there are no checks: raters who do not look are not told apart, and --most-failed has "
            "no effect"
        )
        return
    yield (
        f"a rater who fails more than {allowed} of {_count(checks, 'check')} is set apart: "
        f"{100 * (1 - passes_by_chance(study)):.0f} % of those who answer at random"
    )
    if checks // 2 <= allowed:
        yield (
            f"a rater who always gives the same answer may fail only {checks // 2} of them, and is "
            "then not set apart: give more --checks, or a lower --most-failed"
        )


def _checks(study: Study) -> int:
    return sum(study.item[one.item].role == "check" for one in study.shown(0))


def _is_rated(study: Study, item: str) -> bool:
    return study.item[item].role == "rated"
