"""Databases of a study: made whole, read while others write, refused where they are not its own."""

import contextlib
import hashlib
import shutil
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from made_studies import made_study

from leo_bench.benchmarks.study_server.database import (
    FORGOTTEN,
    VOTES,
    answers_in,
    is_forgotten,
    note_forgotten,
    open_database,
    reading,
    transaction,
)
from leo_bench.benchmarks.user_study.answers import check_answers
from leo_bench.benchmarks.user_study.study import Study, rated
from leo_bench.evaluation.errors import InfrastructureError, InputError

TOKENS = [f"{number:032x}" for number in range(3)]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return made_study(tmp_path, with_clips=False)


def fill(folder: Path, study: Study) -> None:
    """The first rater has finished, the second has begun, the third was only invited."""
    with contextlib.closing(open_database(folder, VOTES, study.id)) as database:
        for number, token in enumerate(TOKENS):
            with transaction(database):
                database.execute(
                    "INSERT INTO rater VALUES (?, ?, ?, ?, ?)",
                    (token, number, number, number < 2, number == 0),
                )
        for number, answered in ((0, None), (1, 2)):
            for turn, shown in list(enumerate(rated(study, number)))[:answered]:
                with transaction(database):
                    database.execute(
                        "INSERT INTO vote VALUES (?, ?, 'left', 1200, 1, 0, ?)",
                        (TOKENS[number], shown.item, turn),
                    )


def test_answers_are_those_of_raters_who_have_begun(tmp_path: Path, study: Study) -> None:
    assert answers_in(tmp_path) == []
    assert not (tmp_path / VOTES.file).exists()
    fill(tmp_path, study)
    first, second = answers_in(tmp_path)
    for found in (first, second):
        check_answers(found, study, "here")
    assert (first.rater, first.slot, first.finished, first.way) == (TOKENS[0], 0, True, "server")
    assert [vote.item for vote in first.votes] == [shown.item for shown in rated(study, 0)]
    assert (second.finished, len(second.votes)) == (False, 2)
    vote = second.votes[1]
    assert (vote.choice, vote.ms, vote.replays, vote.changes, vote.turn) == ("left", 1200, 1, 0, 1)


def test_a_database_is_strict_durable_and_private(tmp_path: Path, study: Study) -> None:
    with contextlib.closing(open_database(tmp_path, VOTES, study.id)) as database:

        def setting(name: str) -> object:
            return database.execute(f"PRAGMA {name}").fetchone()[0]

        assert (setting("journal_mode"), setting("synchronous")) == ("wal", 2)
        assert (setting("foreign_keys"), setting("secure_delete")) == (1, 1)
        assert setting("busy_timeout") == 30_000
        with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT"):
            database.execute("INSERT INTO rater VALUES (?, 'one', 0, 0, 0)", (TOKENS[0],))
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            database.execute("INSERT INTO vote VALUES (?, 'i', 'left', 1, 0, 0, 0)", (TOKENS[0],))
        assert stat.S_IMODE((tmp_path / VOTES.file).stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.toml", VOTES.file]


def test_a_transaction_that_fails_changes_nothing(tmp_path: Path, study: Study) -> None:
    with contextlib.closing(open_database(tmp_path, VOTES, study.id)) as database:
        twice = [(token, 1, 0, 0, 0) for token in TOKENS]
        with pytest.raises(sqlite3.IntegrityError), transaction(database):
            database.executemany("INSERT INTO rater VALUES (?, ?, ?, ?, ?)", twice)
        assert database.execute("SELECT count(*) FROM rater").fetchone() == (0,)


def test_several_may_open_a_new_database_at_once(tmp_path: Path, study: Study) -> None:
    def operator(_: int) -> str:
        with contextlib.closing(open_database(tmp_path, VOTES, study.id)) as database:
            found: str = database.execute("SELECT operator FROM study").fetchone()[0]
            return found

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(operator, range(16)))) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.toml", VOTES.file]


def test_reading_sees_a_state_while_another_writes(tmp_path: Path, study: Study) -> None:
    fill(tmp_path, study)
    with contextlib.closing(open_database(tmp_path, VOTES, study.id)) as database:
        with transaction(database):
            database.execute("DELETE FROM rater WHERE number = 0")
            assert len(answers_in(tmp_path)) == 2
        assert [found.rater for found in answers_in(tmp_path)] == TOKENS[1:2]
        assert database.execute("SELECT count(*) FROM vote").fetchone() == (2,)


def test_a_database_that_is_not_the_studys_is_refused(tmp_path: Path, study: Study) -> None:
    fill(tmp_path, study)
    path = tmp_path / VOTES.file
    kept = path.read_bytes()
    other = made_study(tmp_path / "other", with_clips=False, seed=1)
    shutil.copy(path, tmp_path / "other")
    with pytest.raises(InputError, match=f"is of study {study.id}, not of {other.id}"):
        answers_in(tmp_path / "other")
    for content, what in (
        (b"votes: none\n" * 90, "is damaged, or no database: file is not a database"),
        (b"", "no database that leo-bench made"),
        (kept[:4096] + b"\xff" * (len(kept) - 4096), "is damaged"),
    ):
        path.write_bytes(content)
        for opens in (answers_in, lambda folder: open_database(folder, VOTES, study.id)):
            with pytest.raises(InputError, match=what) as refused:
                opens(tmp_path)
            assert str(refused.value).startswith(f"{path}: ")
            assert "\n" not in str(refused.value)
        assert path.read_bytes() == content
    path.write_bytes(kept)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 2")
    with pytest.raises(InputError, match="has layout 2, this leo-bench reads 1"):
        answers_in(tmp_path)


def test_a_database_that_is_held_is_no_fault_of_the_input(
    tmp_path: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leo_bench.benchmarks.study_server.database.PATIENCE", 0.01)
    with contextlib.closing(open_database(tmp_path, VOTES, study.id)) as database:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        with transaction(database):
            database.execute("INSERT INTO rater VALUES (?, 1, 0, 0, 0)", (TOKENS[0],))
        with pytest.raises(InfrastructureError, match="database is locked"):
            answers_in(tmp_path)


def test_forgotten_tokens_are_known_by_their_hash_alone(tmp_path: Path, study: Study) -> None:
    assert not is_forgotten(tmp_path, TOKENS[0])
    for token in (TOKENS[0], TOKENS[1], TOKENS[0]):
        note_forgotten(tmp_path, token)
    assert [is_forgotten(tmp_path, token) for token in TOKENS] == [True, True, False]
    digests = [hashlib.sha256(token.encode()).hexdigest() for token in TOKENS[:2]]
    assert (tmp_path / FORGOTTEN).read_text() == "".join(f"{digest}\n" for digest in digests)
    with reading(tmp_path, VOTES, study.id) as found:
        assert found is None  # a static site has no database
