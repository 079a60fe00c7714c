"""Answers of the server together with answer files, and raters who were forgotten."""

import contextlib
from pathlib import Path

import pytest
from made_studies import answers_to, made_study

from leo_bench.benchmarks.study_results.collecting import collect
from leo_bench.benchmarks.study_server.database import VOTES, note_forgotten, open_database
from leo_bench.benchmarks.user_study.answers import Answers
from leo_bench.benchmarks.user_study.study import Study
from leo_bench.evaluation.errors import InputError


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return made_study(tmp_path, with_clips=False)


def stored(folder: Path, study: Study, *raters: Answers) -> None:
    """Answers in the server's database."""
    with contextlib.closing(open_database(folder, VOTES, study.id)) as database:
        for number, one in enumerate(raters):
            database.execute(
                "INSERT INTO rater (token, number, slot, begun, finished) VALUES (?, ?, ?, 1, ?)",
                (one.rater, number, one.slot, one.finished),
            )
            database.executemany(
                "INSERT INTO vote VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (one.rater, v.item, v.choice, v.ms, v.replays, v.changes, v.turn)
                    for v in one.votes
                ],
            )


def written(path: Path, answers: Answers) -> Path:
    path.write_text(answers.model_dump_json())
    return path


def begun(answers: Answers, count: int) -> Answers:
    return answers.model_copy(update={"finished": False, "votes": answers.votes[:count]})


def test_the_servers_answers_alone(tmp_path: Path, study: Study) -> None:
    stored(tmp_path, study, answers_to(study, 1), begun(answers_to(study, 0), 3))
    found = collect(tmp_path, [])
    assert [(one.slot, one.way, one.finished) for one in found.answers] == [
        (0, "server", False),
        (1, "server", True),
    ]
    assert {vote.item for vote in found.answers[1].votes} == {
        vote.item for vote in answers_to(study, 1).votes
    }


def test_files_and_the_server_go_together(tmp_path: Path, study: Study) -> None:
    same, later, alone = (answers_to(study, slot) for slot in range(3))
    stored(tmp_path, study, same, begun(later, 4))
    files = [written(tmp_path / f"{one.slot}.json", one) for one in (same, later, alone)]
    found = collect(tmp_path, files)
    assert [(one.slot, one.way) for one in found.answers] == [
        (0, "server"),
        (1, "site"),
        (2, "site"),
    ]
    assert all(one.finished for one in found.answers)
    database = tmp_path / "votes.sqlite"
    assert found.notes == (
        f"repeated, counted once: {files[0]} (as {database})",
        f"earlier versions, not counted: {database} (as {files[1]})",
    )


def test_a_file_that_contradicts_the_server(tmp_path: Path, study: Study) -> None:
    made = answers_to(study, 0)
    stored(tmp_path, study, made)
    votes = (made.votes[0].model_copy(update={"ms": 5}), *made.votes[1:])
    file = written(tmp_path / "a.json", made.model_copy(update={"votes": votes}))
    with pytest.raises(InputError, match="two different answers") as error:
        collect(tmp_path, [file])
    said = str(error.value)
    assert all(part in said for part in (str(file), "votes.sqlite", made.votes[0].item))


def test_a_copy_of_the_servers_answers_counts_once(tmp_path: Path, study: Study) -> None:
    made = answers_to(study, 0)
    stored(tmp_path, study, made)
    file = written(tmp_path / "a.json", made.model_copy(update={"rater": "0" * 32}))
    found = collect(tmp_path, [file])
    assert [one.rater for one in found.answers] == [made.rater]


def test_raters_without_an_answer_stop_no_simulation(tmp_path: Path, study: Study) -> None:
    stored(tmp_path, study, begun(answers_to(study, 0), 0))
    file = written(tmp_path / "a.json", answers_to(study, 1, way="simulated"))
    found = collect(tmp_path, [file])
    assert found.is_simulated
    assert found.notes == ("raters without any answer: 1",)


def test_simulated_answers_are_not_mixed_with_the_servers(tmp_path: Path, study: Study) -> None:
    stored(tmp_path, study, answers_to(study, 0))
    file = written(tmp_path / "a.json", answers_to(study, 1, way="simulated"))
    with pytest.raises(InputError, match=r"a\.json: simulated answers cannot be .*votes\.sqlite"):
        collect(tmp_path, [file])


def test_a_forgotten_raters_answers_are_refused(tmp_path: Path, study: Study) -> None:
    gone, here = answers_to(study, 0), answers_to(study, 1)
    files = [written(tmp_path / f"{one.slot}.json", one) for one in (gone, here)]
    note_forgotten(tmp_path, gone.rater)
    with pytest.raises(InputError, match=r"0\.json: this rater's answers were withdrawn"):
        collect(tmp_path, files)
    found = collect(tmp_path, files, on_error="skip")
    assert found.answers == (here,)
    assert len(found.notes) == 1
    assert "withdrawn" in found.notes[0]


def test_a_database_of_another_study(tmp_path: Path, study: Study) -> None:
    stored(tmp_path, study, answers_to(study, 0))
    made_study(tmp_path, with_clips=False, seed=1)
    with pytest.raises(InputError, match=r"votes\.sqlite"):
        collect(tmp_path, [])
