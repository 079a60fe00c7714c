"""The best number of a column, and which others cannot be told from it.

Only numbers measured in one way (`reports.ways`) are ranked: the way that most numbers of the
column have. Known videos (real or damaged ones), the real sides of scores and shares of raters'
answers are not ranked.

The best one is chosen by its value, so that its difference to any other is the largest of many. The
level is therefore 95 % over all pairs of the ranked numbers (Bonferroni).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from leo_bench.evaluation.uncertainty.variance import LEVEL, student_reach
from leo_bench.reports.comparing import load_settings
from leo_bench.reports.error_of_change import error_of_change
from leo_bench.reports.own_tables.numbers import Number
from leo_bench.reports.ways import IDENTITY, differing, field_of


@dataclass
class Ranking:
    """What is known of a column's numbers, by their keys.

    Args:
        way: the number whose record says how the column was measured.
        best: the best ones.
        alike: those that cannot be told from the best.
        untested: why a number was not compared with the best.
        otherwise: in which fields a number's record differs from that of `way`, in words.
    """

    way: Number
    best: set[str] = field(default_factory=set)
    alike: set[str] = field(default_factory=set)
    untested: dict[str, str] = field(default_factory=dict)
    otherwise: dict[str, str] = field(default_factory=dict)


def ranked(column: Sequence[Number]) -> Ranking:
    """Rank the numbers of a column, one or more.

    Raises:
        InputError: a file of influences beside a record cannot be read.
    """
    rivals = [
        number
        for number in column
        if not (number.origin == "known" or number.is_real_side or number.is_of_raters)
    ]
    ways: dict[str, list[Number]] = {}
    for number in rivals or column:
        ways.setdefault(_way(number), []).append(number)
    group = max(ways.values(), key=len)  # of several, the first
    ranking = Ranking(group[0])
    for number in column:
        fields = differing(ranking.way.content, number.content, IDENTITY)
        words = [f"{name} {theirs}, not {ours}" for name, ours, theirs in fields]
        if words:
            ranking.otherwise[number.key] = "; ".join(words)
    if rivals and len(group) > 1:
        _compare(group, ranking)
    return ranking


def _way(number: Number) -> str:
    return repr([field_of(number.content, name) for name in IDENTITY])


def _compare(group: Sequence[Number], ranking: Ranking) -> None:
    pairs = len(group) * (len(group) - 1) // 2
    level = 1 - (1 - LEVEL) / pairs
    top = max if group[0].is_higher_better else min
    best = top(group, key=lambda number: number.shown.value)
    needed = load_settings().fewest_videos
    for number in group:
        if number.shown.value == best.shown.value:
            ranking.best.add(number.key)
            continue
        told = _told_apart(best, number, level, needed)
        if isinstance(told, str):
            ranking.untested[number.key] = told
        elif not told:
            ranking.alike.add(number.key)


def _told_apart(best: Number, other: Number, level: float, needed: int) -> bool | str:
    """Whether the interval of the paired difference lies beside 0; or why there is none.

    A difference is judged from `needed` videos a side on.
    """
    one, two = best.stored, other.stored
    if one is None or two is None:
        return "precision and recall have no influences of single videos"
    fewest = min(*one.videos_used.values(), *two.videos_used.values())
    if fewest < needed:
        return f"{fewest} videos; a difference is judged from {needed} videos a side on"
    error = error_of_change(one, two)
    if isinstance(error, str):
        return error
    reach = student_reach(level, error.freedom) * error.standard_error
    return abs(two.value - one.value) > reach
