"""Trackers follow the log of a stage: continued, late, failing; the training does not move."""

import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, GeneralTracker
from tiny_stages import (
    SHORT,
    StoppedError,
    changed,
    contents,
    failing_at,
    folder_in,
    regression,
)

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.checkpoint import Model
from leo_bench.leo.config import load_config
from leo_bench.leo.training.loop import train
from leo_bench.leo.training.tracking import Tracking
from leo_bench.leo.training.watching import Distance, Watcher

STEPS = [3, 4, 6, 8, 9, 12]  # of SHORT's reports
EVERY = changed(SHORT, evaluate_every=5)
ENDS = (0.5, 99.0)


class Lines(Watcher):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, line: str) -> None:
        self.said.append(line)


class Notes(GeneralTracker):
    """A tracker of one's own: it keeps what it is told, and fails at a step if it is asked to."""

    name = "notes"
    requires_logging_directory = False
    rows: list[tuple[int, dict[str, float]]]
    configs: list[dict[str, Any]]
    fails_at: int

    def __init__(self, run_name: str) -> None:
        super().__init__()

    @property
    def tracker(self) -> None:
        return None

    def store_init_configuration(self, values: dict[str, Any]) -> None:
        self.configs.append(values)

    def log(self, values: dict[str, float], step: int | None = None, **_: object) -> None:
        assert step is not None
        sys.stdout.write("the tracker's own words\n")
        torch.manual_seed(1)
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        torch.rand(3)
        if step == self.fails_at:
            raise ConnectionError("no network\nand a long explanation")
        self.rows.append((step, values))


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> type[Notes]:
    monkeypatch.setitem(LOGGER_TYPE_TO_CLASS, "notes", Notes)
    Notes.rows, Notes.configs, Notes.fails_at = [], [], 0
    return Notes


def tracking(tmp_path: Path, tracker: str, lines: Watcher | None = None) -> Tracking:
    config = load_config("toy64")
    return Tracking([tracker], tmp_path, config, {"data": "rows"}, lines or Watcher())


def events(tmp_path: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(tmp_path / "tensorboard" / "lmdm"), {"images": 0})
    found.Reload()
    return found


def distances(model: Model) -> dict[str, Distance]:
    return {"fvd": Distance(float(model.network["weight"].norm()), ENDS), "kvd": Distance(-1, None)}


