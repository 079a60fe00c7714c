"""`leo-bench drift` as a user runs it: curves, records, the picture, and what it refuses."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor
from tiny_run import make_run

from conftest import Run
from leo_bench.evaluation.records.influences import (
    VideoInfluences,
    error_of_difference,
    read_influences,
)
from leo_bench.evaluation.records.score import ScoreRecord, read_score_record
from leo_bench.reports.inline_svg import COLOURS

WORLD = "toy-faces/test"
QUICK = ("--dataset", WORLD, "--embedder", "mean-colour", "--limit", 5)
SHORT = ("--frames", 24, "--every", 4, "--run", 8)
SWAP = f"damaged:identity-swap:{WORLD}"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def drifts(leo_bench: Run, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Measure -> the records, the real side's first."""

    def run(*arguments: object) -> list[dict[str, Any]]:
        out = tmp_path / "drift.json"
        outcome = leo_bench("drift", *QUICK, *arguments, "--json", out)
        assert outcome.code == 0, outcome.err
        document = json.loads(out.read_text())
        several = document["kind"] == "drift"
        found: list[dict[str, Any]] = document["records"] if several else [document]
        for content in found:
            ScoreRecord.model_validate(content)
        return found

    return run


@pytest.fixture
def refused(leo_bench: Run) -> Callable[..., str]:
    def refuse(*arguments: object) -> str:
        outcome = leo_bench("drift", *arguments)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert len(outcome.err.strip().splitlines()) == 1, outcome.err
        return outcome.err

    return refuse


def test_still_videos_do_not_drift_and_swapped_ones_break(
    drifts: Callable[..., list[dict[str, Any]]],
) -> None:
    six = ("--limit", 6)  # the fewest with a band over all times
    real, still, swapped = drifts(
        f"damaged:frozen:{WORLD}", SWAP, "--frames", 128, "--every", 16, *six
    )
    assert (real["side"], still["side"], swapped["side"]) == ("real", "fake", "fake")
    assert real["curves"]["time"] == list(range(0, 128, 16))
    assert still["value"] == 0
    assert set(still["curves"]["mean"]) == {0.0}
    assert still["curves"]["survival"] == [1.0] * 8
    assert still["diagnostics"]["broken"] == 0
    # Half-way, at frame 64, everybody becomes somebody else.
    assert swapped["curves"]["survival"] == [1.0] * 4 + [0.0] * 4
    assert swapped["curves"]["break_frames"] == [64.0] * 6
    assert swapped["diagnostics"]["half_broken_at"] == 64
    before, after = swapped["curves"]["mean"][:4], swapped["curves"]["mean"][4:]
    assert before == real["curves"]["mean"][:4]
    assert min(after) > 5 * max(before)
    assert swapped["against"]["paired"]
    assert swapped["against"]["interval"][0] > 0
    for record in (real, swapped):
        curves = record["curves"]
        for low, mean, high in zip(
            curves["all_low"], curves["mean"], curves["all_high"], strict=True
        ):
            assert low <= mean <= high
        assert record["diagnostics"]["threshold"] == real["diagnostics"]["threshold"]


def test_worlds_are_drawn_as_far_as_needed(drifts: Callable[..., list[dict[str, Any]]]) -> None:
    (real,) = drifts("--frames", 400, "--every", 100)
    assert real["curves"]["time"] == [0, 100, 200, 300]
    assert real["source"]["frame_counts"] == [400, 400]
    assert real["diagnostics"]["broken"] <= 1


def test_table_picture_and_records(leo_bench: Run, tmp_path: Path) -> None:
    outcome = leo_bench(
        "drift", SWAP, f"damaged:frozen:{WORLD}", *QUICK, *SHORT, "--label", "swapped",
        "--label", "frozen", "--out", tmp_path / "drift.png", "--records", tmp_path / "records",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "swapped" in outcome.out
    assert "at frame 20" in outcome.out
    assert "for 8 consecutive frames" in outcome.out
    assert "the 99 % point" in outcome.out
    assert "threshold is not sure" in outcome.err
    with Image.open(tmp_path / "drift.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape[0] > 600
    for colour in map(ImageColor.getrgb, COLOURS[:2]):  # a curve each
        assert (pixels == colour).all(-1).sum() > 200
    kept = sorted((tmp_path / "records").rglob("drift.json"))
    assert len(kept) == 3
    for path in kept:
        record, moved = read_score_record(path), read_influences(path)
        assert record.metric == "drift"
        assert moved is not None
        sides = {"real": moved.real, "fake": moved.fake}
        assert len(sides.pop(record.side)) == record.videos_used == 5
        assert sides.popitem()[1] == {}
        unmoved = dict.fromkeys(moved.real | moved.fake, (0.0, 0.0))
        told = error_of_difference(moved, VideoInfluences(real=unmoved, fake=unmoved))
        assert told.standard_error == pytest.approx(record.standard_error, rel=1e-6)


def test_a_record_stands_when_made_again(leo_bench: Run, tmp_path: Path) -> None:
    run = leo_bench("drift", SWAP, *QUICK, *SHORT, "--records", tmp_path / "records")
    assert run.code == 0, run.err
    for path in (tmp_path / "records").rglob("drift.json"):
        outcome = leo_bench("verify", path)
        assert outcome.code == 0, outcome
        assert "the same" in outcome.out


def test_samples_of_a_leo_that_goes_on_from_its_own_frames(
    drifts: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run")
    leo = f"leo:{run}?mode=conditional&start={WORLD}&steps=2&count=4"
    found = drifts(leo, f"{leo}&reencode=runs", *SHORT, "--resolution", 32)
    names = [record["source"]["name"] for record in found[1:]]
    assert names == [f"leo:{run}", f"leo:{run}?reencode=runs"]
    assert found[1]["curves"]["mean"][:2] == found[2]["curves"]["mean"][:2]  # the first run
    assert found[1]["curves"]["mean"][2:] != found[2]["curves"]["mean"][2:]


def test_without_matplotlib_one_line_says_so(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    line = refused(SWAP, *QUICK, *SHORT, "--out", tmp_path / "drift.png")
    assert "matplotlib" in line
    assert "the extra `report`" in line


def test_bad_input_is_refused_in_one_line(
    refused: Callable[..., str], make_videos: Callable[..., Path]
) -> None:
    for arguments, words in (
        ((SWAP, *QUICK, "--frames", 8, "--every", 8), "only the first frame is embedded"),
        ((SWAP, *QUICK, *SHORT, "--every", 0), "--every 0: expected 1 or more"),
        ((SWAP, *QUICK, *SHORT, "--share", 1.5), "drift: share is 1.5"),
        ((SWAP, *QUICK, *SHORT, "--run", 24), "--run 24: no video of 24 frames could be"),
        ((SWAP, *QUICK, *SHORT, "--label", "a", "--label", "b"), "2 --label for 1 sources"),
        ((SWAP, SWAP, *QUICK, *SHORT), "names two curves"),
        ((SWAP, "--protocol", "acd-toy", *SHORT), "--dataset ID or --real PATH"),
        ((SWAP, *SHORT), "give --protocol"),
        ((SWAP, *QUICK[:2], *SHORT, "--embedder", "nobody"), "nobody: no such embedder"),
        ((SWAP, *QUICK, *SHORT, "--limit", 1), "1 real videos"),
        (("nowhere/", *QUICK, *SHORT), "nowhere"),
    ):
        assert words in refused(*arguments), arguments
    short = make_videos("short", count=2, frames=4)
    line = refused(short, *QUICK, *SHORT, "--resolution", 32)
    assert "need" in line
