"""Answers of simulated raters: shares, effects and checks are the wanted ones."""

import dataclasses
import math
import statistics

import pytest
from made_studies import made_study

from leo_bench.benchmarks.study_results.collecting import Collected
from leo_bench.benchmarks.study_results.exclusion import set_apart
from leo_bench.benchmarks.study_results.simulated import (
    MEDIAN_SECONDS,
    Population,
    Simulation,
    given_strengths,
    strengths_by_method,
)
from leo_bench.benchmarks.study_results.votes import votes_frame
from leo_bench.benchmarks.user_study.answers import Answers, check_answers, failed_checks
from leo_bench.benchmarks.user_study.study import Study, answer_of
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.preferences.power import Spread

NONE = Spread(0, 0)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("pairs")
    return made_study(folder, methods=("ours", "theirs"), videos=30, raters=20, with_clips=False)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("single")
    return made_study(folder, kind="single", videos=30, raters=20, with_clips=False)


def simulation(study: Study, spread: Spread = NONE, **values: float) -> Simulation:
    return Simulation(study, strengths_by_method(study, values), Population(spread))


def positive(study: Study, answers: list[Answers], method: str) -> list[list[bool]]:
    """Whether each rater answered a, or yes, to the items whose clip a is of a method."""
    found = []
    for one in answers:
        shown = {entry.item: entry for entry in study.shown(one.slot)}
        found.append(
            [
                answer_of(shown[vote.item], vote.choice) in ("a", "yes")
                for vote in one.votes
                if study.item[vote.item].role == "rated"
                and study.methods_of(vote.item)[0] == method
            ]
        )
    return found


def share(votes: list[list[bool]]) -> float:
    return statistics.fmean(vote for rater in votes for vote in rater)


def test_the_same_seed_gives_the_same_answers(study: Study) -> None:
    made = simulation(study, Spread(), ours=1.0)
    assert made.answers(4) == made.answers(6)[:4]
    other = dataclasses.replace(made, seed=1)
    assert other.answers(1)[0].votes != made.answers(1)[0].votes
    assert other.answers(1)[0].rater != made.answers(1)[0].rater


def test_answers_are_whole_and_marked(study: Study) -> None:
    made = simulation(study, ours=1.0).answers(45)
    assert [one.slot for one in made] == [*range(20), *range(20), *range(5)]
    assert len({one.rater for one in made}) == 45
    for one in made:
        check_answers(one, study, "simulated")
        assert one.finished
        assert one.way == "simulated"
        assert len(one.votes) == 30 + 2
        assert failed_checks(study, one) == (0, 2)


def test_shares_of_pairs(study: Study) -> None:
    """1,200 votes without effects: the standard error is 0.013."""
    votes = positive(study, simulation(study, ours=1.0).answers(40), "ours")
    assert share(votes) == pytest.approx(1 / (1 + math.exp(-1)), abs=0.04)
    even = positive(study, simulation(study).answers(40), "ours")
    assert share(even) == pytest.approx(0.5, abs=0.045)


def test_shares_are_the_wanted_ones_with_effects_too(study: Study) -> None:
    """Effects of 1 would move a share of 88 % to 83 %, were they not made up for."""
    made = [
        dataclasses.replace(simulation(study, Spread(1, 1), ours=2.0), seed=seed).answers(20)
        for seed in range(12)
    ]
    shares = [share(positive(study, one, "ours")) for one in made]
    error = statistics.stdev(shares) / math.sqrt(len(shares))
    assert error < 0.01
    assert statistics.fmean(shares) == pytest.approx(1 / (1 + math.exp(-2)), abs=3 * error)


@pytest.mark.parametrize("which", ["rater", "item"])
def test_raters_and_items_differ_as_asked(study: Study, which: str) -> None:
    """With a spread of 1.5, shares have the standard deviation of expit(1.5 z), 0.26."""

    def spread_of_shares(spread: Spread) -> float:
        made = simulation(study, spread).answers(40)
        frame = votes_frame(Collected(study, tuple(made), ()))
        rated = frame[frame.role == "rated"]
        return float((rated.answer == "a").groupby(rated[which]).mean().std())

    one = Spread(1.5, 0) if which == "rater" else Spread(0, 1.5)
    other = Spread(one.items, one.raters)
    assert spread_of_shares(one) == pytest.approx(0.27, abs=0.06)
    assert spread_of_shares(NONE) == pytest.approx(0.5 / math.sqrt(35), abs=0.03)
    assert spread_of_shares(other) < 0.15


