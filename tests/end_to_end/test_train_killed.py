"""`leo-bench train`, killed from outside, then the same line again: the run of one never killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from places import ROOT
from tiny_stages import contents

from conftest import Run

STAGES = ("animator", "lmdm")
STEPS = 20
SHORT = f"steps = {STEPS}, batch = 2, report_every = 3, save_every = 4, validate_every = 5"
TINY = (
    "resolution=32",
    "cddpm.resolution=32",
    "held_out=0.45",
    "animator.channel_cap=8",
    "animator.style=20",
    "animator.discriminator={ learning_rate = 1e-3, betas = [0.0, 0.99] }",
    f"animator.training={{ {SHORT}, picture_every = 10 }}",
    "lmdm.length=8",
    "lmdm.history=3",
    "lmdm.network={ channels = 32, multipliers = [1, 1], blocks = 1, attention = [], heads = 2,"
    " dropout = 0.1 }",
    f"lmdm.training={{ {SHORT}, ema = 0.9, picture_every = 10, evaluate_every = 8, "
    'keep_best = "fvd", evaluation = { frames = 8, clips = 2, sampler = "ddim-2", '
    'extractor = "pixels" } }',
)


def killed(command: list[str], checkpoints: Path) -> None:
    """Run a command until there is a checkpoint, and then not one moment longer."""
    code = "from leo_bench.benchmarks.cli.main import main; main()"
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen(
        [sys.executable, "-c", code, *command],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not list(checkpoints.glob("step-*")):
            assert process.poll() is None
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.usefixtures("quick_pictures")
def test_a_killed_leo_ends_as_if_it_had_not_been(
    leo_bench: Run,
    make_videos: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    videos = make_videos("videos", count=4, frames=12)
    changes = [part for change in TINY for part in ("--set", change)]

    def line(stage: str, run: str) -> list[str]:
        place = ["--run", str(tmp_path / run), "--data", str(videos)]
        return ["train", stage, *place, "--config", "grid64", *changes, "--cpu"]

    for stage in STAGES:
        killed(line(stage, "killed"), tmp_path / "killed" / stage / "checkpoints")
        assert not (tmp_path / "killed" / stage / "model.safetensors").exists()
        for run in ("killed", "straight"):
            ended = leo_bench(*line(stage, run))
            assert ended.code == 0, ended.err
            assert ("on from step" in ended.err) == (run == "killed")
            if stage == "animator":
                assert leo_bench("encode", "--run", tmp_path / run, "--cpu").code == 0
    killed_run, straight = contents(tmp_path / "killed"), contents(tmp_path / "straight")
    assert {f"{stage}/model.safetensors" for stage in STAGES} <= straight.keys()
    assert killed_run == straight
    log = (tmp_path / "straight" / "lmdm" / "log.jsonl").read_text()
    assert [log.count(f'"{metric}": {{"value"') for metric in ("fvd", "kvd")] == [3, 3]

    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank in (0, 1):  # of several processes one speaks
        monkeypatch.setenv("RANK", str(rank))
        ended = leo_bench(*line("lmdm", "straight"))
        assert ended.code == 0, ended.err
        assert bool(ended.out) == bool(ended.err) == (rank == 0)