def test_tensorboard_has_curves_distances_pictures_and_the_config(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    watcher = tracking(tmp_path, "tensorboard")
    train(regression(), EVERY, folder_in(tmp_path), [watcher], True, lambda: distances)
    found = events(tmp_path)
    assert [event.step for event in found.Scalars("line/square")] == STEPS
    assert [event.step for event in found.Scalars("learning rate/line")] == STEPS
    assert [event.step for event in found.Scalars("held out/loss")] == [6, 12]
    assert [event.step for event in found.Images("picture")] == [6, 12]
    assert [event.step for event in found.Scalars("samples/fvd")] == [5, 10, 12]
    assert [event.value for event in found.Scalars("samples/fvd high")] == [ENDS[1]] * 3
    assert [event.step for event in found.Scalars("samples/kvd")] == [5, 10, 12]
    assert "samples/kvd low" not in found.Tags()["scalars"]
    config = found.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    assert b"lmdm.training.steps" in config
    assert b"cddpm.training.steps" not in config


def test_a_tracker_asked_for_after_the_end_gets_the_whole_log_once(
    tmp_path: Path, notes: type[Notes]
) -> None:
    tracking(tmp_path, "notes").catch_up("lmdm")
    assert notes.rows == []  # nothing is finished
    train(regression(), SHORT, folder_in(tmp_path), [], cpu=True)
    for _ in range(2):
        tracking(tmp_path, "notes").catch_up("lmdm")
        assert [step for step, _ in notes.rows] == STEPS
    assert len(notes.configs) == 1


def test_a_killed_training_goes_on_in_the_same_curves(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    for stage in (failing_at(regression(), 11), failing_at(regression(), 7)):
        with pytest.raises(StoppedError):
            train(stage, SHORT, folder_in(tmp_path), [tracking(tmp_path, "tensorboard")], cpu=True)
        for path in folder_in(tmp_path).checkpoints()[1:]:
            path.unlink()  # as if it had been killed earlier: TensorBoard is ahead
    train(regression(), SHORT, folder_in(tmp_path), [tracking(tmp_path, "tensorboard")], cpu=True)
    found = events(tmp_path)
    assert [event.step for event in found.Scalars("line/square")] == STEPS
    assert [event.step for event in found.Images("picture")] == [6, 12]


def test_every_step_is_told_once_and_in_one_run(tmp_path: Path, notes: type[Notes]) -> None:
    with pytest.raises(StoppedError):
        train(
            failing_at(regression(), 11),
            SHORT,
            folder_in(tmp_path),
            [tracking(tmp_path, "notes")],
            cpu=True,
        )
    assert [step for step, _ in notes.rows] == [3, 4, 6, 8, 9]
    run = json.loads((tmp_path / "lmdm" / "trackers" / "notes.json").read_text())
    for path in folder_in(tmp_path).checkpoints()[1:]:
        path.unlink()  # the tracker is ahead: 6, 8 and 9 are not told again
    train(regression(), SHORT, folder_in(tmp_path), [tracking(tmp_path, "notes")], cpu=True)
    assert [step for step, _ in notes.rows] == STEPS
    assert dict(notes.rows)[12].keys() >= {"line/square", "learning rate/line", "held out/loss"}
    again = json.loads((tmp_path / "lmdm" / "trackers" / "notes.json").read_text())
    assert again == {"run": run["run"], "step": 12}
    assert len(notes.configs) == 1  # that of the run as it was begun
    assert notes.configs[0]["stage"] == "lmdm"
    assert notes.configs[0]["lmdm.training.steps"] == load_config("toy64").lmdm.training.steps
    assert all(isinstance(x, str | int | float | bool) for x in notes.configs[0].values())


def test_a_tracker_that_is_asked_for_late_gets_what_was(tmp_path: Path, notes: type[Notes]) -> None:
    with pytest.raises(StoppedError):
        train(failing_at(regression(), 11), SHORT, folder_in(tmp_path), cpu=True)
    train(regression(), SHORT, folder_in(tmp_path), [tracking(tmp_path, "notes")], cpu=True)
    assert [step for step, _ in notes.rows] == STEPS


def test_a_tracker_that_fails_is_said_once_and_moves_nothing(
    tmp_path: Path, notes: type[Notes], capsys: pytest.CaptureFixture[str]
) -> None:
    train(regression(dropout=0.2), SHORT, folder_in(tmp_path / "alone"), cpu=True)
    notes.fails_at = 6
    lines, beside = Lines(), tmp_path / "beside"
    train(
        regression(dropout=0.2), SHORT, folder_in(beside), [tracking(beside, "notes", lines)], True
    )
    failures = [line for line in lines.said if "notes" in line]
    assert failures == [
        "--track notes: failed (ConnectionError: no network and a long explanation); nothing more "
        "is logged there, and training goes on"
    ]
    assert capsys.readouterr().out == ""  # a tracker's own words are no results
    told = contents(beside)
    assert json.loads(bytes(told.pop("lmdm/trackers/notes.json")))["step"] == 4  # type: ignore[arg-type]
    assert told == contents(tmp_path / "alone")


def test_a_tracker_that_failed_gets_the_rest_when_training_goes_on(
    tmp_path: Path, notes: type[Notes]
) -> None:
    notes.fails_at = 6
    stopped = failing_at(regression(), 11)
    with pytest.raises(StoppedError):
        train(stopped, SHORT, folder_in(tmp_path), [tracking(tmp_path, "notes")], cpu=True)
    notes.fails_at = 0
    train(regression(), SHORT, folder_in(tmp_path), [tracking(tmp_path, "notes")], cpu=True)
    assert [step for step, _ in notes.rows] == STEPS


def test_a_tracker_that_cannot_be_opened_does_not_end_the_training(
    tmp_path: Path, notes: type[Notes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "start", lambda self: 1 / 0)
    lines = Lines()
    train(regression(), SHORT, folder_in(tmp_path), [tracking(tmp_path, "notes", lines)], cpu=True)
    assert sum("ZeroDivisionError" in line for line in lines.said) == 1
    (tmp_path / "lmdm" / "trackers").mkdir()
    (tmp_path / "lmdm" / "trackers" / "notes.json").write_text("{")
    tracking(tmp_path, "notes", lines).on_start("lmdm", 0, 12)
    assert "a new run of the tracker begins" in lines.said[-2]


def test_a_tracker_does_not_hide_why_a_training_was_refused(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    with pytest.raises(StoppedError):
        train(failing_at(regression(), 9), SHORT, folder_in(tmp_path), cpu=True)
    other = folder_in(tmp_path, data="other rows")
    with pytest.raises(InputError, match="rows"):
        train(regression(), SHORT, other, [tracking(tmp_path, "tensorboard")], cpu=True)


def test_what_a_tracker_may_not_have_stored_is_told_again(
    tmp_path: Path, notes: type[Notes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from leo_bench.leo.training import tracking as module

    monkeypatch.setitem(module.STORED_AFTER, "notes", 60.0)
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    folder, watcher = folder_in(tmp_path), tracking(tmp_path, "notes")
    folder.log({"step": 0, "losses": {}})
    watcher.on_start("lmdm", 0, 12)
    for step in (3, 6, 9, 12):
        folder.log({"step": step, "losses": {"line/square": 1.0}})
        watcher.on_step(step, {}, 1.0, None)
        now[0] += 40
    # Killed here: 3 was told at 40 s, 6 at 80 s and 9 at 120 s.
    assert json.loads((tmp_path / "lmdm" / "trackers" / "notes.json").read_text())["step"] == 3
    tracking(tmp_path, "notes").on_start("lmdm", 12, 12)
    assert [step for step, _ in notes.rows] == [3, 6, 9, 6, 9, 12]
