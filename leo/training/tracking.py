"""Tells trackers (TensorBoard, W&B, MLflow, ...) what a stage's log and pictures have.

A stage is one run in each tracker, and goes on in the same run when training does.
`RUN/STAGE/trackers/NAME.json` holds that run's id and the last step that the tracker has.
The trackers follow the log: what it has and they lack is told first, after a tracker failed or was
asked for late. A step that a tracker got before training was killed is not told again; its numbers
come out the same. TensorBoard is told such a step again, and discards the older one.
"""

import json
import math
import time
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.json_files import read_json
from leo_bench.evaluation.files.schema import Data, parse
from leo_bench.evaluation.tracking.places import PURGING, STORED_AFTER, Place
from leo_bench.evaluation.tracking.runs import TrackedRun
from leo_bench.leo.config import Config
from leo_bench.leo.stages import ENTRIES, table_of
from leo_bench.leo.training.watching import Distance, Watcher

PROJECT = "leo-bench-training"


class Tracking(Watcher):
    """Logs to trackers; a tracker that fails is said once, and training goes on.

    Args:
        trackers: names (`evaluation.tracking.names`).
        run: the folder of the training run; trackers that write files do so there.
        config: of the run.
        facts: what else is logged beside the config, such as the data.
        listener: shows lines to the user.
    """

    def __init__(
        self,
        trackers: Sequence[str],
        run: Path,
        config: Config,
        facts: Mapping[str, str],
        listener: Watcher,
    ) -> None:
        self._trackers, self._root, self._listener = trackers, run, listener
        self._config: dict[str, Any] = {**facts, **config.model_dump(mode="json")}
        self._followers: list[_Follower] = []

    def on_start(self, stage: str, step: int, steps: int) -> None:
        """Open a run in each tracker, and tell it what it lacks."""
        self._open(self._trackers, stage, step)

    def catch_up(self, stage: str) -> None:
        """Tell what trackers lack of a stage, if it is finished; training does not open it again.

        A tracker failed at its end, or was asked for late.
        """
        folder = self._root / stage
        if not (folder / "model.safetensors").is_file():
            return
        last = max((line["step"] for line in _lines(folder, 0)[0]), default=0)
        behind = []
        for name in self._trackers:
            told = _read(_told_file(folder, name), self._listener)
            if told is None or told.step < last:
                behind.append(name)
        self._open(behind, stage, last)
        self.on_end()

    def _open(self, trackers: Sequence[str], stage: str, step: int) -> None:
        others = {entry.table for entry in ENTRIES.values()} - {table_of(stage)}
        config = {key: value for key, value in self._config.items() if key not in others}
        self._followers = [
            _Follower(name, self._root / stage, {**config, "stage": stage}, step, self._listener)
            for name in trackers
        ]

    def on_step(
        self, step: int, losses: Mapping[str, float], rate: float, left: float | None
    ) -> None:
        """Tell what the log has of earlier steps: of this one it may get more."""
        self._follow(step)

    def on_validation(self, step: int, numbers: Mapping[str, float]) -> None:
        """As `on_step`."""
        self._follow(step)

    def on_evaluation(self, step: int, distances: Mapping[str, Distance], seconds: float) -> None:
        """As `on_step`."""
        self._follow(step)

    def on_picture(self, step: int, picture: Tensor) -> None:
        """As `on_step`; the picture is told with the numbers of its step."""
        for follower in self._followers:
            follower.pictures.add(step)
        self._follow(step)

    def on_end(self) -> None:
        """Tell the rest, and close the runs."""
        self._follow(math.inf)
        for follower in self._followers:
            follower.close()
        self._followers = []

    def _follow(self, below: float) -> None:
        for follower in self._followers:
            follower.run.attempt(partial(follower.tell, below))


class _Told(Data):
    """The content of `RUN/STAGE/trackers/NAME.json`."""

    run: str
    step: int


