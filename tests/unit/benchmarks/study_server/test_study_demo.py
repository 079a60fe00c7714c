"""`leo-bench study demo`: one study, a rater who has not finished, the browser at the link."""

import re
import threading
from pathlib import Path

import pytest
from made_studies import answers_to, made_study

from conftest import Run
from leo_bench.benchmarks.study_server import demo, serving
from leo_bench.benchmarks.study_server.raters import Raters
from leo_bench.benchmarks.user_study.study import load_study
from leo_bench.benchmarks.user_study.study_request import StudyRequest

LINK = re.compile(r"http://127\.0\.0\.1:\d+/r/([0-9a-f]{32})")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Links that the browser was sent to; the study is small, and the server ends at once."""
    links: list[str] = []
    asked = threading.Event()

    def open_link(link: str) -> bool:
        links.append(link)
        asked.set()
        return True

    def run(*_: object) -> None:
        assert asked.wait(60)
        asked.clear()

    monkeypatch.setattr("webbrowser.open", open_link)
    monkeypatch.setattr(serving, "run", run)
    small = StudyRequest(
        pairs=("frozen=damaged:frozen:toy-faces/test", "real=toy-faces/test"),
        question="realism",
        raters=2,
        videos=1,
        checks=2,
        practice=1,
        frames=16,
        size=64,
    )
    monkeypatch.setattr(demo, "REQUEST", small)
    return links


def test_it_goes_on_with_its_study_and_its_rater(
    leo_bench: Run, tmp_path: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "demo"
    line = ("study", "demo", "--out", folder, "--port", 0)
    first = leo_bench(*line)
    assert first.code == 0, first.err
    assert leo_bench(*line).code == 0
    study = load_study(folder)
    tokens = [LINK.fullmatch(link)[1] for link in opened]  # type: ignore[index]
    assert tokens[0] == tokens[1]
    assert opened[0] in first.out
    with Raters(folder, study) as raters:
        (rater,) = raters.all()
        assert f"/run/{raters.operator}" in first.out
        raters.begin(rater.token)
        for vote in answers_to(study, rater.slot).votes:
            raters.save(rater.token, vote)
        raters.finish(rater.token)
    assert leo_bench(*line).code == 0
    assert opened[2].rpartition("/")[2] not in tokens
    assert load_study(folder) == study
    monkeypatch.setattr(serving, "run", lambda *_: None)
    assert LINK.search(leo_bench(*line, "--no-browser").out)
    assert len(opened) == 3


def test_another_study_is_no_demo(leo_bench: Run, tmp_path: Path) -> None:
    made_study(tmp_path / "demo", videos=1)
    ended = leo_bench("study", "demo", "--out", tmp_path / "demo", "--port", 0)
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert "is another study" in ended.err
