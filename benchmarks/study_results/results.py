"""The results of a study, as numbers: shares, ranking, agreement, side bias, time an item.

Everything is computed twice: of the raters that the rule of study.toml keeps, and of all raters.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, TypeVar

from leo_bench.benchmarks.study_results.collecting import Collected
from leo_bench.benchmarks.study_results.exclusion import set_apart
from leo_bench.benchmarks.study_results.votes import votes_frame
from leo_bench.benchmarks.user_study.study import Study
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.preferences.agreement import fleiss_kappa, kappa_of_pairs
from leo_bench.evaluation.preferences.ranking import Duel, Strength, bradley_terry
from leo_bench.evaluation.preferences.shares import (
    ShareOfVotes,
    Votes,
    difference_of_shares,
    share_of_votes,
)
from leo_bench.evaluation.records.preference import Way
from leo_bench.evaluation.records.studied import (
    AgreementRecord,
    DifferenceOfMethods,
    Selection,
    ShareRecord,
    StrengthRecord,
)

if TYPE_CHECKING:
    from pandas import DataFrame

NOBODY = "no rater of this column has voted"
NO_KAPPA = "all votes are alike, or no item has two votes"

Found = TypeVar("Found")


@dataclass(frozen=True)
class Tally:
    """A share, and what it was counted from.

    Args:
        share: with its interval.
        chosen: votes for the first method of a pair, or "yes".
        by_way: number of raters by the way on which they answered.
    """

    share: ShareOfVotes
    chosen: int
    by_way: Mapping[Way, int]


@dataclass(frozen=True)
class Compared:
    """The share of one pair of methods, or of one method.

    Args:
        first: the method whose share it is.
        second: the method that it was compared with; "" of single clips.
        kept: without the raters set apart; None: nobody else has voted.
        of_all: of all raters; None: nobody has voted.
    """

    first: str
    second: str
    kept: Tally | None
    of_all: Tally | None

    @property
    def name(self) -> str:
        """As the paper's Table 3 heads a row: "leo / tats"."""
        return f"{self.first} / {self.second}" if self.second else self.first


@dataclass(frozen=True)
class Results:
    """The results of a study.

    Args:
        collected: the answers.
        shares: of every two methods that are compared, or of every method.
        kept: the other numbers, without the raters set apart.
        of_all: the same of all raters.
        apart: raters set apart, by the reason.
    """

    collected: Collected
    shares: tuple[Compared, ...]
    kept: Selection
    of_all: Selection
    apart: tuple[tuple[str, int], ...]

    @property
    def study(self) -> Study:
        """The study."""
        return self.collected.study

    @property
    def apart_count(self) -> int:
        """How many raters are set apart."""
        return sum(count for _, count in self.apart)


def methods_in_order(study: Study) -> list[str]:
    """The methods as study.toml has them, real videos last."""
    return sorted(study.method, key=lambda name: study.method[name].is_real)


def results_of(collected: Collected) -> Results:
    """Compute the results of a study.

    Raises:
        InputError: no rated item has a vote.
    """
    frame = votes_frame(collected)
    rated = frame[frame["role"] == "rated"]
    if rated.empty:
        raise InputError(
            f"study {collected.study.id}: {len(collected.answers)} raters have begun, and none has "
            "voted on an item that counts"
        )
    kept = rated[rated["set_apart"] == ""]
    of_all = _selection(collected.study, rated)
    reasons = Counter(filter(None, (set_apart(collected.study, a) for a in collected.answers)))
    return Results(
        collected,
        tuple(_compared(*methods, rated) for methods in _methods_shown(collected.study)),
        _selection(collected.study, kept) if reasons else of_all,
        of_all,
        tuple(reasons.most_common()),
    )


def _methods_shown(study: Study) -> Iterator[tuple[str, str]]:
    """Every two methods that an item compares, or every method and ""."""
    shown = {
        frozenset(study.methods_of(name))
        for name, item in study.item.items()
        if item.role == "rated"
    }
    methods = methods_in_order(study)
    if study.kind == "single":
        yield from ((name, "") for name in methods if {name, ""} in shown)
    else:
        yield from (pair for pair in combinations(methods, 2) if set(pair) in shown)


def _compared(first: str, second: str, rated: "DataFrame") -> Compared:
    votes = _of_methods(rated, first, second)
    kept = votes[votes["set_apart"] == ""]
    return Compared(first, second, _tally(first, second, kept), _tally(first, second, votes))


