"""How votes agree with decisions on their items, with the raters' own agreement as a ceiling."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame
from scipy.stats import rankdata

from leo_bench.evaluation.preferences.shares import Votes, difference_of_shares, share_of_votes
from leo_bench.evaluation.records.agreement import ItemShare, RatersSay, VoteShare
from leo_bench.evaluation.uncertainty.paired_shares import wilson_interval
from leo_bench.evaluation.uncertainty.variance import LEVEL

# Of the interval of a correlation: draws of pairs with replacement, and pairs that it needs. In
# simulation 95 % intervals cover 92 to 98 % with 36 pairs or more, and 86 to 97 % with 12.
DRAWS, FEWEST_PAIRS = 2000, 20


class RatedVote(NamedTuple):
    """A vote on a rated item, as `study_results.votes.COLUMNS` describes it."""

    rater: str
    item: str
    method_a: str
    method_b: str
    video_a: str
    video_b: str
    answer: str


def rated_votes(frame: DataFrame) -> list[RatedVote]:
    """The votes on rated items of `votes_frame`."""
    rated = frame[frame["role"] == "rated"]
    columns = (map(str, rated[name]) for name in RatedVote._fields)
    return [RatedVote(*row) for row in zip(*columns, strict=True)]


def vote_share(votes: Sequence[RatedVote], yes: Sequence[bool]) -> VoteShare | None:
    """The share of votes that are counted as yes; None without votes.

    Args:
        votes: the votes.
        yes: of each vote, whether it counts.
    """
    if not votes:
        return None
    raters, items = [vote.rater for vote in votes], [vote.item for vote in votes]
    counts = {"votes": len(votes), "raters": len(set(raters)), "items": len(set(items))}
    if min(counts["raters"], counts["items"]) < 2:
        return VoteShare(value=sum(yes) / len(yes), interval=None, **counts)
    found = share_of_votes(yes, raters, items, LEVEL)
    return VoteShare(value=found.value, interval=found.interval, **counts)


def share_of_first(votes: Sequence[RatedVote], first: str, second: str) -> RatersSay | None:
    """Of the votes on pairs of clips of two methods, the share for the first; None without any."""
    compared = [vote for vote in votes if {vote.method_a, vote.method_b} == {first, second}]
    share = vote_share(
        compared, [(vote.answer == "a") == (vote.method_a == first) for vote in compared]
    )
    return (
        None if share is None else RatersSay(value=share.value, interval=share.interval, even=0.5)
    )


def difference_of_yes(votes: Sequence[RatedVote], first: str, second: str) -> RatersSay | None:
    """The share of yes on single clips of `first` less that of `second`; None without any.

    Videos of one name are taken as pairs, as `study_results.results` does.
    """
    parts: list[Votes] = []
    for method in (first, second):
        on = [vote for vote in votes if vote.method_a == method and not vote.method_b]
        yes = [vote.answer == "yes" for vote in on]
        parts.append(Votes(yes, [vote.rater for vote in on], [vote.video_a for vote in on]))
    if not all(part.yes for part in parts):
        return None
    if any(min(len(set(part.raters)), len(set(part.items))) < 2 for part in parts):
        one, other = (sum(part.yes) / len(part.yes) for part in parts)
        return RatersSay(value=one - other, interval=None, even=0.0)
    found = difference_of_shares(parts[0], parts[1], LEVEL)
    return RatersSay(value=found.value, interval=found.interval, even=0.0)


def agreement_with(votes: Sequence[RatedVote], decided: Mapping[str, str]) -> VoteShare | None:
    """The share of votes that give the answer decided for their item; None without votes.

    Args:
        votes: those on other items are left out.
        decided: item -> answer.
    """
    on_decided = [vote for vote in votes if vote.item in decided]
    return vote_share(on_decided, [vote.answer == decided[vote.item] for vote in on_decided])


def majority_with(votes: Sequence[RatedVote], decided: Mapping[str, str]) -> ItemShare:
    """Of the items on which most raters give one answer: those where it is the one decided."""
    most = {item: _majority(counts) for item, counts in _answers(votes).items() if item in decided}
    told = {item: answer for item, answer in most.items() if answer}
    agree = sum(answer == decided[item] for item, answer in told.items())
    interval = wilson_interval(agree, len(told)) if told else None
    return ItemShare(agree=agree, items=len(told), interval=interval)


def with_the_others(votes: Sequence[RatedVote]) -> VoteShare | None:
    """The share of votes that give the answer of most other raters of the item.

    Votes on items whose other raters are evenly divided, or none, are left out.
    """
    answers = _answers(votes)
    kept, yes = [], []
    for vote in votes:
        others = _majority(answers[vote.item] - Counter([vote.answer]))
        if others:
            kept.append(vote)
            yes.append(vote.answer == others)
    return vote_share(kept, yes)


def correlation_with(
    votes: Sequence[RatedVote], leads: Mapping[str, float], seed: int
) -> tuple[float | None, tuple[float, float] | None]:
    """Spearman's correlation of the share of votes for clip a with its lead, over pairs.

    Every pair is taken in both orders, (share, lead) and (1 - share, -lead): which clip of a pair
    is a decides nothing.

    Args:
        votes: on pairs.
        leads: by how much the metric prefers clip a, by item.
        seed: of the draws of pairs for the interval.

    Returns:
        The correlation, None where shares or leads do not vary; its percentile interval over pairs,
        None with fewer than FEWEST_PAIRS.
    """
    answers = {item: counts for item, counts in _answers(votes).items() if item in leads}
    # a less b, which the other order negates exactly; the share of a ranks alike
    votes_lead = np.array([(each["a"] - each["b"]) / each.total() for each in answers.values()])
    lead = np.array([leads[item] for item in answers])
    value = _spearman(votes_lead[None], lead[None])[0] if len(answers) else np.nan
    if not np.isfinite(value):
        return None, None
    if len(answers) < FEWEST_PAIRS:
        return float(value), None
    draws = np.random.default_rng(seed).integers(0, len(answers), (DRAWS, len(answers)))
    drawn = _spearman(votes_lead[draws], lead[draws])
    low, high = np.quantile(drawn[np.isfinite(drawn)], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(value), (float(low), float(high))


def _spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of rows [R,N] against rows [R,N], each value with its negative -> [R]; NaN: no variation."""
    x, y = (
        rankdata(np.concatenate([one, -one], axis=1), axis=1) - (2 * one.shape[1] + 1) / 2
        for one in (first, second)
    )
    scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    found: NDArray[np.float64] = np.full(len(x), np.nan)
    np.divide((x * y).sum(axis=1), scale, out=found, where=scale > 0)
    return found


def _answers(votes: Sequence[RatedVote]) -> dict[str, Counter[str]]:
    """Item -> answer -> votes."""
    found: dict[str, Counter[str]] = {}
    for vote in votes:
        found.setdefault(vote.item, Counter())[vote.answer] += 1
    return found


def _majority(counts: Counter[str]) -> str:
    """The answer of most; "" where there is none."""
    ordered = counts.most_common(2)
    if not ordered or (len(ordered) > 1 and ordered[0][1] == ordered[1][1]):
        return ""
    return ordered[0][0]
