"""Every page of a study by the success criteria of WCAG 2.2 that a program can check."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from accessibility import (
    focus_by_tab,
    low_contrast,
    media,
    overflows,
    screen,
    small_targets,
    without_name,
)
from chromium import chromium
from made_studies import made_study
from raters import Rater
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys

from leo_bench.benchmarks.evidence.study_visits import HOST, Server, free_port
from leo_bench.benchmarks.study_server.raters import Raters

# 1280 x 1024 at 200 % is 640 x 512 (1.4.4); 320 CSS pixels is WCAG's own (1.4.10).
SCREENS = ((1920, 1080), (640, 512), (360, 740), (320, 256))


def check_page(browser: Chrome, name: str) -> None:
    """Every check in both themes and on every screen."""
    wrong = [f"{name}: without a name: {what}" for what in without_name(browser)]
    for theme in ("light", "dark"):
        media(browser, prefers_color_scheme=theme)
        wrong += [f"{name}, {theme}: contrast {what}" for what in low_contrast(browser)]
    for width, height in SCREENS:
        screen(browser, width, height)
        wrong += [f"{name}, {width}: too wide: {what}" for what in overflows(browser)]
        wrong += [f"{name}, {width}: too small: {what}" for what in small_targets(browser)]
    screen(browser, 1200, 1000)
    reached, without_mark = focus_by_tab(browser)
    wrong += [f"{name}: {what}" for what in without_mark]
    assert [what.split()[0] for what in reached if "BUTTON" in what] or name in ("end", "operator")
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Address of a rater's page, and of the page of who runs the study."""
    folder = tmp_path / "study"
    study = made_study(folder, methods=("ours", "real"), videos=1, raters=1, checks=1)
    with Raters(folder, study) as raters:
        token, operator = raters.invite(1)[0].token, raters.operator
    port = free_port()
    server = Server(folder, port)
    yield f"http://{HOST}:{port}/r/{token}", f"http://{HOST}:{port}/run/{operator}"
    server.stop()


def test_every_page_can_be_used_by_everybody(served: tuple[str, str], tmp_path: Path) -> None:
    link, operator = served
    with chromium(tmp_path / "profile") as browser:
        rater = Rater(browser)
        rater.open(link)
        rater.comes_to("consent")
        check_page(browser, "consent")
        browser.find_element("id", "agree").click()
        rater.comes_to("instructions")
        check_page(browser, "instructions")
        browser.find_element("id", "start").click()
        rater.may_answer()
        check_page(browser, "practice")
        for name in ("check", "item"):
            rater.press(Keys.ARROW_LEFT, Keys.ENTER)
            rater.may_answer()
            check_page(browser, name)
        rater.press(Keys.ARROW_LEFT, Keys.ENTER)
        rater.comes_to("finish")
        check_page(browser, "finish")
        browser.find_element("id", "hand-over").click()
        rater.comes_to("end")
        check_page(browser, "end")
        browser.get(operator)
        check_page(browser, "operator")