def test_shares_of_yes(single: Study) -> None:
    strengths = given_strengths(single, prefer="", yes="ours=0.45,real=0.02")
    made = Simulation(single, strengths, Population(Spread(0.5, 0))).answers(80)
    assert share(positive(single, made, "ours")) == pytest.approx(0.45, abs=0.05)
    assert share(positive(single, made, "real")) == pytest.approx(0.02, abs=0.01)
    assert share(positive(single, made, "theirs")) == pytest.approx(0.5, abs=0.05)
    assert {vote.choice for one in made for vote in one.votes} == {"yes", "no"}
    assert all(failed_checks(single, one) == (0, 2) for one in made)


def test_strengths_of_clips(study: Study) -> None:
    """Choices follow the score of each clip, whatever its method."""
    rated = [name for name, item in study.item.items() if item.role == "rated"]
    strengths = dict.fromkeys(study.clip, 0.0)
    for place, name in enumerate(rated):
        strengths[study.item[name].a] = 8.0 if place % 2 else -8.0
    made = Simulation(study, strengths, Population(NONE)).answers(20)
    for one in made:
        shown = {entry.item: entry for entry in study.shown(one.slot)}
        answers = {vote.item: answer_of(shown[vote.item], vote.choice) for vote in one.votes}
        right = sum(answers[name] == "ba"[place % 2] for place, name in enumerate(rated))
        assert right >= 29


def test_left_bias(study: Study) -> None:
    population = Population(NONE, left_bias=1.0)
    made = Simulation(study, strengths_by_method(study, {}), population).answers(40)
    rated = [
        vote.choice == "left"
        for one in made
        for vote in one.votes
        if study.item[vote.item].role == "rated"
    ]
    assert statistics.fmean(rated) == pytest.approx(1 / (1 + math.exp(-1)), abs=0.04)


def test_inattentive_raters_answer_checks_at_random(study: Study) -> None:
    """Of two checks, a quarter of such raters fails both and is set apart."""
    strengths = strengths_by_method(study, {"ours": 5.0})
    made = Simulation(study, strengths, Population(NONE, inattentive=1)).answers(200)
    assert share(positive(study, made, "ours")) == pytest.approx(0.5, abs=0.02)
    apart = statistics.fmean(bool(set_apart(study, one)) for one in made)
    assert apart == pytest.approx(0.25, abs=0.1)
    some = Simulation(study, strengths, Population(NONE, inattentive=0.1)).answers(200)
    careless = [one for one in some if statistics.fmean(positive(study, [one], "ours")[0]) < 0.9]
    assert len(careless) == pytest.approx(20, abs=13)


def test_times(study: Study) -> None:
    made = simulation(study).answers(60)
    medians = [statistics.median(vote.ms for vote in one.votes) / 1000 for one in made]
    assert statistics.median(medians) == pytest.approx(MEDIAN_SECONDS, rel=0.25)
    assert statistics.stdev(map(math.log, medians)) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("strength", [None, math.nan, math.inf, 10.5])
def test_strengths_that_are_missing_or_out_of_range(study: Study, strength: float | None) -> None:
    strengths = strengths_by_method(study, {})
    clip = next(item.a for item in study.item.values() if item.role == "rated")
    if strength is None:
        del strengths[clip]
    else:
        strengths[clip] = strength
    with pytest.raises(InputError, match=f"clip {clip}: strength"):
        Simulation(study, strengths).answers(1)


@pytest.mark.parametrize(
    "prefer",
    [
        "ours",
        "ours=",
        "=1",
        "ours=x",
        "ours=nan",
        "ours=inf",
        "ours=1e9",
        "ours=1,ours=2",
        "ours=1,",
    ],
)
def test_options_that_are_no_strengths(study: Study, prefer: str) -> None:
    with pytest.raises(InputError, match=r"--prefer .*METHOD=NUMBER is expected"):
        given_strengths(study, prefer=prefer, yes="")


def test_options_of_the_other_kind_and_other_names(study: Study, single: Study) -> None:
    with pytest.raises(InputError, match="this study shows pairs; give --prefer"):
        given_strengths(study, prefer="", yes="ours=0.5")
    with pytest.raises(InputError, match="this study shows single clips; give --yes"):
        given_strengths(single, prefer="ours=1", yes="")
    with pytest.raises(InputError, match=r"no method 'his' .* known are ours, theirs"):
        given_strengths(study, prefer="his=1", yes="")
    for yes in ("ours=0", "ours=1", "ours=-0.5"):
        with pytest.raises(InputError, match=r"a number from 0\.0001 to 0\.9999"):
            given_strengths(single, prefer="", yes=yes)
