"""Answers of several files: each rater once, whatever the order; contradictions are refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_studies import answers_to, made_study

from leo_bench.benchmarks.study_results.collecting import collect
from leo_bench.benchmarks.study_results.versions import Found, counted
from leo_bench.benchmarks.user_study.answers import Answers, Vote
from leo_bench.benchmarks.user_study.study import Study
from leo_bench.evaluation.errors import InputError


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return made_study(tmp_path / "study", with_clips=False)


def write(path: Path, answers: Answers) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(answers.model_dump_json())
    return path


def early(answers: Answers, count: int) -> Answers:
    """What the rater had answered after `count` votes."""
    return answers.model_copy(update={"finished": False, "votes": answers.votes[:count]})


def with_vote(answers: Answers, place: int, **fields: Any) -> Answers:
    votes = list(answers.votes)
    votes[place] = votes[place].model_copy(update=fields)
    return answers.model_copy(update={"votes": tuple(votes)})


def other(choice: str) -> Literal["left", "right"]:
    return "right" if choice == "left" else "left"


def test_files_and_folders(tmp_path: Path, study: Study) -> None:
    made = [answers_to(study, slot) for slot in range(4)]
    alone = write(tmp_path / "alone.json", made[3])
    for number in (0, 1, 2):
        write(tmp_path / "folder" / f"{number}.json", made[number])
    (tmp_path / "folder" / "read me.txt").write_text("mine")
    (tmp_path / "folder" / ".hidden").write_text("mine")
    found = collect(tmp_path / "study", [alone, tmp_path / "folder", alone])
    assert found.study == study
    assert found.answers == tuple(made)
    assert not found.is_simulated
    assert found.notes == (f"{tmp_path}/folder: only *.json is read, not read me.txt",)


def test_two_raters_of_one_slot(tmp_path: Path, study: Study) -> None:
    for seed in (1, 2):
        write(tmp_path / "folder" / f"{seed}.json", answers_to(study, 0, seed=seed))
    found = collect(tmp_path / "study", [tmp_path / "folder"])
    assert [one.slot for one in found.answers] == [0, 0]
    assert found.notes == ()


def test_a_repeated_file_counts_once(tmp_path: Path, study: Study) -> None:
    made = answers_to(study, 0)
    one, two = write(tmp_path / "a.json", made), write(tmp_path / "b.json", made)
    found = collect(tmp_path / "study", [one, two])
    assert found.answers == (made,)
    assert found.notes == (f"repeated, counted once: {one} (as {two})",)


def test_a_later_version_counts(tmp_path: Path, study: Study) -> None:
    made = answers_to(study, 0)
    changed = with_vote(made, 1, choice=other(made.votes[1].choice), turn=90, changes=1)
    one = write(tmp_path / "a.json", changed)
    two = write(tmp_path / "b.json", early(made, 5))
    found = collect(tmp_path / "study", [one, two])
    assert found.answers == (changed,)
    assert found.notes == (f"earlier versions, not counted: {two} (as {one})",)


Change = Callable[[Study, Answers], Answers]
CONTRADICTIONS: dict[str, Change] = {
    "item {item} has two different answers": lambda _, made: with_vote(
        made, 2, choice=other(made.votes[2].choice)
    ),
    "item {item} has two different answers ": lambda _, made: with_vote(made, 2, ms=1),
    "item {item} has two different answers  ": lambda _, made: with_vote(
        with_vote(made, 2, turn=0), 3, turn=80
    ),
    "slot ": lambda study, made: answers_to(study, 1).model_copy(update={"rater": made.rater}),
    "only the first is finished": lambda _, made: with_vote(made, 2, turn=80).model_copy(
        update={"finished": False}
    ),
    "item {item} has no answer in the second": lambda _, made: made.model_copy(
        update={
            "finished": False,
            "votes": tuple(
                vote.model_copy(update={"turn": 100})
                for vote in made.votes
                if vote != made.votes[2]
            ),
        }
    ),
}


@pytest.mark.parametrize("conflict", CONTRADICTIONS)
@pytest.mark.parametrize("names", ["ab", "ba"])
def test_contradictions_are_refused(
    tmp_path: Path, study: Study, conflict: str, names: str
) -> None:
    made = answers_to(study, 0)
    changed = CONTRADICTIONS[conflict](study, made)
    if not changed.finished and "finished" not in conflict:
        made = made.model_copy(update={"finished": False})
    one = write(tmp_path / f"{names[0]}.json", made)
    two = write(tmp_path / f"{names[1]}.json", changed)
    with pytest.raises(InputError) as error:
        collect(tmp_path / "study", [one, two])
    said = str(error.value)
    assert str(one) in said
    assert str(two) in said
    assert made.rater in said
    assert conflict.strip().format(item=made.votes[2].item) in said
    assert "\n" not in said


def test_a_copied_file_counts_once(tmp_path: Path, study: Study) -> None:
    made = answers_to(study, 0)
    copied = made.model_copy(update={"rater": "0" * 32, "votes": made.votes[::-1]})
    files = [write(tmp_path / "a.json", made), write(tmp_path / "b.json", copied)]
    found = collect(tmp_path / "study", files)
    assert len(found.answers) == 1
    (note,) = found.notes
    assert all(str(path) in note for path in files)
    assert note.startswith("copied under 2 tokens")


def test_answers_that_differ_in_one_time_are_no_copy(tmp_path: Path, study: Study) -> None:
    made = answers_to(study, 0)
    near = with_vote(made, 0, ms=made.votes[0].ms + 1).model_copy(update={"rater": "0" * 32})
    files = [write(tmp_path / "a.json", made), write(tmp_path / "b.json", near)]
    assert len(collect(tmp_path / "study", files).answers) == 2


def test_raters_without_an_answer_are_left_out(tmp_path: Path, study: Study) -> None:
    made = [answers_to(study, 0, seed=seed) for seed in (0, 1, 2)]
    files = [write(tmp_path / f"{number}.json", early(one, 0)) for number, one in enumerate(made)]
    full = write(tmp_path / "full.json", made[0])
    found = collect(tmp_path / "study", [*files, full])
    assert found.answers == (made[0],)
    assert found.notes == (
        f"earlier versions, not counted: {files[0]} (as {full})",
        "raters without any answer: 2",
    )
    with pytest.raises(InputError, match="there are no answers yet"):
        collect(tmp_path / "study", files)


def test_simulated_answers_are_not_mixed_with_peoples(tmp_path: Path, study: Study) -> None:
    people = write(tmp_path / "a.json", answers_to(study, 0))
    simulated = write(tmp_path / "b.json", answers_to(study, 1, way="simulated"))
    assert collect(tmp_path / "study", [simulated]).is_simulated
    with pytest.raises(InputError, match="cannot be put together with people's"):
        collect(tmp_path / "study", [people, simulated])


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> list[Answers]:
    """Versions of two raters' answers, as they grow and change."""
    study = made_study(tmp_path_factory.mktemp("study"), with_clips=False)
    found = []
    for slot in (0, 1):
        made = answers_to(study, slot)
        changed = with_vote(made, 4, choice=other(made.votes[4].choice), turn=70, changes=1)
        found += [early(made, count) for count in range(1, len(made.votes), 3)]
        found += [made, changed, changed.model_copy(update={"way": "server"})]
    return found


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_neither_the_order_of_files_nor_repeats_matter(
    history: list[Answers], data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(history), min_size=1, unique_by=id))
    named = [Found(f"{number}.json", one) for number, one in enumerate(chosen)]
    before = [one.answers for one in counted(named, [])]
    again = data.draw(st.lists(st.sampled_from(chosen)))
    more = [*named, *(Found(f"again {number}.json", one) for number, one in enumerate(again))]
    after = [one.answers for one in counted(data.draw(st.permutations(more)), [])]
    assert after == before
    assert len({one.rater for one in before}) == len(before)
    for one in before:
        versions = [other for other in chosen if other.rater == one.rater]
        assert all(len(other.votes) <= len(one.votes) for other in versions)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_contradictions_are_found_in_every_order(
    history: list[Answers], data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(history), min_size=1, unique_by=id))
    one = data.draw(st.sampled_from(chosen))
    place = data.draw(st.integers(0, len(one.votes) - 1))
    false = with_vote(one, place, ms=1)
    found = [Found(f"{number}.json", each) for number, each in enumerate([*chosen, false])]
    with pytest.raises(InputError, match=f"{one.rater}: item .* two different answers"):
        counted(data.draw(st.permutations(found)), [])


def test_votes_differ_only_where_they_should(study: Study) -> None:
    """`Vote` compares by every field; the rules above rely on it."""
    vote = Vote(item="a", choice="left", ms=1, turn=1)
    fields = {"item": "b", "choice": "right", "ms": 2, "turn": 2, "replays": 1, "changes": 1}
    assert all(vote.model_copy(update={name: value}) != vote for name, value in fields.items())
