"""`study forget`: a rater's votes and identifiers leave the files, and answers are refused."""

from pathlib import Path

import pytest
from made_studies import made_study
from served_study import served

from conftest import Run
from leo_bench.benchmarks.study_server.database import FORGOTTEN, answers_in, is_forgotten
from leo_bench.benchmarks.study_server.forgetting import forget_rater, token_in
from leo_bench.evaluation.errors import InputError

TOKEN = "0123456789abcdef" * 2


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


def test_nothing_of_a_rater_stays_in_any_file(tmp_path: Path) -> None:
    """While the server runs, whose connection is open."""
    with served(tmp_path) as site:
        who = {"PROLIFIC_PID": "worker-Q7", "STUDY_ID": "study-Q7", "SESSION_ID": "session-Q7"}
        site.browser.get(f"/join/{site.raters.entrance}", params=who)
        gone, stays = site.raters.all()[0], site.raters.invite(1)[0]
        for rater, ms in ((gone, 1_234_567), (stays, 7_654_321)):
            for turn, item in enumerate(site.items(rater)):
                assert site.send(rater, site.vote(rater, item, turn, ms=ms)).status_code == 200
        secrets = (gone.token.encode(), b"worker-Q7", b"session-Q7", (1_234_567).to_bytes(3, "big"))
        before = bytes_in(tmp_path)
        assert all(secret in before for secret in secrets)
        votes = len(site.items(gone))
        assert forget_rater(tmp_path, gone.token) == votes
        after = bytes_in(tmp_path)
        assert not any(secret in after for secret in secrets)
        assert stays.token.encode() in after
        assert [found.rater for found in answers_in(tmp_path)] == [stays.token]
        again = site.browser.get(f"/join/{site.raters.entrance}", params=who)
        assert gone.token not in again.headers["location"]
    assert is_forgotten(tmp_path, gone.token)
    assert not is_forgotten(tmp_path, stays.token)


def test_a_token_may_come_as_the_raters_link() -> None:
    for text in (TOKEN, f"https://example.org/study/r/{TOKEN}", f" http://127.0.0.1:1/r/{TOKEN}/ "):
        assert token_in(text) == TOKEN
    for text in ("", TOKEN[1:], TOKEN.upper(), f"{TOKEN}0", f"x{TOKEN}", f"/run/{TOKEN}"):
        with pytest.raises(InputError, match="a rater's token is expected"):
            token_in(text)


def test_a_static_site_has_no_database(leo_bench: Run, tmp_path: Path) -> None:
    made_study(tmp_path, with_clips=False)
    assert leo_bench("study", "invite", tmp_path).code == 2
    ended = leo_bench("study", "forget", tmp_path, TOKEN)
    assert (ended.code, ended.err) == (0, "")
    assert "sqlite" not in ended.out
    assert "answers of this rater are refused from now on" in ended.out
    assert is_forgotten(tmp_path, TOKEN)
    assert sorted(path.name for path in tmp_path.iterdir()) == [FORGOTTEN, "study.toml"]


def test_a_token_that_the_database_does_not_know_is_refused_all_the_same(
    leo_bench: Run, tmp_path: Path
) -> None:
    with served(tmp_path) as site:
        rater = site.raters.invite(1)[0]
        unknown = leo_bench("study", "forget", tmp_path, TOKEN)
        assert (unknown.code, unknown.out, unknown.err.count("\n")) == (2, "", 1)
        assert "no rater has this token" in unknown.err
        assert "refused from now on" in unknown.err
        assert is_forgotten(tmp_path, TOKEN)
        known = leo_bench("study", "forget", tmp_path, f"http://127.0.0.1/r/{rater.token}")
        assert (known.code, known.err) == (0, "")
        assert known.out.startswith("removed the rater and 0 votes\n")
        assert site.raters.all() == []


def test_no_study_is_one_line(leo_bench: Run, tmp_path: Path) -> None:
    for command in ("forget", "invite", "serve"):
        more = (TOKEN,) if command == "forget" else ()
        ended = leo_bench("study", command, tmp_path, *more)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), ended
        assert "study.toml is missing" in ended.err
    assert list(tmp_path.iterdir()) == []
