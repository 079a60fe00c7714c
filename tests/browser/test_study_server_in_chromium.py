"""A study's server and a real browser: each vote is saved, with the network or after it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
from leo_bench.benchmarks.user_study.page_data import Ending
from leo_bench.benchmarks.user_study.study import Study

ENDING = Ending(completion="http://localhost/done?cc={CODE}&who={PROLIFIC_PID}", code="C0DE")


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


def test_votes_survive_the_loss_of_the_network(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    study = made_study(folder, kind="single", methods=("ours", "theirs"), videos=2, checks=1)
    with running(folder, study) as everybody, chromium(tmp_path / "profile") as browser:
        rater = Rater(browser)
        rater.open(f"{everybody}?PROLIFIC_PID=somebody&STUDY_ID=s&SESSION_ID=t")
        link = browser.current_url
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
        rater.until("return part('saved').textContent === 'Saved'")
        assert len(votes(folder)) == 1
        # The network goes; the next clip is there already. The answer waits.
        rater.may_answer()
        rater.until("return clips.kept.size >= 3")
        rater.offline(True)
        rater.press("y", Keys.ENTER)
        rater.until("return part('saved').dataset.state === 'not_saved'")
        assert len(votes(folder)) == 1
        # The page goes, too; with the network both come back, and nothing is lost.
        browser.get("about:blank")
        rater.offline(False)
        rater.open(link)
        rater.until("return part('saved').textContent === 'Saved'")
        assert votes(folder) == ["no", "yes"]
        # A change of an answer while the network is away, and the end before it is back.
        rater.may_answer()
        rater.press("n", Keys.ENTER)
        rater.may_answer()
        rater.press("n", Keys.ENTER)
        rater.may_answer()
        rater.press("n")
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
        assert votes(folder) == ["no", "yes", "no", "no"]
        rater.offline(False)
        rater.comes_to("end")
        (found,) = answers_in(folder)
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


def votes(folder: Path) -> list[str]:
    """What the server has of its only rater, in the order of the slot."""
    (found,) = answers_in(folder)
    return [vote.choice for vote in found.votes]
