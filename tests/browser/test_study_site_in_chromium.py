"""A study's static site in a real browser: raters go from the link to the last page."""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from chromium import chromium
from made_studies import made_study
from raters import Rater, asked_of_the_network
from selenium.webdriver.common.keys import Keys
from static_host import Host, hosted

from leo_bench.benchmarks.user_study.answers import (
    Answers,
    check_answers,
    completion_code,
    read_answers,
)
from leo_bench.benchmarks.user_study.export import export_site
from leo_bench.benchmarks.user_study.page_data import Ending
from leo_bench.benchmarks.user_study.study import Study

ITEMS = 3  # rated ones and a check, of each rater


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rater, Host, Study, Path]]:
    """A browser, a host with a study's site on it, and the folder of downloads."""
    folder = tmp_path_factory.mktemp("site")
    study = made_study(folder / "study", methods=("ours", "theirs"), videos=2, checks=1)
    with hosted(folder / "site") as host, chromium(folder / "profile") as browser:
        browser.execute_cdp_cmd(
            "Browser.setDownloadBehavior",
            {"behavior": "allow", "downloadPath": str(folder / "downloads")},
        )
        ending = Ending(
            post=f"{host.address}answers",
            completion=f"{host.address}done?cc={{CODE}}&who={{PROLIFIC_PID}}",
        )
        export_site(folder / "study", folder / "site", Ending(completion=ending.completion))
        export_site(folder / "study", folder / "site" / "mailed", Ending())
        export_site(folder / "study", folder / "site" / "posted", ending)
        yield Rater(browser), host, study, folder / "downloads"


