"""Two processes of gloo that share the clips of one: the same bits on each of them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from gloo_metrics import everything
from made_clips import SIDE
from places import ROOT


def test_two_processes_give_the_numbers_of_one(
    tmp_path: Path, make_videos: Callable[..., Path]
) -> None:
    """Values, intervals and records, with uneven shares and with a process that has no clip."""
    folder = str(make_videos("real", count=5, size=(SIDE, SIDE)))
    command = [sys.executable, "-W", "error", str(ROOT / "tests/gloo_metrics.py")]
    begun = [
        subprocess.Popen(
            [*command, str(rank), "2", str(tmp_path / "store"), folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "LOCAL_RANK": str(rank)},  # as launchers set it: rank 0 alone warns
        )
        for rank in range(2)
    ]
    alone = json.loads(json.dumps(everything(folder, 0, 1)))
    said = [process.communicate(timeout=240) for process in begun]
    assert [process.returncode for process in begun] == [0, 0], said[0][1] + said[1][1]
    first, second = (json.loads(out) for out, _ in said)
    assert first == second == alone
    assert alone["dealt"][0] == alone["dealt"][1] == alone["forward"][0] == alone["forward"][1]
