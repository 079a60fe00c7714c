"""`leo-bench repetition` as a user runs it: records, planted repeats, the same bits, bad input."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_run import make_run

from conftest import Run
from leo_bench.benchmarks.sources.planting import Plant
from leo_bench.evaluation.records.documents import read_documents
from leo_bench.evaluation.records.influences import read_influences
from leo_bench.evaluation.records.score import ScoreRecord, read_score_record

WORLD = "toy-faces/test"
SHORT = ("--frames", 64, "--segment", 12)
QUICK = ("--calibrate", "toy-faces/train", "--calibration-videos", 19, "--limit", 4, *SHORT)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for all tests here: each frame is drawn and made small once."""
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no runs/ of the developer's
    monkeypatch.setenv("LEO_BENCH_CACHE", str(pictures))


@pytest.fixture
def record_of(leo_bench: Run, tmp_path: Path) -> Callable[..., ScoreRecord]:
    def run(*arguments: object) -> ScoreRecord:
        outcome = leo_bench("repetition", *arguments, "--json", tmp_path / "found.json")
        assert outcome.code == 0, outcome.err
        return read_score_record(tmp_path / "found.json")

    return run


@pytest.fixture
def refused(leo_bench: Run) -> Callable[..., str]:
    def refuse(*arguments: object) -> str:
        outcome = leo_bench("repetition", *arguments)
        assert outcome.code == 2, outcome.out + outcome.err
        assert outcome.err.count("leo-bench: ") == 1
        return outcome.err.splitlines()[-1]

    return refuse


def test_planted_repeats_are_found_and_written_down(
    record_of: Callable[..., ScoreRecord], tmp_path: Path
) -> None:
    # Of the first 64 frames of 128 some videos show neither stretch nor repeat.
    spec = f"damaged:repetition=0.4:{WORLD}"
    found = record_of(spec, *QUICK, "--frames", 128)
    assert (found.metric, found.protocol, found.dataset) == (
        "repetition",
        "repetition-pixels",
        "toy-faces-train",
    )
    assert found.value == 1
    assert found.interval is not None
    assert found.interval[0] == pytest.approx(4 / (4 + 1.959964**2))  # Wilson's, of 4 of 4
    assert found.interval_method == "wilson"
    assert found.diagnostics["repeated_share"] > 0.3
    assert not found.comparable
    rows = list(csv.DictReader((tmp_path / "found.repeats.csv").read_text().splitlines()))
    assert {row["video"] for row in rows} == {f"toy-faces-test-{i:05d}" for i in range(4)}
    for video in {row["video"] for row in rows}:
        plant = Plant.drawn(video, 128, 0.4)
        exact = max((row for row in rows if row["video"] == video), key=lambda r: r["alike"])
        assert plant.start - 6 <= int(exact["start"]) <= plant.start + plant.length
        assert float(exact["lag"]) == pytest.approx(plant.start - plant.of, abs=8)
    influences = read_influences(tmp_path / "found.json")
    assert influences is not None
    assert set(influences.fake.values()) == {(0.0, 0.0)}  # all flagged: none moves the share


def test_several_sources_go_into_one_tree_and_verify(leo_bench: Run, tmp_path: Path) -> None:
    said = leo_bench(
        "repetition", WORLD, f"damaged:frozen:{WORLD}", *QUICK, "--records", tmp_path / "records"
    )
    assert said.code == 0, said.err
    found = sorted((tmp_path / "records").rglob("repetition.json"))
    assert len(found) == 2
    assert len({path.parent.parent for path in found}) == 1
    frozen = read_score_record(next(path for path in found if "frozen" in str(path)))
    assert (frozen.value, frozen.diagnostics["still_share"]) == (0, 1)
    assert "4 videos are still, or blank, throughout" in " ".join(frozen.notes)
    again = leo_bench("verify", found[0])
    assert again.code == 0, again.out + again.err


def test_several_sources_are_one_document(leo_bench: Run, tmp_path: Path) -> None:
    path = tmp_path / "both.json"
    said = leo_bench("repetition", WORLD, f"damaged:frozen:{WORLD}", *QUICK, "--json", path)
    assert said.code == 0, said.err
    document = read_documents(path)
    assert (document.kind, len(document.records), document.extra) == ("repetition", 2, None)
    assert document.records[1].value == 0


def test_codes_of_a_run_are_those_it_was_drawn_with(
    record_of: Callable[..., ScoreRecord], tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run")
    spec = f"leo:{run}?mode=conditional&start={WORLD}&steps=2&count=3"
    options = ("--frames", 32, "--segment", 8, "--signal", "codes", "--animator", run)
    calibrate = ("--calibrate", "toy-faces/train", "--calibration-videos", 19)
    found = record_of(spec, *options, *calibrate)
    assert found.embedder == "leo-codes:run"
    assert len(found.weights_sha256) == 64
    assert found.videos_used == 3
    assert found.diagnostics["still_share"] < 1
    assert record_of(spec, *options, *calibrate).value == found.value


def test_the_calibration_s_own_videos_are_noted(
    record_of: Callable[..., ScoreRecord], tmp_path: Path
) -> None:
    real = tmp_path / "real.npy"
    np.save(real, (np.random.RandomState(0).rand(20, 24, 16, 16, 3) * 255).astype(np.uint8))
    own = record_of(real, "--calibrate", real, "--frames", 24, "--segment", 8)
    assert any("20 of these videos are among those of the calib" in note for note in own.notes)
    assert own.value <= 1 / 20  # k of n + 1
    others = record_of(WORLD, *QUICK)
    assert not any("among those of the calibration" in note for note in others.notes)


def test_bad_input(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "give --animator" in refused(WORLD, *QUICK, "--signal", "codes")
    assert "--frames 20: two segments of 12 frames need 24" in refused(
        WORLD, *QUICK, "--frames", 20
    )
    one = tmp_path / "one.npy"
    np.save(one, np.zeros((3, 1, 32, 32, 3), dtype=np.uint8))
    assert "3 of 3 videos have fewer than 64 frames" in refused(one, *QUICK)
    assert "2 calibration videos" in refused(WORLD, *QUICK, "--calibration-videos", 2)
    assert "calibration_videos is -3" in refused(WORLD, *QUICK, "--calibration-videos", -3)
    assert "limit is 0" in refused(WORLD, *QUICK, "--limit", 0)
    black = tmp_path / "black.npy"
    np.save(black, np.zeros((20, 64, 16, 16, 3), dtype=np.uint8))
    assert "nothing moves in the calibration videos" in refused(
        WORLD, "--calibrate", black, "--frames", 64
    )
    assert "false_alarms" in refused(WORLD, *QUICK, "--false-alarms", 2)


def test_a_black_video_repeats_nothing(
    record_of: Callable[..., ScoreRecord], tmp_path: Path
) -> None:
    black = tmp_path / "black.npy"
    np.save(black, np.zeros((2, 64, 16, 16, 3), dtype=np.uint8))
    found = record_of(black, *QUICK)
    assert (found.value, found.diagnostics["still_share"]) == (0, 1)
