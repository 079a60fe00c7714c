"""Two processes of gloo that share the clips of one: the same bits on each of them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from gloo_metrics import everything, in_group
from made_clips import SIDE
from places import ROOT


def test_two_processes_give_the_numbers_of_one(
    tmp_path: Path, make_videos: Callable[..., Path]
) -> None:
    """Values, intervals and records, with uneven shares and with a process that has no clip."""
    folder, store = str(make_videos("real", count=5, size=(SIDE, SIDE))), str(tmp_path / "store")
    second = subprocess.Popen(
        [sys.executable, "-W", "error", str(ROOT / "tests/gloo_metrics.py"), store, folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "LOCAL_RANK": "1"},  # as launchers set it: rank 0 alone warns
    )
    alone = json.loads(json.dumps(everything(folder, 0, 1)))
    try:
        first = json.loads(json.dumps(in_group(0, store, folder)))
    finally:
        out, errors = second.communicate(timeout=240)
    assert second.returncode == 0, errors
    assert first == json.loads(out) == alone
    assert alone["dealt"][0] == alone["dealt"][1] == alone["forward"][0] == alone["forward"][1]
