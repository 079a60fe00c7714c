"""A rater leaves, goes back, double-clicks and loses the server: each vote is there once."""

from pathlib import Path

from chromium import chromium
from made_studies import made_study
from raters import Rater
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from leo_bench.benchmarks.evidence.study_visits import HOST, Server, free_port
from leo_bench.benchmarks.study_server.database import answers_in
from leo_bench.benchmarks.study_server.raters import Raters

SIDES = {Keys.ARROW_LEFT: "left", Keys.ARROW_RIGHT: "right", "1": "left", "2": "right"}


def answer(rater: Rater, key: str) -> None:
    """Answer the pair that is shown, and go on."""
    rater.may_answer()
    rater.press(key, Keys.ENTER)


def comes_to_pair(rater: Rater, number: int) -> None:
    rater.may_answer()
    assert rater.text("place") == f"Pair {number} of 8."


def test_a_rater_leaves_goes_back_and_loses_the_server(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    study = made_study(folder, methods=("ours", "real"), videos=6, raters=1)
    with Raters(folder, study) as raters:
        invited = raters.invite(1)[0]
    asked = [s.item for s in study.shown(invited.slot) if study.item[s.item].role != "practice"]
    keys = [Keys.ARROW_LEFT, "2", "1", Keys.ARROW_RIGHT, "2", Keys.ARROW_LEFT, "1", "2"]
    server = Server(folder, free_port())
    link = f"http://{HOST}:{server.port}/r/{invited.token}"
    try:
        with chromium(tmp_path / "profile") as browser:
            rater = Rater(browser)
            rater.open(link)
            rater.comes_to("consent")
            rater.tab_to("agree")
            rater.press(Keys.ENTER)
            rater.comes_to("instructions")
            rater.press(Keys.ENTER)
            answer(rater, Keys.ARROW_LEFT)  # practice
            answer(rater, keys[0])
            answer(rater, keys[1])

            rater.may_answer()  # a double click on "Next" is one answer
            rater.press(keys[2])
            ActionChains(browser).double_click(browser.find_element("id", "next")).perform()
            comes_to_pair(rater, 4)
            rater.until("return part('saved').dataset.state === 'saved'")

            browser.get("about:blank")  # leaves, and comes back
            rater.open(link)
            comes_to_pair(rater, 4)

            rater.press("b")  # goes back, and changes an answer
            comes_to_pair(rater, 3)
            keys[2] = Keys.ARROW_RIGHT
            answer(rater, keys[2])
            comes_to_pair(rater, 4)
            browser.back()
            comes_to_pair(rater, 3)
            browser.forward()
            comes_to_pair(rater, 4)
            rater.until("return part('saved').dataset.state === 'saved'")

            server.kill()  # answers what is loaded; the votes wait
            answer(rater, keys[3])
            answer(rater, keys[4])
            rater.until("return !part('failed').hidden")
            rater.until("return part('saved').dataset.state === 'not_saved'")
            server.start()
            browser.find_element("id", "again").click()
            for key in keys[5:]:
                answer(rater, key)
            rater.comes_to("finish")
            rater.tab_to("hand-over")
            rater.press(Keys.ENTER)
            rater.comes_to("end")
            rater.open(link)
            rater.comes_to("end")
    finally:
        server.stop()
    (stored,) = answers_in(folder)
    votes = {vote.item: vote for vote in stored.votes}
    assert stored.finished
    assert len(stored.votes) == len(asked) == 8
    assert [votes[item].choice for item in asked] == [SIDES[key] for key in keys]
    assert votes[asked[2]].changes == 1