def test_by_keyboard_alone(site: tuple[Rater, Host, Study, Path]) -> None:
    rater, host, study, downloads = site
    asked_of_the_network(rater.browser)
    link = f"{host.address}?slot=0"
    rater.open(link)
    rater.comes_to("consent")
    assert study.text in rater.text("consent")
    assert study.contact in rater.text("consent")
    rater.tab_to("agree")
    rater.press(Keys.ENTER)
    rater.comes_to("instructions")
    rater.press(Keys.ENTER)
    # Practice says whether the answer is right, and is no answer.
    rater.may_answer()
    assert rater.text("place") == "Practice 1 of 1."
    wrong = "left" if rater.run("return visit.item.right") == "right" else "right"
    rater.press(Keys.ARROW_LEFT if wrong == "left" else Keys.ARROW_RIGHT)
    assert rater.text("feedback").startswith("✗ Not correct.")
    rater.press("1" if wrong == "right" else "2")
    assert rater.text("feedback") == "✓ Correct."
    rater.press(Keys.ENTER)
    rater.comes_to("item")
    assert rater.text("place") == f"Pair 1 of {ITEMS}."
    # Nothing is answered before the clips were shown to their end, and Enter goes nowhere.
    first = rater.item
    if rater.run("return part('choices').disabled"):
        rater.press("1", Keys.ENTER)
    rater.may_answer()
    assert rater.item == first
    # A second Enter, and keys for the item that went, do nothing to the next one.
    rater.press("r", Keys.ARROW_LEFT, Keys.ENTER, Keys.ENTER, "1", Keys.ENTER)
    rater.may_answer()
    assert rater.text("place") == f"Pair 2 of {ITEMS}."
    assert rater.run("return visit.choice") is None
    # Back, another answer, and forth.
    rater.press("b")
    rater.comes_to("item")
    assert rater.item == first
    assert rater.run("return visit.choice") == "left"
    rater.press(Keys.ARROW_RIGHT, Keys.ENTER)
    rater.may_answer()
    rater.press("2")
    # Leave before it is confirmed, and come back with the same link: to the same item.
    second = rater.item
    rater.browser.get("about:blank")
    rater.open(link)
    rater.may_answer()
    assert rater.item == second
    for _ in range(ITEMS - 1):
        rater.may_answer()
        rater.press("1", Keys.ENTER)
    rater.comes_to("finish")
    rater.tab_to("hand-over")
    rater.press(Keys.ENTER)
    rater.comes_to("end")
    # The answers are in this browser alone: until they are downloaded, nothing leads away.
    assert rater.text("code") == ""
    assert not rater.browser.find_element("id", "completion").is_displayed()
    assert rater.text("held") == "After the download, this page shows your completion code."
    assert main_buttons(rater) == ["download"]
    rater.tab_to("download")
    rater.press(Keys.ENTER)
    rater.until("return !part('completion').hidden")
    assert main_buttons(rater) == ["completion"]
    assert rater.text("held") == ""
    code = rater.text("code")
    deadline = time.monotonic() + 60
    while not list(downloads.glob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    (path,) = downloads.glob("*.json")
    found = read_answers(path, study)
    assert (found.slot, found.way, found.finished) == (0, "site", True)
    assert [vote.choice for vote in found.votes] == ["right", "left", "left"]
    assert [vote.changes for vote in found.votes] == [1, 0, 0]
    assert [vote.replays for vote in found.votes] == [1, 0, 0]
    assert sorted(vote.turn for vote in found.votes) == [1, 2, 3]
    assert all(vote.ms >= 500 for vote in found.votes)  # 16 frames at 25 a second
    assert code == completion_code(study.id, found.rater)
    assert path.name == f"answers-{study.id}-{found.rater[:8]}.json"
    # The same link again: the end, with the same answers.
    rater.open(link)
    rater.comes_to("end")
    assert rater.text("code") == code
    # Without a crowd-working site there is no code, before the download or after it.
    rater.open(f"{host.address}mailed/?slot=0")
    rater.comes_to("end")
    assert main_buttons(rater) == []
    assert rater.text("code") == rater.text("held") == ""
    rater.run("update((p) => (p.downloaded = false)); showHandedOver()")
    assert main_buttons(rater) == ["download"]
    assert rater.text("code") == rater.text("held") == ""
    outside = [url for url in asked_of_the_network(rater.browser) if host.address not in url]
    assert all(url.startswith(("about:", "data:", "chrome:")) for url in outside), outside
    assert not [entry for entry in rater.browser.get_log("browser") if entry["level"] == "SEVERE"]


def test_both_clips_show_the_same_frame(site: tuple[Rater, Host, Study, Path]) -> None:
    rater, host, _, _ = site
    rater.open(f"{host.address}?slot=1")
    rater.comes_to("consent")
    rater.run("part('agree').click()")
    rater.comes_to("instructions")
    rater.run("part('start').click()")
    rater.may_answer()
    drawn = rater.frames_drawn(4)[1:]
    # The last frame is followed by the first: the distance is that along the loop.
    apart = [min((one - other) % 16, (other - one) % 16) for one, other in drawn]
    assert max(apart) <= 1
    for side in (0, 1):
        numbers = [shown[side] for shown in drawn]
        assert len(set(numbers)) >= 8
        assert sum(a > b for a, b in pairwise(numbers)) >= 3  # new rounds
    # After a pause both show the same frame, and go on from it.
    rater.press("p")
    rater.until("return stage.videos.every(v => v.paused && !v.seeking)")
    paused = rater.frames_drawn(0)[-1]
    assert paused[0] == paused[1]
    rater.press("p")
    rater.until("return stage.videos.every(v => !v.paused)")


def test_by_touch_on_a_phone(site: tuple[Rater, Host, Study, Path]) -> None:
    rater, host, study, _ = site
    browser = rater.browser
    host.refuse_posts = 2
    with rater.on_a_phone():
        rater.open(f"{host.address}posted/?slot=2&PROLIFIC_PID=who%26me&SESSION_ID=s")
        rater.comes_to("consent")
        rater.touch("#agree", times=2)  # the second is not for the button that comes
        rater.comes_to("instructions")
        rater.touch("#start", times=2)
        for number in range(1 + ITEMS):
            rater.may_answer()
            fits(rater)
            rater.touch(".choice", times=2)
            rater.touch("#next", times=2)
            if number == 2:  # the browser's own back button, and its way forth
                rater.may_answer()
                before = rater.item
                browser.back()
                rater.comes_to("item")
                assert rater.run("return visit.choice") == "left"
                rater.touch(".choice:last-child")
                rater.touch("#next")
                rater.comes_to("item")
                assert rater.item == before
        rater.comes_to("finish")
        fits(rater)
        rater.touch("#hand-over", times=2)
        rater.until("return progress.posted")
        fits(rater)
    (posted,) = host.posted
    assert "who" not in str(posted)
    found = Answers.model_validate(posted)
    check_answers(found, study, "posted")
    assert (found.slot, found.finished) == (2, True)
    assert [vote.choice for vote in found.votes] == ["left", "right", "left"]
    assert [vote.changes for vote in found.votes] == [0, 1, 0]
    assert rater.text("post-state") == "Your answers were sent."
    code = completion_code(study.id, found.rater)
    link = browser.find_element("id", "completion").get_attribute("href")
    assert link == f"{host.address}done?cc={code}&who=who%26me"
    severe = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert len(severe) == 2  # the posts that were refused


def main_buttons(rater: Rater) -> list[str]:
    """The filled buttons that are shown."""
    found = "[...document.querySelectorAll('.main')].filter(e => e.checkVisibility())"
    names: list[str] = rater.run(f"return {found}.map(e => e.id)")
    return names


def fits(rater: Rater) -> None:
    """Nothing is wider than the screen, and what is touched is 44 pixels wide and high."""
    assert rater.run("return document.documentElement.scrollWidth <= innerWidth")
    small = rater.run(
        "return [...document.querySelectorAll('button, .button, .choice, summary, .check')]"
        ".filter(e => e.checkVisibility()).map(e => [e, e.getBoundingClientRect()])"
        ".filter(([, r]) => r.width < 44 || r.height < 44).map(([e]) => e.outerHTML)"
    )
    assert small == []


def test_two_tabs_agree(site: tuple[Rater, Host, Study, Path]) -> None:
    rater, host, study, _ = site
    browser = rater.browser
    link = f"{host.address}?slot=3"
    rater.open(link)
    rater.comes_to("consent")
    rater.run("part('agree').click()")
    rater.comes_to("instructions")
    rater.run("part('start').click()")
    for _ in range(2):
        rater.may_answer()
        rater.press("1", Keys.ENTER)
    rater.may_answer()
    both = rater.item
    first = browser.current_window_handle
    browser.switch_to.new_window("tab")
    rater.open(link)
    rater.may_answer()
    assert rater.item == both
    rater.press("2", Keys.ENTER)
    rater.comes_to("item")
    browser.close()
    browser.switch_to.window(first)
    # The answer of the other tab is shown here; another one is a change of it.
    rater.until("return visit.choice === 'right' && isSettled()")
    rater.may_answer()
    rater.press("1", Keys.ENTER)
    found = Answers.model_validate(rater.run("return answers()"))
    check_answers(found, study, "two tabs")
    assert [vote.item for vote in found.votes][1] == both
    assert [(vote.choice, vote.changes) for vote in found.votes] == [("left", 0), ("left", 1)]


def test_without_storage_motion_or_a_clip(site: tuple[Rater, Host, Study, Path]) -> None:
    rater, host, _, _ = site
    browser = rater.browser
    browser.get("about:blank")
    denied = browser.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {
            "source": "Object.defineProperty(window, 'localStorage', "
            "{get() { throw new DOMException('denied', 'SecurityError'); }})"
        },
    )
    still = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", still)
    rater.open(f"{host.address}?slot=1")
    rater.comes_to("consent")  # and not where an earlier test came to
    assert "does not keep progress" in rater.text("warning")
    rater.run("part('agree').click()")
    rater.comes_to("instructions")
    # Nothing moves before a press.
    rater.until("return exampleStage.videos.length === 2 && !exampleStage.button.disabled")
    assert rater.run("return exampleStage.videos.every(v => v.paused && v.currentTime === 0)")
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    rater.run("clips.keepOnly([])")
    host.refuse_clips = 1
    rater.run("part('start').click()")
    # A clip that cannot be loaded is never skipped.
    rater.until("return !part('failed').hidden")
    assert "could not be loaded" in rater.text("failed")
    assert rater.run("return part('choices').disabled && part('next').disabled")
    rater.run("part('again').click()")
    rater.until("return part('failed').hidden && !part('pause').disabled")
    assert rater.text("hint") == "Press “Play” to start the clips."
    rater.press("p")
    rater.may_answer()
    rater.press("1", Keys.ENTER)
    rater.comes_to("item")
    assert rater.text("place") == f"Pair 1 of {ITEMS}."
    rater.run("part('back').click()")
    rater.comes_to("item")
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", denied)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_answers_stay_where_the_browsers_storage_is_full(
    site: tuple[Rater, Host, Study, Path],
) -> None:
    rater, host, _, _ = site
    rater.open(f"{host.address}?slot=2&PROLIFIC_PID=full")
    rater.comes_to("consent")
    rater.run("part('agree').click()")
    rater.comes_to("instructions")
    rater.run("part('start').click()")
    rater.may_answer()
    rater.press("1", Keys.ENTER)
    rater.until("return progress.practised === 1")
    rater.run(
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }"
    )
    for count in (1, 2):
        rater.may_answer()
        rater.press("1", Keys.ENTER)
        rater.until(f"return answers().votes.length === {count} && view.at === {count + 1}")
    assert "does not keep progress" in rater.text("warning")


def test_clips_that_were_shown_are_let_go(site: tuple[Rater, Host, Study, Path]) -> None:
    rater, host, _, _ = site
    rater.open(f"{host.address}?slot=2&PROLIFIC_PID=memory")
    rater.comes_to("consent")
    rater.run("part('agree').click()")
    rater.until("return exampleStage.videos.some(video => video.currentTime > 0)")
    rater.run("window.old = {...exampleStage}")
    rater.comes_to("instructions")
    rater.run("part('start').click()")
    rater.comes_to("item")
    assert rater.run("return old.videos.map(video => video.readyState)") == [0, 0]
    canvases = "[...old.screens, ...old.kept.flat().map(({ picture }) => picture)]"
    assert rater.run(f"return {canvases}.map(canvas => canvas.width)") == [0] * 18


def test_a_link_to_no_slot_says_so(site: tuple[Rater, Host, Study, Path]) -> None:
    rater, host, _, _ = site
    for slot in ("4", "-1", "x", ""):
        rater.open(f"{host.address}?slot={slot}")
        assert rater.view == "problem"
        assert "Check that you opened the whole link." in rater.text("problem-text")
