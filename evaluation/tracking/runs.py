"""`TrackedRun`: one run in one tracker, whose failures end no work."""

import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from leo_bench.evaluation.files.schema import leaves
from leo_bench.evaluation.tracking.places import Place, options

Scalar = str | int | float | bool


class TrackedRun:
    """One run in one tracker.

    Whatever fails in the tracker is said once, in one line, and the run then takes nothing more:
    no method raises for it.

    Attributes:
        run: the run's id, the tracker's own where it gives one.
        has: the last step that the tracker says it has; 0: it does not say.
        failed: whether the run takes nothing more.

    Args:
        tracker: the name, of `asked_trackers`.
        place: where the run belongs.
        config: what identifies the run; given to the tracker where the run is new.
        say: shows a line to the user.
        then: what a failure leaves as it is, such as "training goes on".
    """

    def __init__(
        self,
        tracker: str,
        place: Place,
        config: Mapping[str, Any],
        say: Callable[[str], None],
        then: str,
    ) -> None:
        self.run = place.run
        self.has = 0
        self.failed = False
        self._name, self._say, self._then = tracker, say, then
        self._tracker: Any = None  # until it is open
        self.attempt(lambda: self._open(place, flat(config)))

    def attempt(self, what: Callable[[], None]) -> None:
        """Do something for the tracker, unless it has failed; what it prints goes to stderr."""
        if self.failed:
            return
        try:
            with contextlib.redirect_stdout(sys.stderr):
                what()
        except Exception as error:
            self.failed = True
            why = " ".join(str(error).split())[:200]
            self._say(
                f"--track {self._name}: failed ({type(error).__name__}: {why}); nothing more is "
                f"logged there, and {self._then}"
            )

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Log the numbers of a step, all at once."""
        more = _LOG.get(self._name, {})
        self.attempt(lambda: self._tracker.log(dict(values), step=step, **more))

    def picture(self, name: str, picture: np.ndarray[Any, Any], step: int) -> None:
        """Log a picture, uint8 [H,W,3], where the tracker takes pictures."""
        show = _PICTURES.get(self._name)
        if show is not None:
            self.attempt(lambda: show(self._tracker, name, picture, step))

    def text(self, name: str, text: str) -> None:
        """Log a JSON text, where the tracker takes texts or files."""
        write = _TEXTS.get(self._name)
        if write is not None:
            self.attempt(lambda: write(self._tracker, name, text))

    def close(self) -> None:
        """End the run; one that has failed is closed without another word."""
        if self._tracker is None:
            return
        if self.failed:
            with contextlib.suppress(Exception), contextlib.redirect_stdout(sys.stderr):
                self._tracker.finish()
        else:
            self.attempt(self._tracker.finish)

    def _open(self, place: Place, config: dict[str, Scalar]) -> None:
        import torch
        from accelerate import PartialState
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS

        PartialState(cpu=not torch.cuda.is_available())  # accelerate's own messages need it
        made = LOGGER_TYPE_TO_CLASS[self._name]
        given = options(self._name, place, needs_folder=made.requires_logging_directory)
        tracker = made(**given)
        tracker.main_process_only = False  # only one process of a training makes this object
        tracker.start()
        self._tracker = tracker
        if self._name in _OWN_IDS:
            self.run = str(_OWN_IDS[self._name](tracker.tracker))
        if self._name == "wandb" and tracker.run.resumed:  # online, from its server
            self.has = tracker.run.step - 1
        if not place.goes_on:
            configure = _CONFIGS.get(self._name)
            if configure is None:
                tracker.store_init_configuration(config)
            else:
                configure(tracker.tracker, config)


def flat(config: Mapping[str, Any]) -> dict[str, Scalar]:
    """Nested tables as one, of values that every tracker takes: lists and None become JSON."""
    return {
        name: value if isinstance(value, str | int | float | bool) else json.dumps(value)
        for name, value in leaves(config)
    }


def _tensorboard_config(writer: Any, config: dict[str, Scalar]) -> None:
    """In the run's own folder; accelerate would make two more, which are shown as runs."""
    writer.add_hparams(config, {}, run_name=".")


def _wandb_text(tracker: Any, name: str, text: str) -> None:
    import wandb

    artifact = wandb.Artifact(f"{name}-{tracker.run.id}", type="record")
    with artifact.new_file(f"{name}.json", encoding="utf-8") as file:
        file.write(text)
    tracker.run.log_artifact(artifact)


def _mlflow_text(tracker: Any, name: str, text: str) -> None:
    import mlflow

    mlflow.log_text(text, f"records/{name}.json")


def _mlflow_picture(tracker: Any, name: str, picture: np.ndarray[Any, Any], step: int) -> None:
    import mlflow

    mlflow.log_image(picture, f"{name}/step-{step:08d}.png")


def _trackio_picture(tracker: Any, name: str, picture: np.ndarray[Any, Any], step: int) -> None:
    import trackio

    tracker.tracker.log({name: trackio.Image(picture)}, step=step)


_CONFIGS: dict[str, Callable[[Any, dict[str, Scalar]], None]] = {"tensorboard": _tensorboard_config}

_LOG: dict[str, dict[str, Any]] = {"wandb": {"commit": True}}  # else a row waits for the next one

# Trackers that name runs themselves, and where.
_OWN_IDS: dict[str, Callable[[Any], object]] = {
    "mlflow": lambda run: run.info.run_id,
    "aim": lambda run: run.hash,
    "clearml": lambda task: task.id,
}

_PICTURES: dict[str, Callable[[Any, str, np.ndarray[Any, Any], int], None]] = {
    "aim": lambda tracker, name, picture, step: tracker.log_images({name: picture}, step),
    "clearml": lambda tracker, name, picture, step: tracker.log_images({name: picture}, step),
    "comet_ml": lambda tracker, name, picture, step: tracker.tracker.log_image(
        picture, name=name, step=step
    ),
    "mlflow": _mlflow_picture,
    "swanlab": lambda tracker, name, picture, step: tracker.log_images({name: [picture]}, step),
    "tensorboard": lambda tracker, name, picture, step: tracker.log_images(
        {name: picture[None]}, step, dataformats="NHWC"
    ),
    "trackio": _trackio_picture,
    "wandb": lambda tracker, name, picture, step: tracker.log_images({name: [picture]}, step),
}

_TEXTS: dict[str, Callable[[Any, str, str], None]] = {
    "comet_ml": lambda tracker, name, text: tracker.tracker.log_asset_data(
        text, name=f"{name}.json"
    ),
    "mlflow": _mlflow_text,
    "tensorboard": lambda tracker, name, text: tracker.log({name: f"```json\n{text}\n```"}, step=0),
    "wandb": _wandb_text,
}
