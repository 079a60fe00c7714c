"""The same `leo-bench sample` line again: what is missing is made, and nothing else is touched."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_run import contents, make_run

from conftest import Run, write_frames
from leo_bench.evaluation.errors import InputError

QUICK = ("--frames", 12, "--steps", 2, "--format", "npy", "--device", "cpu")
GRID = ("grid-motions.npy", "grid-motions.png")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("leo") / "run")


@pytest.fixture
def sampled(leo_bench: Run) -> Callable[..., str]:
    """A `leo-bench sample` that succeeds -> all that it says."""

    def sample(*arguments: object) -> str:
        outcome = leo_bench("sample", *QUICK, *arguments)
        assert outcome.code == 0, outcome
        return outcome.out + outcome.err

    return sample


@pytest.fixture
def refused(leo_bench: Run) -> Callable[..., str]:
    """A `leo-bench sample` that must fail -> its one line."""

    def refuse(*arguments: object) -> str:
        outcome = leo_bench("sample", *QUICK, *arguments)
        assert outcome.code == 2, outcome
        assert len(outcome.err.strip().splitlines()) == 1, outcome.err
        return outcome.err

    return refuse


@pytest.mark.parametrize("name", ["out.png", "out.first-codes.json"])
def test_each_file_beside_the_folder_is_made_again(
    sampled: Callable[..., str], run: Path, tmp_path: Path, name: str
) -> None:
    line = ("--run", run, "--count", 2, "--out", tmp_path / "out")
    sampled(*line)
    before = contents(tmp_path)
    (tmp_path / name).unlink()
    assert "0 samples written" in sampled(*line)
    assert contents(tmp_path) == before


def test_what_lies_beside_shows_all_samples_after_a_line_that_broke_off(
    leo_bench: Run,
    sampled: Callable[..., str],
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise InputError("the disk is full")

    line = ("--run", run, "--out", tmp_path / "out")
    sampled(*line, "--count", 1)
    with monkeypatch.context() as broken:
        broken.setattr("leo_bench.benchmarks.runs.sampling.montage", full)
        assert leo_bench("sample", *QUICK, *line, "--count", 3).code == 2
    sampled(*line, "--count", 3)
    sampled("--run", run, "--out", tmp_path / "whole", "--count", 3)
    for kind in ("png", "first-codes.json"):
        made, whole = (tmp_path / f"{name}.{kind}" for name in ("out", "whole"))
        assert made.read_bytes() == whole.read_bytes()


def test_one_model_and_its_first_frames_may_be_spelled_otherwise(
    sampled: Callable[..., str],
    refused: Callable[..., str],
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_frames(tmp_path / "faces", 2, seed=3)
    write_frames(tmp_path / "others", 2, seed=4)
    out = ("--mode", "conditional", "--count", 1, "--out", tmp_path / "out")
    sampled("--run", run, "--start-frames", tmp_path / "faces", *out)
    told = json.loads((tmp_path / "out" / "sample.json").read_text())
    assert told.keys() == {"request", "model", "version", "starts", "digests"}
    assert len(told["digests"]) == 1
    assert (told["request"]["run"], told["request"]["start"]) == (
        str(run),
        str(tmp_path / "faces"),
    )
    monkeypatch.chdir(tmp_path)
    for again in (f"leo:{run}", f"{run}/../run"):
        said = sampled("--run", again, "--start-frames", "faces/", *out)
        assert "0 samples written" in said
    assert "starts is" in refused("--run", run, "--start-frames", "others", *out)
    other = make_run(tmp_path / "other", "lmdm.diffusion.steps=500")
    assert "model is" in refused("--run", other, "--start-frames", "faces", *out)
    assert "fps is 25.0 there" in refused("--run", run, "--start-frames", "faces", "--fps", 5, *out)
    del told["version"]  # as of versions whose motion had other last digits
    (tmp_path / "out" / "sample.json").write_text(json.dumps(told))
    assert "version is None there" in refused("--run", run, "--start-frames", "faces", *out)


def test_the_option_that_differs_is_named_not_what_follows_from_it(
    sampled: Callable[..., str], refused: Callable[..., str], run: Path, tmp_path: Path
) -> None:
    write_frames(tmp_path / "poses", 1, seed=3)
    line = ("--run", run, "--count", 1, "--out", tmp_path / "out")
    sampled(*line)
    assert "request.sampling.speed is 1.0 there and 2.0 now" in refused(*line, "--speed", 2)
    ended = refused(*line, "--to", tmp_path / "poses")  # which another stage draws, too
    assert "request.to is False there and True now" in ended


@pytest.mark.parametrize("lost", [(), (GRID[0],), (GRID[1],), GRID])
def test_a_grid_is_completed_or_left_as_it_is(
    sampled: Callable[..., str], run: Path, tmp_path: Path, lost: tuple[str, ...]
) -> None:
    line = ("--run", run, "--grid", "motions", "--count", 2, "--out", tmp_path)
    assert "nothing is drawn" not in sampled(*line)
    before = contents(tmp_path)
    kept = set(GRID) - set(lost)
    written = {name: (tmp_path / name).stat().st_mtime_ns for name in kept}
    for name in lost:
        (tmp_path / name).unlink()
    said = sampled(*line)
    assert ("nothing is drawn" in said) is (not lost)
    assert all(str(tmp_path / name) in said for name in GRID)
    assert contents(tmp_path) == before
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in kept} == written


def test_a_grid_of_other_settings_is_not_gone_on_with(
    sampled: Callable[..., str], refused: Callable[..., str], run: Path, tmp_path: Path
) -> None:
    line = ("--run", run, "--grid", "motions", "--out", tmp_path)
    sampled(*line, "--count", 2)
    (tmp_path / GRID[1]).unlink()
    before = contents(tmp_path)
    assert "count is 2 there and 3 now" in refused(*line, "--count", 3)
    assert "seed is 0 there and 1 now" in refused(*line, "--count", 2, "--seed", 1)
    assert contents(tmp_path) == before


def test_a_grid_that_cannot_be_drawn_claims_no_name(
    sampled: Callable[..., str], refused: Callable[..., str], run: Path, tmp_path: Path
) -> None:
    line = ("--run", run, "--grid", "motions", "--count", 1, "--out", tmp_path / "out")
    assert "drop reencode=runs" in refused(*line, "--reencode", "runs")
    assert not (tmp_path / "out").exists()
    sampled(*line)
