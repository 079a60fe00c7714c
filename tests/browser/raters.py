"""A rater at a page of a user study, in a browser: waits, presses keys, touches the screen."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

PATIENCE = 60  # seconds; a wait ends as soon as what it waits for is there
SETTLED = "return isSettled()"  # until then the page ignores presses as those of a double click
NUMBER = """
    const row = (canvas) => canvas.getContext("2d").getImageData(0, 32, 64, 1).data;
    const number = (canvas) => [...row(canvas)].findIndex((v, i) => i % 4 === 0 && v > 190) / 8;
"""


class Rater:
    """What a person does at the page, and sees there."""

    def __init__(self, browser: Chrome) -> None:
        self.browser = browser

    def open(self, link: str) -> None:
        """Follow a link."""
        self.browser.get(link)
        self.until("return view.name !== ''")

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script in the page -> what it returns."""
        return self.browser.execute_script(script, *arguments)

    def until(self, script: str) -> Any:
        """Wait until a script returns what is true -> what it returned."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.run(script)
            if found:
                return found
            time.sleep(0.03)
        raise AssertionError(f"never true: {script}; {self.run(STATE)}")

    @property
    def view(self) -> str:
        """The part of the page that is shown."""
        shown = self.run("return [...document.querySelectorAll('section')].filter(s => !s.hidden)")
        assert len(shown) == 1
        name: str = shown[0].get_attribute("id")
        return name

    def text(self, name: str) -> str:
        """The text of an element that is shown, or ""."""
        found: str = self.browser.find_element("id", name).text
        return found

    def comes_to(self, view: str) -> None:
        """Wait until a part of the page is shown and takes presses."""
        self.until(f"return view.name === {view!r} && isSettled()")
        assert self.view == view

    def may_answer(self) -> None:
        """Wait until the clips have been shown once."""
        self.until("return view.name === 'item' && isSettled() && !part('choices').disabled")

    @property
    def item(self) -> str:
        """The item that is shown."""
        name: str = self.run("return visit.item.item")
        return name

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        ActionChains(self.browser, duration=0).send_keys(*keys).perform()

    def tab_to(self, name: str) -> None:
        """Press Tab until an element has the focus."""
        for _ in range(12):
            if self.run("return document.activeElement.id") == name:
                return
            self.press(Keys.TAB)
        raise AssertionError(f"Tab does not come to {name}")

    def touch(self, name: str, times: int = 1) -> None:
        """Touch the middle of an element, given as a selector."""
        place = self.run(
            "const e = document.querySelector(arguments[0]); e.scrollIntoView({block: 'center'});"
            "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]",
            name,
        )
        for _ in range(times):
            for kind, points in (
                ("touchStart", [{"x": place[0], "y": place[1]}]),
                ("touchEnd", []),
            ):
                self.browser.execute_cdp_cmd(
                    "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
                )

    def offline(self, is_offline: bool) -> None:
        """Take the network away, or give it back."""
        slow = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.browser.execute_cdp_cmd("Network.enable", {})
        self.browser.execute_cdp_cmd(
            "Network.emulateNetworkConditions", {"offline": is_offline, **slow}
        )

    @contextmanager
    def on_a_phone(self) -> Iterator[None]:
        """A screen of 360 x 740 that is touched."""
        phone = {"width": 360, "height": 740, "deviceScaleFactor": 3, "mobile": True}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
        self.browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
        try:
            yield
        finally:
            self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
            self.browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})

    def frames_drawn(self, rounds: int) -> list[list[int]]:
        """Numbers of the frames that both clips show, at each repaint over some rounds.

        They are read from the pixels: in the clips of `made_studies` a square is at 2 t.
        """
        self.run(
            NUMBER + "window.drawn = [];"
            "const look = () => { const shown = [...document.querySelectorAll('#stage canvas')];"
            "if (shown.length === 2) { window.drawn.push(shown.map(number));"
            "requestAnimationFrame(look); } }; look();"
            "window.firstRound = stage.rounds;"
        )
        self.until(f"return stage.rounds >= window.firstRound + {rounds}")
        found: list[list[int]] = self.run("return window.drawn")
        return found


STATE = "return [view, document.querySelector('main').innerText.slice(0, 400)]"


def asked_of_the_network(browser: Chrome) -> list[str]:
    """Addresses that the browser asked for since the last call."""
    messages = [json.loads(e["message"])["message"] for e in browser.get_log("performance")]
    return [
        m["params"]["request"]["url"]
        for m in messages
        if m["method"] == "Network.requestWillBeSent"
    ]
