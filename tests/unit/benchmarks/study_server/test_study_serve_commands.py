"""`study serve` and `study invite` as commands: what they print, and what they refuse."""

import re
import sys
from pathlib import Path

import pytest
from made_studies import made_study
from starlette.testclient import TestClient

from conftest import Run
from leo_bench.benchmarks.study_server.guard import Guard
from leo_bench.benchmarks.study_server.raters import Raters
from leo_bench.benchmarks.user_study.study import Study, clip_path

HEX = "[0-9a-f]{32}"


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return made_study(tmp_path, methods=("a", "b"), videos=1, checks=1)


def test_serve_prints_where_the_pages_are(
    leo_bench: Run, tmp_path: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[str] = []

    def run(app: Guard, *_: object) -> None:
        """A server that answers once."""
        with Raters(tmp_path, study) as raters, TestClient(app) as browser:
            pages.append(browser.get(f"/run/{raters.operator}").text)

    monkeypatch.setattr("leo_bench.benchmarks.study_server.serving.run", run)
    plain = leo_bench("study", "serve", tmp_path, "--port", 0)
    assert plain.code == 0
    page = re.fullmatch(rf"the page for you: (http://127\.0\.0\.1:\d+)/run/{HEX}\n", plain.out)
    assert page is not None
    assert "4 slots, 0 raters invited" in plain.err
    assert "note:" not in plain.err
    assert leo_bench("study", "invite", tmp_path).out.startswith(f"{page[1]}/r/")
    every = leo_bench("study", "serve", tmp_path, "--port", 0, "--host", "0.0.0.0", "--open")
    link = every.out.splitlines()[1]
    names = ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")
    assert link.endswith("?" + "&".join(f"{name}={{{{%{name}%}}}}" for name in names))
    assert re.search(f"/join/{HEX}", link)
    assert "put a proxy with TLS before the server" in " ".join(every.err.split())
    assert "note: links name 0.0.0.0, which no other machine reaches" in every.err
    behind = leo_bench(
        "study",
        "serve",
        tmp_path,
        "--port",
        0,
        "--base",
        "https://example.org/s/",
        "--show-results",
    )
    assert re.fullmatch(rf"the page for you: https://example.org/s/run/{HEX}\n", behind.out)
    assert ["Results so far" in html for html in pages] == [False, False, True]
    assert "no votes yet" in pages[2]


def test_invite_prints_links(leo_bench: Run, tmp_path: Path, study: Study) -> None:
    before = sorted(tmp_path.iterdir())
    early = leo_bench("study", "invite", tmp_path)
    assert (early.code, early.out, early.err.count("\n")) == (2, "", 1)
    assert "no address for the links yet" in early.err
    assert leo_bench("study", "invite", tmp_path, "--base", "nowhere").code == 2
    assert sorted(tmp_path.iterdir()) == before  # no database
    given = leo_bench("study", "invite", tmp_path, "--base", "https://example.org/study/")
    assert (given.code, given.err) == (0, "")
    assert re.fullmatch(f"https://example.org/study/r/{HEX}\n", given.out)
    with Raters(tmp_path, study) as raters:
        raters.address = "http://127.0.0.1:8123"
    more = leo_bench("study", "invite", tmp_path, "--count", 4)
    links = more.out.splitlines()
    assert len(set(links)) == 4
    assert all(re.fullmatch(f"http://127.0.0.1:8123/r/{HEX}", link) for link in links)
    assert more.err == ("note: 5 raters for 4 slots: slots are used again, the least used first\n")


def test_what_does_not_fit_is_one_line(leo_bench: Run, tmp_path: Path, study: Study) -> None:
    for options, what in (
        (("--code", "C1"), "--completion and --code are of --open"),
        (("--open", "--completion", "javascript:alert(1)"), "--completion 'javascript:alert(1)'"),
        (("--open", "--completion", "https://a.org/{WHO}"), "nothing fills {WHO}"),
        (("--open", "--identifiers", "A,,B"), "--identifiers: ''"),
        (("--base", "example.org"), "--base example.org: an address"),
        (("--base", "https://example.org/?a=b"), "an address as https://example.org/study"),
        (("--host", "192.0.2.1"), "--host 192.0.2.1 --port 0"),
    ):
        ended = leo_bench("study", "serve", tmp_path, "--port", 0, *options)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), ended
        assert what in ended.err
    with Raters(tmp_path, study) as raters:
        assert (raters.all(), raters.address) == ([], "")


def test_clips_that_were_changed_are_not_served(
    leo_bench: Run, tmp_path: Path, study: Study
) -> None:
    path = clip_path(tmp_path, next(iter(study.clip)))
    path.write_bytes(path.read_bytes() + b"x")
    ended = leo_bench("study", "serve", tmp_path, "--port", 0)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert f"{path}: was changed after the study was made" in ended.err
    path.unlink()
    assert "cannot be read" in leo_bench("study", "serve", tmp_path, "--port", 0).err


def test_the_extra_is_named_where_it_is_missing(
    leo_bench: Run, tmp_path: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pages", "guard", "serving"):
        monkeypatch.delitem(sys.modules, f"leo_bench.benchmarks.study_server.{name}", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == "starlette"]:
        monkeypatch.setitem(sys.modules, name, None)
    ended = leo_bench("study", "serve", tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert re.fullmatch(
        r"leo-bench: study serve needs starlette\S*: pip install 'leo-bench\[study\]'\n", ended.err
    )
