"""Trainings as processes: killed and started again; several by torchrun; on a full disk."""

import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from places import TESTS
from tiny_stages import SHORT, contents, folder_in, regression
from train_tiny import main

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.checkpoint import load_model
from leo_bench.leo.training.loop import train
from leo_bench.leo.training.watching import Watcher

SCRIPT = str(TESTS / "train_tiny.py")


def start(*command: object) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, *map(str, command)],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_killed_training_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    main("lmdm", str(tmp_path / "straight"), "1")
    killed = start(SCRIPT, "lmdm", tmp_path / "killed", 1, 9)
    assert killed.returncode == -9, killed.stderr
    assert folder_in(tmp_path / "killed").read_log()[-1]["step"] == 9
    assert not folder_in(tmp_path / "killed").model.exists()
    main("lmdm", str(tmp_path / "killed"), "1")
    assert contents(tmp_path / "killed") == contents(tmp_path / "straight")


@pytest.fixture(scope="module")
def one_and_two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Four stages trained by one process and by two."""
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2)
    ended = start(*torchrun, SCRIPT, "lmdm,frame-dm,animator,faces", two, 1)
    assert ended.returncode == 0, ended.stderr
    main("animator,faces", str(one), "1")
    main("lmdm", str(one), "2")  # the batch in the same two parts: the same draws of dropout
    return one, two


@pytest.mark.parametrize(
    ("stage", "tolerance"), [("lmdm", 1e-6), ("animator", 1e-6), ("faces", 1e-5)]
)
def test_two_processes_train_to_the_weights_of_one(
    stage: str, tolerance: float, one_and_two: tuple[Path, Path]
) -> None:
    weights = [load_model(folder_in(path, stage).model).network for path in one_and_two]
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, atol=tolerance, rtol=0)
    logs = [folder_in(path, stage).read_log() for path in one_and_two]
    assert [line["step"] for line in logs[0]] == [line["step"] for line in logs[1]]
    for one, other in zip(*logs, strict=True):
        assert other.get("losses") == pytest.approx(one.get("losses"), abs=tolerance)


def test_of_two_processes_the_first_evaluates_and_the_other_waits(
    one_and_two: tuple[Path, Path],
) -> None:
    plain, evaluated = (folder_in(one_and_two[1], stage) for stage in ("lmdm", "frame-dm"))
    weights = [load_model(folder.model).network["weight"] for folder in (plain, evaluated)]
    assert torch.equal(*weights)
    lines = [line for line in evaluated.read_log() if "evaluation" in line]
    assert [line["step"] for line in lines] == [5, 10, 12]
    assert lines[-1]["evaluation"]["fvd"]["value"] == float(weights[1].norm())


def test_a_full_disk_stops_in_one_line_and_keeps_what_was_saved(tmp_path: Path) -> None:
    start_from = tmp_path / "run"

    class ControlC(Watcher):
        def on_step(
            self, step: int, losses: Mapping[str, float], rate: float, left: float | None
        ) -> None:
            if step == 6:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(regression(ema=0.9, dropout=0.3), SHORT, folder_in(start_from), [ControlC()], True)
    before = folder_in(start_from).checkpoints()
    limit = before[-1].stat().st_size - 1

    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most[1]))
    try:
        with pytest.raises(InputError) as full:
            main("lmdm", str(start_from), "1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    assert "\n" not in str(full.value)
    assert "File too large" in str(full.value)
    assert "run the same command again" in str(full.value)
    assert folder_in(start_from).checkpoints() == before
    main("lmdm", str(start_from), "1")
    main("lmdm", str(tmp_path / "straight"), "1")
    assert contents(start_from) == contents(tmp_path / "straight")
