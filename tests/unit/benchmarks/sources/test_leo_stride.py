"""A LEO's frames are read at the speed of the real ones, and other samples as the protocol says."""

import json
from pathlib import Path

import pytest
from tiny_run import make_run

from leo_bench.benchmarks.scores.plan import plan, plan_frames
from leo_bench.benchmarks.scores.requests import FrameScoreRequest, ScoreRequest
from leo_bench.benchmarks.sources.leo_stride import leo_stride
from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.errors import InputError


def samples_of(run: str, folder: Path) -> str:
    folder.mkdir()
    (folder / "sample.json").write_text(json.dumps({"request": {"run": run}}))
    return str(folder)


def windows(fake: str, **how: object) -> tuple[Window, Window]:
    asked = {"metric": "fvd", "dataset": "taichihd", "frames": 16, "fake": fake, **how}
    made = plan(ScoreRequest.model_validate(asked))
    return made.real.window, made.fake.window


def test_digans_protocol_reads_a_leo_as_it_reads_taichihd(tmp_path: Path) -> None:
    drawn = "leo:toy-bodies?frames=64"
    assert windows(drawn) == (Window(16, 4), Window(16, 4))
    assert windows(samples_of("leo:toy-bodies", tmp_path / "samples"))[1] == Window(16, 4)
    asked = {"metric": "acd", "dataset": "taichihd", "frames": 16, "fake": drawn}
    found = plan_frames(FrameScoreRequest.model_validate(asked))
    assert found.fake is not None
    assert found.fake.window == Window(16, 4)


def test_a_stride_that_is_asked_for_stands(tmp_path: Path) -> None:
    assert windows("leo:toy-bodies", fake_stride=1)[1] == Window(16, 1)
    assert windows("leo:toy-bodies", real_stride=2) == (Window(16, 2), Window(16, 2))


def test_other_samples_are_read_as_the_protocol_says(tmp_path: Path) -> None:
    assert windows(str(tmp_path / "theirs")) == (Window(16, 4), Window(16, 1))
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "sample.json").write_text("[1, 2]")
    assert leo_stride(str(foreign), 4, 3) == 3


def test_a_leo_that_learned_at_the_stride_is_read_frame_by_frame(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", "lmdm.frame_stride=4")
    assert leo_stride(f"leo:{run}", 4, 3) == 1
    assert leo_stride(f"leo:{run}?seed=1", 8, 3) == 2
    with pytest.raises(InputError, match=r"stride 4, which does not divide .* 6; give"):
        leo_stride(f"leo:{run}", 6, 3)


def test_samples_of_a_run_that_is_gone_ask_for_the_stride(tmp_path: Path) -> None:
    folder = samples_of("runs/gone", tmp_path / "samples")
    assert leo_stride(folder, 1, 3) == 3
    with pytest.raises(InputError, match=r"runs/gone.*give --fake-stride"):
        leo_stride(folder, 4, 3)
