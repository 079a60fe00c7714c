"""Numbers of a study against votes that were counted by hand."""

import math
from pathlib import Path
from typing import Literal

import pytest
from made_results import answered, by
from made_studies import answers_to, made_study

from leo_bench.benchmarks.study_results.collecting import Collected, collect
from leo_bench.benchmarks.study_results.results import Results, results_of
from leo_bench.benchmarks.study_results.vote_agreement import difference_of_yes, rated_votes
from leo_bench.benchmarks.study_results.votes import votes_frame
from leo_bench.benchmarks.user_study.study import Item, Study, load_study
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.preferences.shares import share_of_votes


def computed(folder: Path) -> Results:
    return results_of(collect(folder, [folder / "answers"]))


def ours_first(slot: int, a: str, b: str) -> bool:
    """Ours wins against theirs but for rater 0, real against both, whichever clip is a."""
    order = ["theirs", "ours", "real"] if slot else ["ours", "theirs", "real"]
    return order.index(a) > order.index(b)


def test_shares_are_those_of_the_votes_and_of_the_first_method(tmp_path: Path) -> None:
    found = computed(answered(tmp_path, ours_first, videos=5, raters=4))
    counts = {
        one.name: (one.kept.chosen, one.kept.share.votes, one.kept.share.raters)
        for one in found.shares
        if one.kept is not None
    }
    assert counts == {
        "ours / theirs": (15, 20, 4),
        "ours / real": (0, 20, 4),
        "theirs / real": (0, 20, 4),
    }
    first = found.shares[0].kept
    assert first is not None
    # Rater by rater all five pairs alike; the interval is that of share_of_votes.
    raters = [str(r) for r in range(4) for _ in range(5)]
    items = [str(i) for _ in range(4) for i in range(5)]
    alone = share_of_votes([r != "0" for r in raters], raters, items)
    assert first.share.value == 0.75
    assert first.share.interval == pytest.approx(alone.interval)


def test_the_order_of_clips_in_items_does_not_matter(tmp_path: Path) -> None:
    """Clips a and b of every item exchanged: the same methods are chosen, so the same numbers."""
    study = made_study(tmp_path, with_clips=False, videos=5, raters=4)

    def exchanged(name: str) -> Item:
        item = study.item[name]
        right = {"a": "b", "b": "a", "": ""}[item.right]
        return item.model_copy(update={"a": item.b, "b": item.a, "right": right})

    turned = study.model_copy(update={"item": {name: exchanged(name) for name in study.item}})

    def results(of: Study) -> Results:
        answers = tuple(answers_to(of, slot, by(ours_first)) for slot in range(4))
        return results_of(Collected(of, answers, ()))

    one, other = results(study), results(turned)
    assert one.shares == other.shares
    assert one.kept.agreement == other.kept.agreement
    for mine, theirs in zip(one.kept.strengths, other.kept.strengths, strict=True):
        assert mine.name == theirs.name
        assert mine.value == pytest.approx(theirs.value)


def test_agreement_does_not_depend_on_the_order_of_the_methods(tmp_path: Path) -> None:
    found = []
    for order in (("ours", "theirs", "real"), ("theirs", "ours", "real")):
        folder = answered(tmp_path / order[0], ours_first, videos=5, raters=4, methods=order)
        found.append(computed(folder).kept.agreement)
    assert found[0] is not None
    # Of 15 pairs 10 have all votes for real; of 5 pairs three of four raters are for ours.
    assert found[0].value == pytest.approx(2 * (10 + 5 / 2) / 15 - 1)
    assert found[0] == found[1]


def test_raters_set_apart_count_in_one_of_two_ways(tmp_path: Path) -> None:
    folder = answered(tmp_path, ours_first, careless=(0,), videos=5, raters=4)
    found = computed(folder)
    assert found.apart == (("failed 2 of 2 checks; at most 1 is allowed", 1),)
    first = found.shares[0]
    assert first.kept is not None
    assert first.of_all is not None
    assert (first.kept.chosen, first.kept.share.votes) == (15, 15)
    assert (first.of_all.chosen, first.of_all.share.votes) == (15, 20)
    assert (found.kept.raters, found.of_all.raters) == (3, 4)
    assert (found.kept.votes, found.of_all.votes) == (45, 60)


