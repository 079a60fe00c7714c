"""Where a tracker puts a run, and what each tracker is opened with.

The options are those of the trackers' own packages, which accelerate hands on. Files lie in
`Place.folder` unless an environment variable of the tracker's own names another place.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PURGING = frozenset({"tensorboard"})  # trackers that discard what came after `Place.after`

# Seconds after which a killed process cannot take away what it logged: these trackers write or send
# in the background. wandb 0.31 writes every 15 s; the others store a number before they return.
STORED_AFTER = {"clearml": 60.0, "comet_ml": 60.0, "swanlab": 60.0, "trackio": 60.0, "wandb": 60.0}


@dataclass(frozen=True)
class Place:
    """One run of a tracker.

    Args:
        project: W&B's project, MLflow's experiment.
        group: what runs belong to: the folder of a training, a data set.
        name: of the run.
        folder: absolute; for the files of trackers that write files.
        key: the run's name in that folder; unique there.
        run: the run's id: a new one, or that of the run that goes on.
        goes_on: whether a run of this id is there already.
        after: the last step to keep; steps after it come again. None: a run without steps.
    """

    project: str
    group: str
    name: str
    folder: Path
    key: str
    run: str
    goes_on: bool = False
    after: int | None = None

    @property
    def title(self) -> str:
        """Group and name, for trackers that know no groups."""
        return f"{self.group} {self.name}"


def options(tracker: str, place: Place, *, needs_folder: bool) -> dict[str, Any]:
    """What accelerate's class of a tracker is called with.

    Args:
        tracker: its name.
        place: of the run.
        needs_folder: whether accelerate says that the class requires a logging directory.
    """
    made = _OPTIONS.get(tracker)
    if made is not None:
        return made(place)
    found: dict[str, Any] = {"run_name": place.title}
    if needs_folder:
        found["logging_dir"] = str(_made(place.folder / tracker))
    return found


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _tensorboard(place: Place) -> dict[str, Any]:
    found = {"run_name": place.key, "logging_dir": str(place.folder / "tensorboard")}
    return found if place.after is None else {**found, "purge_step": place.after + 1}


def _wandb(place: Place) -> dict[str, Any]:
    found = {
        "run_name": os.environ.get("WANDB_PROJECT", place.project),
        "group": os.environ.get("WANDB_RUN_GROUP", place.group),
        "name": place.title,
        "id": place.run,
        "resume": "allow",
        "settings": {"console": "off"},  # standard output has results alone
    }
    if "WANDB_DIR" not in os.environ:  # wandb adds `wandb` to it
        found["dir"] = str(_made(place.folder))
    return found


def _mlflow(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = {"experiment_name": place.project, "run_name": place.title}
    if place.goes_on:
        found["run_id"] = place.run
    if "MLFLOW_TRACKING_URI" not in os.environ:  # its own default is in the current folder
        import mlflow

        folder = _made(place.folder / "mlflow")
        mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
        found["logging_dir"] = (folder / "artifacts").as_uri()
    return found


def _comet(place: Place) -> dict[str, Any]:
    import comet_ml

    config = comet_ml.ExperimentConfig(
        name=place.title, tags=[place.group], auto_output_logging=False
    )
    return {
        "run_name": os.environ.get("COMET_PROJECT_NAME", place.project),
        "experiment_key": place.run,
        "mode": "get_or_create",
        "experiment_config": config,
    }


def _aim(place: Place) -> dict[str, Any]:
    found = {"run_name": place.title, "experiment": place.project}
    found["logging_dir"] = str(_made(place.folder / "aim"))
    return {**found, "run_hash": place.run} if place.goes_on else found


def _clearml(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = {
        "run_name": place.project,
        "task_name": place.title,
        "auto_connect_frameworks": False,  # it would log checkpoints and other trackers' curves
        "auto_connect_streams": False,
    }
    if place.goes_on:  # 0: steps are counted from the beginning
        found |= {"reuse_last_task_id": place.run, "continue_last_task": 0}
    else:
        found["reuse_last_task_id"] = False
    return found


def _dvclive(place: Place) -> dict[str, Any]:
    folder = place.folder / "dvclive" / f"{place.key}-{place.run[:8]}"
    return {"dir": str(folder), "resume": place.goes_on, "save_dvc_exp": False}


def _swanlab(place: Place) -> dict[str, Any]:
    return {
        "run_name": os.environ.get("SWANLAB_PROJ_NAME", place.project),
        "experiment_name": place.title,
        "group": place.group,
        "id": place.run[:21],
        "resume": "allow",
        "logdir": str(place.folder / "swanlab"),
    }


def _trackio(place: Place) -> dict[str, Any]:
    return {
        "run_name": place.project,
        "name": f"{place.title} {place.run[:8]}",
        "resume": "allow",
    }


_OPTIONS: Mapping[str, Callable[[Place], dict[str, Any]]] = {
    "aim": _aim,
    "clearml": _clearml,
    "comet_ml": _comet,
    "dvclive": _dvclive,
    "mlflow": _mlflow,
    "swanlab": _swanlab,
    "tensorboard": _tensorboard,
    "trackio": _trackio,
    "wandb": _wandb,
}
