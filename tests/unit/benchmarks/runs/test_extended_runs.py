"""`leo-bench train STAGE --extend`, and samples of a run whose cadences change."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_run import make_run

from conftest import Run
from leo_bench.benchmarks.runs.training import RunRequest, open_job
from leo_bench.leo.checkpoint import load_model
from leo_bench.leo.sampling.model import LeoModel, model_file
from leo_bench.leo.training.job import encode_run
from leo_bench.leo.training.run_folder import RunFolder

STEPS = "frame_dm.training={ steps = 2, batch = 2 }"


@pytest.mark.usefixtures("quick_pictures")
def test_a_stage_is_extended_and_cadences_change_no_digest(
    leo_bench: Run, make_videos: Callable[..., Path], tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run", STEPS)
    learned = model_file(run, "frame-dm")
    learned.unlink()
    encode_run(open_job(RunRequest(run, data=str(make_videos("videos", 3, 10)), cpu=True)))
    line = ("train", "frame-dm", "--run", run, "--cpu")
    assert leo_bench(*line).code == 0
    before = LeoModel.open(run).digest(["animator", "frame-dm"])
    changed = leo_bench(*line, "--set", "frame_dm.training.save_every=1")
    assert changed.code == 0, changed.err
    assert RunFolder.open(run).config.frame_dm.training.save_every == 1
    assert LeoModel.open(run).digest(["animator", "frame-dm"]) == before

    refused = leo_bench("train", "all", "--run", run, "--cpu", "--extend", 3)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--extend: give one stage" in refused.err
    refused = leo_bench(*line, "--set", "frame_dm.optimiser.learning_rate=0.5")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "frame_dm.optimiser.learning_rate is " in refused.err
    assert "(the weights follow from it)" in refused.err

    longer = leo_bench(*line, "--extend", 3)
    assert longer.code == 0, longer.err
    assert "frame-dm: on from step 2 of 5" in longer.err
    assert load_model(learned).metadata["step"] == "5"
    assert LeoModel.open(run).digest(["animator", "frame-dm"]) != before
