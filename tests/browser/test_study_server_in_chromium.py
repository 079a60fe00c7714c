"""A study's server and a real browser: each vote is saved, with the network or after it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from chromium import chromium
from made_studies import made_study
from raters import Rater, asked_of_the_network
from selenium.webdriver.common.keys import Keys

from leo_bench.benchmarks.study_results.exclusion import set_apart
from leo_bench.benchmarks.study_server.database import answers_in
from leo_bench.benchmarks.study_server.identifiers import Identifiers
from leo_bench.benchmarks.study_server.pages import Site, study_app
from leo_bench.benchmarks.study_server.raters import Raters
from leo_bench.benchmarks.study_server.refusals import RefusalLog
from leo_bench.benchmarks.study_server.serving import listening
from leo_bench.benchmarks.study_server.watching import Watch
from leo_bench.benchmarks.user_study.answers import Answers, Vote
from leo_bench.benchmarks.user_study.page_data import Ending
from leo_bench.benchmarks.user_study.study import Study, load_study

ENDING = Ending(completion="http://localhost/done?cc={CODE}&who={PROLIFIC_PID}", code="C0DE")
# As the second press on "finish", where the answer of the server comes between the two.
PRESSES_THE_LINK_AT_ONCE = """
    const waiting = setInterval(() => {
      if (view.name !== "end") return;
      clearInterval(waiting);
      part("completion").click();
    }, 1);
"""
SAVED = "return part('saved').textContent === 'Saved'"


@contextmanager
def running(folder: Path, study: Study) -> Iterator[str]:
    """A server on a free port of this machine -> the link for everybody."""
    with (
        Raters(folder, study) as raters,
        Identifiers(folder, study, ENDING) as everybody,
        listening("127.0.0.1", 0) as listener,
    ):
        site = Site(folder, study, raters, everybody, Watch(folder, study, raters, set_apart))
        app = study_app(site, RefusalLog(lambda line: None))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/join/{raters.entrance}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rater, str, Path]]:
    """A browser, the link for everybody of a running server, and the study's folder."""
    folder = tmp_path_factory.mktemp("served")
    study = made_study(
        folder / "study", kind="single", methods=("ours", "theirs"), videos=2, checks=1
    )
    with running(folder / "study", study) as everybody, chromium(folder / "profile") as browser:
        yield Rater(browser), everybody, folder / "study"


def test_votes_survive_the_loss_of_the_network(served: tuple[Rater, str, Path]) -> None:
    rater, everybody, folder = served
    browser = rater.browser
    rater.open(f"{everybody}?PROLIFIC_PID=somebody&STUDY_ID=s&SESSION_ID=t")
    link = browser.current_url
    token = rater.run("return data.rater")
    assert "somebody" not in link
    rater.comes_to("consent")
    assert rater.run("return document.activeElement.closest('section').id") == "consent"
    rater.tab_to("agree")
    rater.press(Keys.ENTER)
    rater.comes_to("instructions")
    rater.press(Keys.ENTER)
    rater.may_answer()
    rater.press("y", Keys.ENTER)  # practice, which is not sent
    rater.may_answer()
    # A single clip plays once: played again and again it would have a repeated motion.
    assert rater.run("return stage.videos[0].ended && stage.button.textContent") == "Play"
    rater.press("n", Keys.ENTER)
    rater.until(SAVED)
    assert len(votes(folder, token)) == 1
    # The network goes; the next clip is there already. The answer waits.
    rater.may_answer()
    rater.until("return clips.kept.size >= 3")
    rater.offline(True)
    rater.press("y", Keys.ENTER)
    rater.until("return part('saved').dataset.state === 'not_saved'")
    assert len(votes(folder, token)) == 1
    # The page goes, too; with the network both come back, and nothing is lost.
    browser.get("about:blank")
    rater.offline(False)
    rater.open(link)
    rater.until(SAVED)
    assert votes(folder, token) == ["no", "yes"]
    # A change of an answer while the network is away, and the end before it is back.
    rater.may_answer()
    rater.press("n", Keys.ENTER)
    rater.may_answer()
    rater.press("n", Keys.ENTER)
    rater.may_answer()
    rater.press("n")
    rater.until(SAVED)
    rater.offline(True)
    rater.press(Keys.ENTER)
    rater.comes_to("finish")
    rater.press("b")
    rater.comes_to("item")
    rater.press("y", Keys.ENTER)
    rater.comes_to("finish")
    rater.tab_to("hand-over")
    rater.press(Keys.ENTER)
    rater.until("return part('finish-state').textContent !== ''")
    assert votes(folder, token) == ["no", "yes", "no", "no"]
    rater.offline(False)
    rater.comes_to("end")
    found = answers_of(folder, token)
    assert found.finished
    assert [vote.choice for vote in found.votes] == ["no", "yes", "no", "no", "yes"]
    assert [vote.changes for vote in found.votes] == [0, 0, 0, 0, 1]
    assert "somebody" not in found.model_dump_json()
    completion = browser.find_element("id", "completion").get_attribute("href")
    assert completion == "http://localhost/done?cc=C0DE&who=somebody"
    assert rater.text("code") == "C0DE"
    # Another browser, or an emptied one: the server knows that this is over.
    rater.run("localStorage.clear()")
    rater.open(link)
    rater.comes_to("end")
    here = everybody.split("/join/")[0]
    asked = [url for url in asked_of_the_network(browser) if url.startswith("http")]
    assert all(url.startswith(here) for url in asked)


