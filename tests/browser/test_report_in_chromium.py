"""The report and the leaderboard in a real browser: readable anywhere, and nothing is fetched."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import accessibility
import pytest
import torch
from chromium import chromium
from made_own_tables import three
from selenium.webdriver import Chrome
from typer.testing import CliRunner

from leo_bench.benchmarks.cli.main import app
from leo_bench.evaluation.videos.write import write_video
from leo_bench.reports.bundles import pack

WIDTHS = (360, 390, 1280)


def folder_of_videos(folder: Path, count: int, seed: int) -> Path:
    generator = torch.Generator().manual_seed(seed)
    folder.mkdir()
    for i in range(count):
        start = torch.randint(0, 256, (3, 32, 32), generator=generator, dtype=torch.uint8)
        frames = torch.stack([start.roll(t, dims=2) for t in range(16)])
        write_video(folder / f"{i}.mkv", iter(frames), 25)
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(browser: Chrome, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of numbers of real videos and of three models with losses, and a leaderboard."""
    folder = tmp_path_factory.mktemp("pages")
    real, fake = (folder_of_videos(folder / n, 6, s) for n, s in (("real", 1), ("fake", 2)))
    records, bundles = three(folder / "records"), folder / "bundles"
    bundles.mkdir()
    pack(three(folder / "packed"), {}, "b", bundles / "b.leo.zip")
    found = {"report": folder / "report.html", "leaderboard": bundles / "index.html"}
    sides = ["--real", str(real), "--fake", str(fake), "--extractor", "pixels"]
    measuring = ["fvd", *sides, "--frames", "16", "--protocol", "stylegan-v", "--no-cache"]
    making = ["report", "--records", str(records), "--run", "leo/trained/toy-faces", "--out"]
    for arguments in (
        [*measuring, "--records", str(records)],
        [*making, str(found["report"])],
        ["leaderboard", str(bundles)],
    ):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
    return found


def test_videos_play_on_demand_and_nothing_is_fetched(
    browser: Chrome, pages: dict[str, Path]
) -> None:
    browser.get_log("performance")
    browser.get(pages["report"].as_uri())
    states = (
        "return [...document.querySelectorAll('video')].map(v => [v.readyState, v.currentTime])"
    )
    assert all(at == 0 for _, at in browser.execute_script(states))  # none starts by itself
    browser.execute_script("document.querySelectorAll('video').forEach(v => v.play())")
    deadline = time.monotonic() + 60
    playing: list[list[float]] = []
    while time.monotonic() < deadline:
        playing = browser.execute_script(states)
        if playing and all(ready == 4 and at > 0 for ready, at in playing):
            break
        time.sleep(0.2)
    assert len(playing) == 8  # two of each kind, of either side
    assert all(ready == 4 and at > 0 for ready, at in playing)
    messages = [json.loads(e["message"])["message"] for e in browser.get_log("performance")]
    asked = [
        m["params"]["request"]["url"]
        for m in messages
        if m["method"] == "Network.requestWillBeSent"
    ]
    assert pages["report"].as_uri() in asked
    assert not [url for url in asked if url.startswith(("http:", "https:", "ws:"))]
    assert not browser.get_log("browser")


@pytest.mark.parametrize("name", ["report", "leaderboard"])
def test_it_is_read_on_a_phone_in_the_dark_and_by_a_screen_reader(
    browser: Chrome, pages: dict[str, Path], name: str
) -> None:
    browser.get(pages[name].as_uri())
    for scheme in ("light", "dark"):
        accessibility.media(browser, prefers_color_scheme=scheme)
        for width in WIDTHS:
            accessibility.screen(browser, width, 800, touch=width < 500)
            at = f"{name}, {scheme}, {width}"
            assert accessibility.overflows(browser) == [], at
            assert accessibility.small_targets(browser) == [], at
        assert accessibility.low_contrast(browser) == [], at
        assert accessibility.faint_pictures(browser) == [], at
    assert accessibility.without_name(browser) == []
    assert accessibility.structure(browser) == []
    reached, wrong = accessibility.focus_by_tab(browser)
    assert wrong == []
    assert "Skip to" in reached[0]
    assert not browser.get_log("browser")


def test_paper_is_white_and_shows_what_is_folded(browser: Chrome, pages: dict[str, Path]) -> None:
    browser.get(pages["report"].as_uri())
    accessibility.screen(browser, 700, 900)
    accessibility.media(browser, "print", prefers_color_scheme="dark")
    ground = browser.execute_script(
        "return getComputedStyle(document.documentElement).backgroundColor"
    )
    assert ground == "rgb(255, 255, 255)"
    folded = "return [...document.querySelectorAll('#methods pre, .curves details table')]"
    shown = browser.execute_script(f"{folded}.map(e => e.checkVisibility())")
    assert len(shown) > 2
    assert all(shown)
    assert accessibility.overflows(browser) == []
