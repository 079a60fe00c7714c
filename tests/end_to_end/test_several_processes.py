"""Measurements by several of torchrun's processes: the numbers and the record of one process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(sys.executable).with_name("leo-bench")
FVD = "fvd --frames 16 --protocol stylegan-v --extractor i3d-toy --real real.npy --fake fake.npy"
CHANGES = ("seconds", "created")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two arrays of videos in a folder."""
    random = np.random.default_rng(0)
    for name, count in (("real", 24), ("fake", 20)):
        videos = random.integers(0, 256, (count, 16, 32, 32, 3), dtype=np.uint8)
        np.save(tmp_path / f"{name}.npy", videos)
    return tmp_path


def start(folder: Path, cache: str, processes: int, *words: str) -> subprocess.Popen[str]:
    several = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--no-python"]
    begin = [*several, "--nproc-per-node", str(processes), "--"] if processes > 1 else []
    return subprocess.Popen(
        [*begin, SCRIPT, *words],
        cwd=folder,
        env=os.environ | {"LEO_BENCH_CACHE": str(folder / cache), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(folder: Path, cache: str, processes: int, *words: str) -> tuple[int, str, str]:
    process = start(folder, cache, processes, *words)
    shown, said = process.communicate(timeout=120)
    return process.returncode, shown, said


def record(path: Path) -> dict[str, object]:
    """The record of a document, without times."""
    found = json.loads(path.read_text())
    return {name: value for name, value in found.items() if name not in CHANGES}


def test_two_processes_show_and_write_once_what_one_does(folder: Path) -> None:
    code, alone, _ = ran(folder, "one", 1, *FVD.split(), "--json", "one.json")
    assert code == 0
    code, shown, said = ran(folder, "two", 2, *FVD.split(), "--json", "two.json")
    assert (code, shown) == (0, alone), said
    assert record(folder / "two.json") == record(folder / "one.json")
    assert len(list(folder.glob("two*.json"))) == 1
    assert (folder / "two.videos.csv").read_bytes() == (folder / "one.videos.csv").read_bytes()


def test_a_process_that_is_killed_ends_the_others_in_a_line(folder: Path) -> None:
    process = start(folder, "killed", 2, *FVD.split(), "--json", "killed.json")
    features = folder / "killed" / "features"
    until = time.monotonic() + 60
    while not any(path.name != "about.json" for path in features.glob("*/*")):
        assert time.monotonic() < until
        time.sleep(0.02)
    os.kill(_pid_of_rank(1, process.pid), signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    lines = [line for line in said.splitlines() if line.startswith("leo-bench: ")]
    assert len(lines) == 1
    assert lines[0].startswith("leo-bench: rank 1 (process ")
    assert "the same command goes on" in lines[0]
    assert not (folder / "killed.json").exists()
    code, _, said = ran(folder, "killed", 2, *FVD.split(), "--json", "killed.json")
    assert code == 0, said


def _pid_of_rank(rank: int, torchrun: int) -> int:
    """The process of a rank among the children of torchrun."""
    for children in Path(f"/proc/{torchrun}/task").glob("*/children"):
        for pid in children.read_text().split():
            if f"RANK={rank}\0" in f"\0{Path(f'/proc/{pid}/environ').read_text()}":
                return int(pid)
    raise AssertionError(f"torchrun has no process of rank {rank}")