class _Follower:
    """One tracker, which follows the files of one stage."""

    def __init__(
        self, tracker: str, stage: Path, config: Mapping[str, Any], step: int, listener: Watcher
    ) -> None:
        self._stage = stage
        self._file = _told_file(stage, tracker)
        self._read = 0  # bytes of the log
        self._waiting: dict[int, dict[str, float]] = {}  # steps that are not told yet
        self.pictures = {int(path.stem[5:]) for path in stage.glob("pictures/step-*.png")}
        told = _read(self._file, listener)
        self._told = 0 if told is None else told.step
        if tracker in PURGING:
            self._told = min(self._told, step)
        self.run = TrackedRun(
            tracker,
            Place(
                project=PROJECT,
                group=stage.absolute().parent.name,
                name=stage.name,
                folder=stage.absolute().parent,
                key=stage.name,
                run=uuid.uuid4().hex if told is None else told.run,
                goes_on=told is not None,
                after=step,
            ),
            config,
            listener.say,
            then="training goes on",
        )
        self._told = max(self._told, self.run.has)
        self._stored = self._told
        self._recent: deque[tuple[float, int]] = deque()  # when which steps were told
        self._stored_after = STORED_AFTER.get(tracker, 0.0)
        self.run.attempt(self._keep)
        self.run.attempt(partial(self.tell, step + 1))

    def tell(self, below: float) -> None:
        """Log what the files have of steps below `below`, and were not told before."""
        lines, self._read = _lines(self._stage, self._read)
        for line in lines:
            self._waiting.setdefault(line["step"], {}).update(numbers_of(line))
        steps = sorted(self._waiting.keys() | self.pictures)
        for step in (step for step in steps if self._told < step < below):
            if step in self.pictures:
                path = self._stage / "pictures" / f"step-{step:08d}.png"
                self.run.picture("picture", _pixels(path), step)
            if numbers := self._waiting.get(step):
                self.run.log(numbers, step)
            if self.run.failed:
                return
            self._told = step
            self._recent.append((time.monotonic() + self._stored_after, step))
            self._keep()
        self._waiting = {step: line for step, line in self._waiting.items() if step >= below}
        self.pictures = {step for step in self.pictures if step >= below}

    def close(self) -> None:
        """Close the run; the tracker then has all that it was told."""
        self.run.close()
        if not self.run.failed:
            self._stored = self._told
            self._recent.clear()
            self.run.attempt(self._keep)

    def _keep(self) -> None:
        while self._recent and self._recent[0][0] <= time.monotonic():
            self._stored = self._recent.popleft()[1]
        told = _Told(run=self.run.run, step=self._stored)
        write_atomically(self._file, f"{told.model_dump_json()}\n".encode())


def numbers_of(line: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a line of the log by the names that trackers show; none that are not finite.

    Losses have the names of the log; learning rates are "learning rate/PLAYER", held-out numbers
    "held out/NAME", distances of samples "samples/METRIC", with " low" and " high" for the ends of
    their 95 % intervals.
    """
    found = dict(line.get("losses", {}))
    found |= {f"learning rate/{name}": x for name, x in line.get("learning_rate", {}).items()}
    found |= {f"held out/{name}": x for name, x in line.get("validation", {}).items()}
    found["samples per second"] = line.get("samples_per_second")
    for metric, distance in line.get("evaluation", {}).items():
        low, high = distance["interval"] or (None, None)
        named = {"": distance["value"], " low": low, " high": high}
        found |= {f"samples/{metric}{end}": value for end, value in named.items()}
    return {name: value for name, value in found.items() if value is not None}


def _told_file(stage: Path, tracker: str) -> Path:
    return stage / "trackers" / f"{tracker}.json"


def _lines(stage: Path, read: int) -> tuple[list[dict[str, Any]], int]:
    """The lines of a stage's log after `read` bytes, and the bytes that are then read."""
    path = stage / "log.jsonl"
    if not path.exists():
        return [], read
    with path.open("rb") as file:
        file.seek(read)
        content = file.read()
    return [json.loads(line) for line in content.splitlines()], read + len(content)


def _read(path: Path, listener: Watcher) -> _Told | None:
    """What a tracker was told; None where nothing is known."""
    if not path.exists():
        return None
    try:
        return parse(_Told, read_json(path), where=str(path))
    except InputError as error:
        listener.say(f"{error}; a new run of the tracker begins")
        return None


def _pixels(path: Path) -> np.ndarray[Any, Any]:
    """uint8 [H,W,3]."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
