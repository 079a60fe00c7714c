"""A command of the first process works as if there were no torchrun."""

import os

import pytest

from leo_bench.benchmarks.cli.processes import with_processes
from leo_bench.evaluation.processes.board import seat_of_environment

TORCHRUN = {
    "WORLD_SIZE": "2",
    "LOCAL_RANK": "0",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "1",
}


@pytest.mark.parametrize("rank", [0, 1])
def test_it_sees_no_other_process(
    rank: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (TORCHRUN | {"RANK": str(rank)}).items():
        monkeypatch.setenv(name, value)
    seen = []

    def command() -> None:
        seen.append((seat_of_environment(), "RANK" in os.environ, "LOCAL_RANK" in os.environ))

    with_processes(command, "first")()
    assert seen == [(None, False, False)] * (rank == 0)
    assert capsys.readouterr().err.count("works in one process") == (rank == 0)
    assert os.environ["RANK"] == str(rank)