def _tally(first: str, second: str, votes: "DataFrame") -> Tally | None:
    if votes.empty:
        return None
    yes = _is_for(first, second, votes)
    share = share_of_votes(yes, list(votes["rater"]), list(votes["item"]))
    return Tally(share, sum(yes), Counter(votes.drop_duplicates("rater")["way"]))


def _of_methods(rated: "DataFrame", first: str, second: str) -> "DataFrame":
    """The votes on one pair of methods, or on one method."""
    a, b = rated["method_a"], rated["method_b"]
    return rated[((a == first) & (b == second)) | ((a == second) & (b == first))]


def _is_for(first: str, second: str, votes: "DataFrame") -> list[bool]:
    """For each vote, whether it is for the first method, or "yes"."""
    if not second:
        return [answer == "yes" for answer in votes["answer"]]
    return [
        (answer == "a") == (method == first)
        for answer, method in zip(votes["answer"], votes["method_a"], strict=True)
    ]


def _selection(study: Study, votes: "DataFrame") -> Selection:
    """What is not of one pair of methods."""
    absent: list[tuple[str, str]] = []

    def tried(name: str, compute: Callable[[], Found]) -> Found | None:
        try:
            return compute()
        except InputError as error:
            absent.append((name, str(error)))
            return None

    if votes.empty:
        return Selection(raters=0, votes=0, items=0, absent=(("all numbers", NOBODY),))
    in_pairs = study.kind == "pairs"
    strengths: tuple[Strength, ...] | None = None
    if in_pairs:
        strengths = tried("strengths", lambda: bradley_terry(_duels(votes)))
    agreement = _agreement(study, votes)
    if agreement is None:
        absent.append(("agreement", NO_KAPPA))
    return Selection(
        raters=votes["rater"].nunique(),
        votes=len(votes),
        items=votes["item"].nunique(),
        strengths=tuple(
            StrengthRecord(name=one.name, value=one.value, interval=one.interval)
            for one in strengths or ()
        ),
        strengths_method=strengths[0].method if strengths else "",
        differences=() if in_pairs else tuple(_differences(study, votes)),
        agreement=agreement,
        left=_left(votes) if in_pairs else None,
        seconds=_quartiles(votes),
        absent=tuple(absent),
    )


def _duels(votes: "DataFrame") -> list[Duel]:
    columns = ("method_a", "method_b", "answer", "rater", "item")
    return [
        Duel(first, second, answer == "a", rater, item)
        for first, second, answer, rater, item in _rows(votes, columns)
    ]


def _differences(study: Study, votes: "DataFrame") -> Iterator[DifferenceOfMethods]:
    """Of every two methods with votes; videos of one name are taken as pairs."""
    found = {}
    for method in methods_in_order(study):
        part = _of_methods(votes, method, "")
        if not part.empty:
            yes = _is_for(method, "", part)
            found[method] = Votes(yes, list(part["rater"]), list(part["video_a"]))
    for first, second in combinations(found, 2):
        difference = difference_of_shares(found[first], found[second])
        yield DifferenceOfMethods(
            first=first, second=second, value=difference.value, interval=difference.interval
        )


def _agreement(study: Study, votes: "DataFrame") -> AgreementRecord | None:
    """Of choices between two clips, or of yes and no."""
    answers, raters, items = (list(votes[name]) for name in ("answer", "rater", "item"))
    if study.kind == "pairs":
        found = kappa_of_pairs([answer == "a" for answer in answers], raters, items)
    else:
        found = fleiss_kappa(answers, raters, items)
    if found.value is None:
        return None
    return AgreementRecord(
        value=found.value, interval=found.interval, items=found.items, raters=found.raters
    )


def _left(votes: "DataFrame") -> ShareRecord:
    left = [choice == "left" for choice in votes["choice"]]
    found = share_of_votes(left, list(votes["rater"]), list(votes["item"]))
    return ShareRecord(value=found.value, interval=found.interval, votes=found.votes)


def _quartiles(votes: "DataFrame") -> tuple[float, float, float]:
    low, median, high = (float(each) for each in votes["seconds"].quantile([0.25, 0.5, 0.75]))
    return low, median, high


def _rows(votes: "DataFrame", columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(votes[name] for name in columns), strict=True)
