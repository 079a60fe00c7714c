"""Planted metrics beside planted votes: 100 %, 0 % and 50 % agreement, ties, and methods."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest
from made_studies import Chooses, answers_to, made_study

from leo_bench.benchmarks.study_results.collecting import Collected
from leo_bench.benchmarks.study_results.metrics_beside import (
    MetricOfStudy,
    StudyVotes,
    by_clips,
    by_methods,
    by_single_clips,
)
from leo_bench.benchmarks.study_results.vote_agreement import rated_votes
from leo_bench.benchmarks.study_results.votes import votes_frame
from leo_bench.benchmarks.user_study.study import Study
from leo_bench.evaluation.records.agreement import ClipsAgreement, Of
from leo_bench.evaluation.records.comparison import DifferenceRecord

Choice = Literal["a", "b", "yes", "no"]
Values = Mapping[str, dict[str, float]]


def votes_of(study: Study, chooses: Chooses) -> StudyVotes:
    answers = tuple(answers_to(study, slot, chooses) for slot in range(study.raters))
    frame = votes_frame(Collected(study, answers, ()))
    return StudyVotes(rated_votes(frame[frame["set_apart"] == ""]), rated_votes(frame))


def drawn_values(study: Study, seed: int = 0) -> Values:
    draw = random.Random(seed)
    return {
        method: {f"{video:03d}": draw.random() for video in range(one.videos)}
        for method, one in study.method.items()
    }


def prefers(values: Values, *, lower: bool) -> Chooses:
    """A rater who passes the checks and always chooses the clip of the lower or higher value."""

    def chooses(study: Study, _slot: int, item: str) -> Choice:
        found = study.item[item]
        if found.right:
            return found.right
        a, b = (
            values[study.clip[clip].method][study.clip[clip].video] for clip in (found.a, found.b)
        )
        return "a" if (a < b) == lower else "b"

    return chooses


def metric(
    values: Values, name: str = "acd", of: Of = "value", **differences: tuple[float, float]
) -> MetricOfStudy:
    """A metric with differences of methods, FIRST_SECOND=(low, high)."""
    pairs = {}
    for place, (methods, interval) in enumerate(differences.items()):
        first, second = methods.split("_")
        pairs[first, second] = difference(interval, place)
    return MetricOfStudy(name, 16, pairs, {of: values})


def difference(interval: tuple[float, float] | None, place: int = 0) -> DifferenceRecord:
    return DifferenceRecord(
        first=place,
        second=place + 1,
        value=0.0 if interval is None else sum(interval) / 2,
        interval=interval,
        interval_level=None if interval is None else 0.95,
        interval_method=None if interval is None else "wilson",
        standard_error=None,
        paired=0,
        note="too few" if interval is None else "",
    )


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return made_study(tmp_path, videos=5, raters=6, with_clips=False)


def agreement(votes: StudyVotes, of: MetricOfStudy) -> ClipsAgreement:
    (found,) = by_clips(votes, of, seed=0)
    return found


def test_raters_who_follow_a_metric_agree_with_it_always(study: Study) -> None:
    values = drawn_values(study)
    found = agreement(votes_of(study, prefers(values, lower=True)), metric(values))
    assert (found.items, found.ties, found.without) == (15, 0, 0)
    assert found.agreement is not None
    assert (found.agreement.value, found.agreement.votes) == (1.0, 6 * 15)
    assert found.agreement.interval is not None
    assert 0.9 < found.agreement.interval[0] < 1
    assert (found.majority.agree, found.majority.items) == (15, 15)
    assert found.others is not None
    assert found.others.value == 1.0
    assert found.correlation is not None
    assert found.correlation > 0.8  # all shares are 0 or 1, so that they rank the pairs in two


def test_raters_who_oppose_a_metric_agree_with_it_never(study: Study) -> None:
    values = drawn_values(study)
    found = agreement(votes_of(study, prefers(values, lower=False)), metric(values))
    assert found.agreement is not None
    assert found.agreement.value == 0.0
    assert found.majority.agree == 0
    assert found.correlation is not None
    assert found.correlation < -0.8


def test_a_metric_whose_higher_values_are_better_prefers_them(study: Study) -> None:
    values = drawn_values(study)
    votes = votes_of(study, prefers(values, lower=False))
    found = agreement(votes, metric(values, "precision"))
    assert found.agreement is not None
    assert found.agreement.value == 1.0


def test_half_of_the_raters_for_a_metric_are_chance(study: Study) -> None:
    values = drawn_values(study)

    def chooses(study: Study, slot: int, item: str) -> Choice:
        return prefers(values, lower=slot % 2 == 0)(study, slot, item)

    found = agreement(votes_of(study, chooses), metric(values))
    assert found.agreement is not None
    assert found.agreement.value == 0.5
    assert found.agreement.interval is not None
    assert found.agreement.interval[0] < 0.5 < found.agreement.interval[1]
    assert found.majority.items == 0  # three against three, everywhere
    assert found.others is not None
    assert found.others.value == 0.0  # of the others, three of five are against each rater
    assert found.correlation is None


def test_ties_and_videos_without_a_value_are_left_out_and_counted(study: Study) -> None:
    values = drawn_values(study)
    votes = votes_of(study, prefers(values, lower=True))
    fewer = {method: dict(of_method) for method, of_method in values.items()}
    fewer["ours"]["000"] = fewer["theirs"]["000"]
    del fewer["ours"]["001"], fewer["real"]
    found = agreement(votes, metric(fewer))
    assert (found.items, found.ties, found.without) == (3, 1, 11)
    assert found.agreement is not None
    assert (found.agreement.votes, found.agreement.items) == (18, 3)


def test_raters_who_are_set_apart_count_in_the_other_column_alone(study: Study) -> None:
    values = drawn_values(study)

    def chooses(study: Study, slot: int, item: str) -> Choice:
        right = study.item[item].right
        if slot == 0:  # the one who fails every check, and opposes the metric
            return "b" if right == "a" else prefers(values, lower=False)(study, slot, item)
        return prefers(values, lower=True)(study, slot, item)

    found = agreement(votes_of(study, chooses), metric(values))
    assert found.agreement is not None
    assert found.all_raters is not None
    assert (found.agreement.value, found.agreement.raters) == (1.0, 5)
    assert (found.all_raters.value, found.all_raters.raters) == (pytest.approx(5 / 6), 6)


def test_methods_agree_where_both_intervals_say_so(study: Study) -> None:
    rank = {"real": 0, "ours": 1, "theirs": 2}
    order: Values = {
        method: {f"{video:03d}": place for video in range(5)} for method, place in rank.items()
    }
    votes = votes_of(study, prefers(order, lower=True))
    of = metric({}, ours_theirs=(-9, -1), ours_real=(-3, -1), theirs_real=(-1, 1))
    found = {(one.first, one.second): one for one in by_methods(study, votes, of)}
    assert {pair: one.agree for pair, one in found.items()} == {
        ("ours", "theirs"): True,  # the metric of ours is lower, and raters prefer ours
        ("ours", "real"): False,  # the metric prefers ours, and raters real
        ("theirs", "real"): None,  # the metric's interval contains 0
    }
    assert found["ours", "theirs"].raters.value == 1.0
    assert found["theirs", "real"].raters_prefer == "real"
    assert found["theirs", "real"].metric_prefers == ""


def test_a_reference_may_stand_anywhere_among_the_methods(study: Study) -> None:
    values = drawn_values(study)
    votes = votes_of(study, prefers(values, lower=True))
    of = metric({}, theirs_ours=(1, 9))  # `ours` is what the metric measures against
    (found,) = by_methods(study, votes, of)
    (turned,) = by_methods(study, votes, metric({}, ours_theirs=(-9, -1)))
    assert (found.first, found.second) == ("theirs", "ours")
    assert found.raters.value == pytest.approx(1 - turned.raters.value)
    assert found.metric_prefers == turned.metric_prefers == "ours"
    assert found.raters_prefer == turned.raters_prefer


def test_divided_raters_prefer_no_method_and_no_interval_is_no_preference(study: Study) -> None:
    values = drawn_values(study)

    def chooses(study: Study, slot: int, item: str) -> Choice:
        return study.item[item].right or ("a" if slot % 2 else "b")

    votes = votes_of(study, chooses)
    (found,) = by_methods(study, votes, metric(values, ours_theirs=(-9, -1)))
    assert (found.raters_prefer, found.metric_prefers, found.agree) == ("", "ours", None)
    none = MetricOfStudy("fvd", 16, {("ours", "theirs"): difference(None)}, {})
    (found,) = by_methods(study, votes, none)
    assert found.metric_prefers == ""


def test_single_clips_say_yes_or_no_as_the_metric_does(tmp_path: Path) -> None:
    study = made_study(
        tmp_path, kind="single", methods=("with", "without"), videos=4, with_clips=False
    )
    flags: Values = {
        "with": {"000": 0.0, "001": 0.0, "002": 0.0, "003": 1.0},
        "without": {"000": 1.0, "001": 1.0, "002": 1.0},
    }

    def chooses(study: Study, slot: int, item: str) -> Choice:
        """All say yes of all of `without` and, one rater of four, of `with`."""
        shown = study.item[item]
        if shown.right:
            return shown.right
        return "yes" if study.clip[shown.a].method == "without" or slot == 0 else "no"

    votes = votes_of(study, chooses)
    of = metric(flags, "repetition", with_without=(-0.9, -0.1))
    (found,) = by_single_clips(votes, of)
    assert (found.items, found.ties, found.without) == (7, 0, 1)
    assert found.agreement is not None
    # of `without` 12 yes agree; of `with` slot 0 agrees on 003 alone, the others on 000 to 002
    assert found.agreement.value == pytest.approx((12 + 1 + 9) / 28)
    assert found.sensitivity is not None
    assert found.specificity is not None
    assert found.sensitivity.value == pytest.approx((12 + 1) / (12 + 4))
    assert found.specificity.value == pytest.approx(9 / 12)
    (methods,) = by_methods(study, votes, of)
    assert methods.raters.value == pytest.approx(0.25 - 1)
    assert (methods.metric_prefers, methods.raters_prefer, methods.agree) == ("with", "with", True)