def test_the_ranking_is_that_of_the_log_odds(tmp_path: Path) -> None:
    folder = answered(tmp_path, ours_first, videos=5, raters=4, methods=("ours", "theirs"))
    strengths = computed(folder).kept.strengths
    # Of two methods, the difference of strengths is the log odds of 15 of 20.
    assert [one.name for one in strengths] == ["ours", "theirs"]
    assert strengths[0].value - strengths[1].value == pytest.approx(math.log(3))
    assert sum(one.value for one in strengths) == pytest.approx(0)


def test_side_bias_counts_what_was_pressed(tmp_path: Path) -> None:
    folder = answered(tmp_path, ours_first, videos=5, raters=4)
    study = load_study(folder)
    collected = collect(folder, [folder / "answers"])
    left = [
        vote.choice == "left"
        for answers in collected.answers
        for vote in answers.votes
        if study.item[vote.item].role == "rated"
    ]
    found = results_of(collected).kept
    assert found.left is not None
    assert found.left.value == sum(left) / 60
    seconds = sorted(
        vote.ms / 1000
        for answers in collected.answers
        for vote in answers.votes
        if study.item[vote.item].role == "rated"
    )
    assert found.seconds is not None
    assert found.seconds[1] == pytest.approx((seconds[29] + seconds[30]) / 2)
    assert seconds[14] <= found.seconds[0] <= seconds[15]
    assert seconds[44] <= found.seconds[2] <= seconds[45]


def test_single_clips_have_shares_of_yes_and_differences(tmp_path: Path) -> None:
    def sees_repeats(slot: int, method: str, _: str) -> bool:
        return method == "theirs" and slot > 0

    folder = answered(tmp_path, sees_repeats, kind="single", videos=5, raters=4)
    found = computed(folder)
    shares = {one.name: one.kept.share.value for one in found.shares if one.kept is not None}
    assert shares == {"ours": 0.0, "theirs": 0.75, "real": 0.0}
    differences = {(one.first, one.second): one.value for one in found.kept.differences}
    expected = {("ours", "theirs"): -0.75, ("ours", "real"): 0.0, ("theirs", "real"): 0.75}
    assert differences == expected
    assert found.kept.strengths == ()
    assert found.kept.left is None


def test_a_difference_has_one_interval_wherever_it_is_shown(tmp_path: Path) -> None:
    study = made_study(tmp_path, kind="single", with_clips=False, videos=5, raters=4)

    def sees_repeats(study: Study, slot: int, item: str) -> Literal["yes", "no"]:
        clip = study.clip[study.item[item].a]
        seen = clip.video < "002" or (clip.method == "theirs" and slot == 0)
        return "yes" if study.item[item].right or seen else "no"

    answers = tuple(answers_to(study, slot, sees_repeats) for slot in range(4))
    collected = Collected(study, answers, ())
    first = results_of(collected).kept.differences[0]
    beside = difference_of_yes(rated_votes(votes_frame(collected)), first.first, first.second)
    assert beside is not None
    assert beside.value == first.value
    assert beside.interval == pytest.approx(first.interval)


def test_what_cannot_be_computed_says_why(tmp_path: Path) -> None:
    def always(slot: int, a: str, b: str) -> bool:
        return a == "ours"

    folder = answered(tmp_path, always, videos=1, raters=1, methods=("ours", "theirs"))
    found = computed(folder)
    first = found.shares[0].kept
    assert first is not None
    assert first.share.value == 1.0
    assert first.share.method == "Wilson; of this rater alone"
    assert found.kept.agreement is None
    assert dict(found.kept.absent)["agreement"].startswith("all votes are alike")
    numbers = [end for one in found.kept.strengths for end in (one.value, *one.interval)]
    assert all(map(math.isfinite, numbers))


def test_a_pair_without_votes_has_no_share(tmp_path: Path) -> None:
    folder = answered(tmp_path, ours_first, videos=5, raters=4, careless=(0, 1, 2, 3))
    found = computed(folder)
    assert all(one.kept is None for one in found.shares)
    assert all(one.of_all is not None for one in found.shares)
    assert found.kept.absent == (("all numbers", "no rater of this column has voted"),)


def test_raters_without_rated_votes_count_as_begun_alone(tmp_path: Path) -> None:
    study = made_study(tmp_path, with_clips=False, videos=5, raters=4)
    full = answers_to(study, 0)
    checks = tuple(vote for vote in full.votes if study.item[vote.item].role == "check")
    begun = answers_to(study, 1).model_copy(update={"votes": checks, "finished": False})
    found = results_of(Collected(study, (full, begun), ()))
    assert found.of_all.raters == 1
    with pytest.raises(InputError, match="none has voted on an item that counts"):
        results_of(Collected(study, (begun,), ()))
