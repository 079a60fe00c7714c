"""What a command does in one of several processes: alone, or as one of a team that fails."""

import os

import pytest
import torch
from thread_team import Shared, ThreadTeam

from leo_bench.benchmarks.cli.processes import FIRST_SECONDS, with_processes
from leo_bench.benchmarks.cli.screen import resources
from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.features import single_thread_pool
from leo_bench.evaluation.processes import torchrun
from leo_bench.evaluation.processes.board import seat_of_environment
from leo_bench.evaluation.processes.team import TeamEnded, UnlikeError

TORCHRUN = {
    "WORLD_SIZE": "2",
    "LOCAL_RANK": "0",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "1",
}


@pytest.mark.parametrize("rank", [0, 1])
def test_a_command_of_the_first_process_sees_no_other_process(
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


class Failing(ThreadTeam):
    """Keeps how it failed; another process has said why if so told."""

    def __init__(self, rank: int, *, is_told: bool) -> None:
        super().__init__(rank, 2, Shared())
        self.is_told = is_told
        self.patience: list[float] = []

    def failed(self, code: int, patience: float = 0) -> bool:
        self.patience.append(patience)
        return not self.is_told


@pytest.mark.parametrize(
    ("rank", "error", "said", "patience"),
    [
        (0, InputError("no such folder"), "no such folder", 0),
        (1, InputError("no such folder"), "rank 1: no such folder", FIRST_SECONDS),
        (1, UnlikeError("A in rank 0, B in rank 1"), "A in rank 0, B in rank 1", 0),
        (1, InfrastructureError("the GPU is full"), "rank 1: the GPU is full", 0),
    ],
)
def test_what_all_processes_find_is_left_to_the_first(
    rank: int, error: Exception, said: str, patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")

    def command() -> None:
        raise type(error)(*error.args)

    for is_told in (False, True):
        team = Failing(rank, is_told=is_told)
        monkeypatch.setattr(torchrun, "this_team", lambda team=team: team)
        with pytest.raises(TeamEnded if is_told else type(error)) as ended:
            with_processes(command, "team")()
        assert str(ended.value) == ("" if is_told else said)
        assert team.patience == [patience]


@pytest.mark.parametrize(("here", "share"), [(None, 64), ("8", 8), ("100", 1)])
def test_processes_of_a_machine_share_its_cores(
    here: str | None, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight processes of a GPU box would else start eight times as many readers as it has cores."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(single_thread_pool, "cores", lambda: 64)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    if here is not None:
        monkeypatch.setenv("LOCAL_WORLD_SIZE", here)
    assert resources(workers=None, keep=False).processes == share
    assert resources(workers=3, keep=False).processes == 3
