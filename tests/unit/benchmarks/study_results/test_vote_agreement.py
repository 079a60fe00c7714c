"""Votes beside decisions: shares, majorities, the raters' own agreement, correlations."""

import random

import pytest

from leo_bench.benchmarks.study_results.vote_agreement import (
    RatedVote,
    agreement_with,
    correlation_with,
    difference_of_yes,
    majority_with,
    share_of_first,
    vote_share,
    with_the_others,
)


def vote(rater: str, item: str, answer: str, methods: tuple[str, str] = ("m", "n")) -> RatedVote:
    return RatedVote(rater, item, *methods, f"{item}-a", f"{item}-b", answer)


def votes_on(**answers: str) -> list[RatedVote]:
    """One vote a letter: votes_on(i1="aab") are votes of the raters r0, r1 and r2 on i1."""
    return [
        vote(f"r{number}", item, answer)
        for item, letters in answers.items()
        for number, answer in enumerate(letters)
    ]


VOTES = votes_on(i1="aaab", i2="aabb", i3="bbbb", i4="a")


def test_a_share_counts_the_votes_on_decided_items_alone() -> None:
    found = agreement_with(VOTES, {"i1": "a", "i3": "a"})
    assert found is not None
    assert (found.value, found.votes, found.raters, found.items) == (3 / 8, 8, 4, 2)
    assert found.interval is not None
    assert found.interval[0] < 3 / 8 < found.interval[1]


def test_no_votes_have_no_share_and_one_rater_or_item_has_no_interval() -> None:
    assert agreement_with(VOTES, {}) is None
    one_item = agreement_with(VOTES, {"i1": "a"})
    assert one_item is not None
    assert (one_item.value, one_item.interval) == (0.75, None)
    of_one_rater = [one for one in VOTES if one.rater == "r0"]
    one_rater = vote_share(of_one_rater, [True] * len(of_one_rater))
    assert one_rater is not None
    assert (one_rater.value, one_rater.interval) == (1.0, None)


def test_the_majority_of_an_item_is_one_vote_and_ties_have_none() -> None:
    found = majority_with(VOTES, {"i1": "a", "i2": "a", "i3": "a", "i4": "a"})
    assert (found.agree, found.items) == (2, 3)  # i1 and i4 agree, i3 does not, i2 is a tie
    assert found.interval is not None
    assert majority_with(VOTES, {"i2": "a"}).interval is None


def test_the_ceiling_leaves_each_rater_out_of_the_majority() -> None:
    # i1, aaab: each a has others aab (agrees); b has others aaa (does not). i2, aabb: each vote
    # has others two to one against it. i3: all agree. i4: there are no others.
    found = with_the_others(VOTES)
    assert found is not None
    assert (found.votes, found.items) == (12, 3)
    assert found.value == pytest.approx((3 + 0 + 4) / 12)
    # aab: the others of an a are a and b, a tie; the others of b are two a.
    tied = with_the_others(votes_on(i1="aab"))
    assert tied is not None
    assert (tied.votes, tied.value) == (1, 0.0)
    assert with_the_others(votes_on(i1="a", i2="b")) is None


def test_a_share_of_two_methods_is_of_the_first_whichever_clip_it_is() -> None:
    votes = [
        vote("r0", "i1", "a", ("m", "n")),
        vote("r0", "i2", "b", ("n", "m")),
        vote("r1", "i1", "b", ("m", "n")),
        vote("r1", "i3", "a", ("m", "o")),
    ]
    found = share_of_first(votes, "m", "n")
    assert found is not None
    assert found.value == pytest.approx(2 / 3)
    turned = share_of_first(votes, "n", "m")
    assert turned is not None
    assert turned.value == pytest.approx(1 / 3)
    assert share_of_first(votes, "n", "o") is None


def test_a_difference_of_yes_is_of_single_clips() -> None:
    votes = [
        vote(f"r{rater}", f"{method}{item}", answer, (method, ""))
        for method, answer in (("m", "yes"), ("n", "no"))
        for rater in range(4)
        for item in range(3)
    ]
    found = difference_of_yes(votes, "m", "n")
    assert found is not None
    assert (found.value, found.even) == (1.0, 0.0)
    assert found.interval is not None
    assert found.interval[0] > 0
    assert difference_of_yes(votes, "m", "o") is None


def drawn(count: int, seed: int) -> tuple[list[RatedVote], dict[str, float]]:
    """Pairs whose share of votes for a rises with the lead of a."""
    draw = random.Random(seed)
    leads = {f"i{number}": draw.uniform(-1, 1) for number in range(count)}
    votes = [
        vote(f"r{rater}", item, "a" if draw.random() < (1 + lead) / 2 else "b")
        for item, lead in leads.items()
        for rater in range(9)
    ]
    return votes, leads


def test_a_correlation_does_not_depend_on_which_clip_of_a_pair_is_a() -> None:
    votes, leads = drawn(40, seed=0)
    value, interval = correlation_with(votes, leads, seed=0)
    assert value is not None
    assert interval is not None
    assert 0 < interval[0] < value < interval[1] < 1
    other = {"a": "b", "b": "a"}
    turned = [
        one._replace(answer=other[one.answer]) if int(one.item[1:]) % 3 else one for one in votes
    ]
    turned_leads = {item: -lead if int(item[1:]) % 3 else lead for item, lead in leads.items()}
    assert correlation_with(turned, turned_leads, seed=0) == (value, interval)
    opposite = {item: -lead for item, lead in leads.items()}
    assert correlation_with(votes, opposite, seed=0)[0] == pytest.approx(-value)


def test_a_correlation_of_few_or_constant_pairs_is_not_more_than_it_is() -> None:
    votes, leads = drawn(6, seed=1)
    value, interval = correlation_with(votes, leads, seed=0)
    assert value is not None
    assert interval is None
    assert correlation_with(votes, dict.fromkeys(leads, 0.0), seed=0) == (None, None)
    assert correlation_with(votes, {}, seed=0) == (None, None)
    assert correlation_with(votes_on(i1="aabb", i2="ab"), {"i1": 1.0, "i2": 2.0}, 0) == (None, None)
