"""The report in a real browser: its videos play, and nothing is fetched."""

import json
import time
from pathlib import Path

import torch
from chromium import chromium
from typer.testing import CliRunner

from leo_bench.benchmarks.cli.main import app
from leo_bench.evaluation.videos.write import write_video


def folder_of_videos(folder: Path, count: int, seed: int) -> Path:
    generator = torch.Generator().manual_seed(seed)
    folder.mkdir()
    for i in range(count):
        start = torch.randint(0, 256, (3, 32, 32), generator=generator, dtype=torch.uint8)
        frames = torch.stack([start.roll(t, dims=2) for t in range(16)])
        write_video(folder / f"{i}.mkv", iter(frames), 25)
    return folder


def test_videos_play_and_nothing_is_fetched(tmp_path: Path) -> None:
    real, fake = (folder_of_videos(tmp_path / n, 6, s) for n, s in (("real", 1), ("fake", 2)))
    records, page = tmp_path / "records", tmp_path / "report.html"
    sides = ["--real", str(real), "--fake", str(fake), "--extractor", "pixels"]
    measuring = ["fvd", *sides, "--frames", "16", "--protocol", "stylegan-v", "--no-cache"]
    for arguments in (
        [*measuring, "--records", str(records)],
        ["report", "--records", str(records), "--out", str(page)],
    ):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
    with chromium(tmp_path / "profile") as browser:
        browser.get_log("performance")
        browser.get(page.as_uri())
        states = (
            "return [...document.querySelectorAll('video')].map(v => [v.readyState, v.currentTime])"
        )
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
        assert page.as_uri() in asked
        assert not [url for url in asked if url.startswith(("http:", "https:", "ws:"))]
        assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