def test_by_touch_on_a_phone(served: tuple[Rater, str, Path]) -> None:
    rater, everybody, folder = served
    with rater.on_a_phone():
        rater.open(f"{everybody}?PROLIFIC_PID=other&STUDY_ID=s&SESSION_ID=t")
        token = rater.run("return data.rater")
        rater.comes_to("consent")
        rater.touch("#agree", times=2)
        rater.comes_to("instructions")
        rater.touch("#start", times=2)
        for number in range(6):  # practice, four rated clips and a check
            rater.may_answer()
            rater.touch(f".choice:nth-child({1 + number % 2})", times=2)
            rater.touch("#next", times=2)
        rater.comes_to("finish")
        rater.run(PRESSES_THE_LINK_AT_ONCE)
        rater.touch("#hand-over", times=2)
        rater.comes_to("end")
    found = answers_of(folder, token)
    assert found.finished
    assert [vote.choice for vote in found.votes] == ["no", "yes", "no", "yes", "no"]
    assert [vote.changes for vote in found.votes] == [0] * 5
    assert sorted(vote.turn for vote in found.votes) == [0, 1, 2, 3, 4]


def test_one_link_in_two_browsers(served: tuple[Rater, str, Path]) -> None:
    rater, everybody, folder = served
    rater.open(f"{everybody}?PROLIFIC_PID=twice&STUDY_ID=s&SESSION_ID=t")
    token = rater.run("return data.rater")
    rater.comes_to("consent")
    rater.run("part('agree').click()")
    rater.comes_to("instructions")
    rater.run("part('start').click()")
    for _ in range(2):  # practice and the first item
        rater.may_answer()
        rater.press("y", Keys.ENTER)
    rater.until(SAVED)
    # Another browser answers two more; here the first of them is still shown.
    rater.may_answer()
    items = rater.run("return asked().map(({ item }) => item)")
    with Raters(folder, load_study(folder)) as elsewhere:
        for turn in (1, 2):
            vote = Vote(item=items[turn], choice="yes", ms=900, turn=turn)
            assert elsewhere.save(token, vote) == turn + 1
    rater.press("n", Keys.ENTER)
    rater.until("return view.at === 4 && isSettled()")
    assert rater.text("place") == "Clip 4 of 5."
    assert "You gave answers with this link in another window." in rater.text("warning")
    assert rater.run("return part('bar').value") == 3
    rater.until(SAVED)
    assert votes(folder, token) == ["yes", "yes", "yes"]
    # It goes on: a change of such an answer, and the rest.
    rater.may_answer()
    rater.press("b")
    rater.may_answer()
    rater.press("n", Keys.ENTER)
    for _ in range(2):
        rater.may_answer()
        rater.press("y", Keys.ENTER)
    rater.until(SAVED)
    assert rater.text("warning") == ""
    found = answers_of(folder, token).votes
    assert [vote.item for vote in found] == items
    assert [(vote.choice, vote.turn) for vote in found] == [
        ("yes", 0),
        ("yes", 1),
        ("no", 3),
        ("yes", 4),
        ("yes", 5),
    ]


def answers_of(folder: Path, token: str) -> Answers:
    """What the server has of a rater."""
    (found,) = (answers for answers in answers_in(folder) if answers.rater == token)
    return found


def votes(folder: Path, token: str) -> list[str]:
    """The choices that the server has of a rater, in the order of the slot."""
    return [vote.choice for vote in answers_of(folder, token).votes]
