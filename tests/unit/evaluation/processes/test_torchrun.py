"""Processes of torchrun: those of a store in this process, of which this one is rank 0."""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from torch.distributed import TCPStore

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.places import UNKEPT
from leo_bench.evaluation.processes import watch
from leo_bench.evaluation.processes.board import Board, Seat, seat_of_environment
from leo_bench.evaluation.processes.team import TeamEnded, UnlikeError
from leo_bench.evaluation.processes.torchrun import TorchrunTeam


class Store:
    """The store of torchrun, which can be closed."""

    def __init__(self) -> None:
        self._store: TCPStore | None = TCPStore("127.0.0.1", 0, None, True, wait_for_workers=False)
        self.port = self._store.port

    def close(self) -> None:
        self._store = None


@pytest.fixture(scope="module")
def kept_store() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


@pytest.fixture
def seat(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[[Store], Seat]:
    def of(store: Store) -> Seat:
        told = {
            "RANK": "0",
            "WORLD_SIZE": "2",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(store.port),
            "TORCHELASTIC_USE_AGENT_STORE": "True",
            "TORCHELASTIC_RUN_ID": request.node.name,
        }
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        found = seat_of_environment()
        assert found is not None
        return found

    return of


def other_sees(seat: Seat, folder: Path) -> None:
    """What rank 1 says when it has seen the folder."""
    board = Board(seat)
    mark = folder / ".seen-other-1"
    mark.touch()
    board.put("folder/0/1", str(mark))
    board.add("folder/0/count", 1)


def test_what_a_killed_command_left_unkept_is_not_taken_for_ones_own(
    kept_store: Store,
    seat: Callable[[Store], Seat],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two starts of torchrun may have one address and one name."""
    found = []
    for start in range(2):
        place = seat(kept_store)._replace(run=f"none-{start}")
        other_sees(place, tmp_path)
        team = TorchrunTeam(place)
        found.append(team.share_folder(tmp_path, keep=False))
        if start == 1:
            found[-1].mkdir(parents=True)
        team.leave()
    assert found[0] != found[1]
    assert {folder.parent for folder in found} == {tmp_path / UNKEPT}
    assert not found[1].exists()
    assert [path.name for path in tmp_path.glob(".seen*")] == [".seen-other-1"]


def test_a_folder_that_another_process_does_not_share_is_refused_at_once(
    kept_store: Store, seat: Callable[[Store], Seat], tmp_path: Path
) -> None:
    place = seat(kept_store)
    (tmp_path / "other").mkdir()
    other_sees(place, tmp_path / "other")
    team = TorchrunTeam(place)
    try:
        with pytest.raises(UnlikeError, match=r"does not see what rank 1 writes to .*other"):
            team.share_folder(tmp_path / "own", keep=True)
    finally:
        team.leave()
    assert not list((tmp_path / "own").iterdir())


def test_a_second_command_of_one_torchrun_is_refused_once(
    kept_store: Store, seat: Callable[[Store], Seat]
) -> None:
    place = seat(kept_store)
    TorchrunTeam(place).leave()
    with pytest.raises(InputError, match="a torchrun of its own"):
        TorchrunTeam(place)
    with pytest.raises(TeamEnded):
        TorchrunTeam(place)


def ended(team: TorchrunTeam, cleanup: Callable[[], None] = lambda: None) -> int:
    """The exit code with which the team ends this process, which cleans up before it leaves."""
    try:
        time.sleep(20)
    except TeamEnded as found:
        cleanup()
        return found.exit_code
    finally:
        team.leave()
    raise AssertionError("goes on")


def test_a_process_that_loses_the_store_says_so_and_ends(
    seat: Callable[[Store], Seat],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "BEAT_SECONDS", 0.05)
    store = Store()
    place = seat(store)
    board, team = Board(place), TorchrunTeam(place)
    while board.look("beat/0") != "2":
        time.sleep(0.01)
    store.close()
    assert ended(team) == 3
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("leo-bench")]
    assert len(said) == 1
    assert re.search("store of torchrun's processes .* does not answer", said[0])


def test_a_process_of_another_machine_that_falls_silent_counts_as_dead(
    kept_store: Store,
    seat: Callable[[Store], Seat],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "BEAT_SECONDS", 0.02)
    place = seat(kept_store)
    board, team = Board(place), TorchrunTeam(place)
    member = watch.Member(1, "elsewhere", "its space", os.getpid())
    board.put("member/1", json.dumps(member))
    board.put("beat/1", "0")
    assert ended(team) == 3
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("leo-bench")]
    assert len(said) == 1
    assert f"rank 1 (process {os.getpid()} on elsewhere) has died" in said[0]


def test_a_process_that_is_ending_is_not_interrupted_by_a_second_signal(
    kept_store: Store, seat: Callable[[Store], Seat]
) -> None:
    place = seat(kept_store)
    board, team = Board(place), TorchrunTeam(place)
    board.put("failed", "2")
    cleaned = []

    def cleanup() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)
        cleaned.append(True)

    assert ended(team, cleanup) == 2
    assert cleaned == [True]
