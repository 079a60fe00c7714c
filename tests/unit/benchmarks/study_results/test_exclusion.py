"""The rule that sets raters apart."""

from pathlib import Path
from typing import Literal

import pytest
from made_studies import answers_to, made_study, prefers_first

from leo_bench.benchmarks.study_results.exclusion import set_apart
from leo_bench.benchmarks.user_study.answers import Answers, failed_checks
from leo_bench.benchmarks.user_study.study import Exclusion, Study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return made_study(tmp_path, checks=3, with_clips=False)


def fails_checks(study: Study, slot: int, item: str) -> Literal["a", "b", "yes", "no"]:
    return "b" if study.item[item].role == "check" else prefers_first(study, slot, item)


def ruled(study: Study, **rule: float) -> Study:
    return study.model_copy(update={"exclusion": Exclusion.model_validate(rule)})


def first(answers: Answers, count: int) -> Answers:
    """What the rater had answered after `count` votes."""
    return answers.model_copy(update={"finished": False, "votes": answers.votes[:count]})


def test_who_passes_the_checks_is_not_set_apart(study: Study) -> None:
    answers = answers_to(study, 0)
    assert failed_checks(study, answers) == (0, 3)
    assert set_apart(study, answers) == ""


def test_failed_checks(study: Study) -> None:
    answers = answers_to(study, 0, fails_checks)
    assert failed_checks(study, answers) == (3, 3)
    assert set_apart(study, answers) == "failed 3 of 3 checks; at most 1 is allowed"
    assert set_apart(ruled(study, most_failed=3), answers) == ""
    strict = ruled(study, most_failed=0)
    assert set_apart(strict, answers) == "failed 3 of 3 checks; at most 0 are allowed"


def test_the_right_side_follows_from_the_slot(study: Study) -> None:
    """Whoever always presses left fails the checks whose right clip is on the right."""
    for slot in range(study.raters):
        made = answers_to(study, slot)
        left = tuple(vote.model_copy(update={"choice": "left"}) for vote in made.votes)
        checks = [one for one in study.shown(slot) if study.item[one.item].role == "check"]
        flipped = sum(one.is_flipped for one in checks)
        always = made.model_copy(update={"votes": left})
        assert failed_checks(study, always) == (flipped, 3)


def test_a_check_that_was_passed_over_is_failed(study: Study) -> None:
    answers = answers_to(study, 0)
    without = [vote for vote in answers.votes if study.item[vote.item].role == "rated"]
    assert failed_checks(study, answers.model_copy(update={"votes": tuple(without)})) == (3, 3)


def test_a_check_that_the_rater_did_not_come_to_is_not_failed(study: Study) -> None:
    answers = answers_to(study, 0)
    kinds = [study.item[vote.item].role for vote in answers.votes]
    second = [place for place, role in enumerate(kinds) if role == "check"][1]
    assert failed_checks(study, first(answers, second)) == (0, 1)
    assert failed_checks(study, first(answers, 0)) == (0, 0)


def test_share_answered(study: Study) -> None:
    answers = answers_to(study, 0)
    rated = [study.item[vote.item].role == "rated" for vote in answers.votes]
    counts = [sum(rated[:n]) for n in range(len(rated) + 1)]
    half, less = counts.index(6), counts.index(5)
    assert set_apart(study, first(answers, half)) == ""
    assert set_apart(study, first(answers, less)) == (
        "answered 5 of 12 items; at least 50 % are required"
    )
    assert set_apart(ruled(study, fewest_answered=0), first(answers, 0)) == ""


def test_exactly_the_share_required_is_enough(tmp_path: Path) -> None:
    study = made_study(tmp_path, videos=50, methods=("ours", "theirs"), with_clips=False)
    votes = [v for v in answers_to(study, 0).votes if study.item[v.item].role == "rated"]
    answers = answers_to(study, 0).model_copy(update={"finished": False})
    rule = ruled(study, fewest_answered=0.56, most_failed=2)
    for count, reason in ((28, ""), (27, "answered 27 of 50 items; at least 56 % are required")):
        some = answers.model_copy(update={"votes": tuple(votes[:count])})
        assert set_apart(rule, some) == reason


def test_median_time_of_rated_items(study: Study) -> None:
    answers = answers_to(study, 0)
    votes = tuple(
        vote.model_copy(update={"ms": 900 if study.item[vote.item].role == "rated" else 60_000})
        for vote in answers.votes
    )
    quick = answers.model_copy(update={"votes": votes})
    assert set_apart(study, quick) == ""
    assert set_apart(ruled(study, shortest_median=0.9), quick) == ""
    assert set_apart(ruled(study, shortest_median=2), quick) == (
        "median time 0.9 s an item; at least 2 s is required"
    )


def test_single_clips(tmp_path: Path) -> None:
    study = made_study(tmp_path, kind="single", with_clips=False)
    assert set_apart(study, answers_to(study, 0)) == ""
    no = answers_to(study, 0, lambda *_: "no")
    assert set_apart(study, no) == "failed 2 of 2 checks; at most 1 is allowed"
