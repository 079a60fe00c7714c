"""Evaluation of a stage's samples while it is trained: what the loop asks for, logs and keeps.

Training does not depend on it: every step has its own random numbers, and the weights are copied.
"""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import torch
from accelerate import Accelerator

from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.leo.checkpoint import Model, trained_with
from leo_bench.leo.training.run_folder import StageFolder
from leo_bench.leo.training.watching import Distance, Watcher
from leo_bench.leo.training_config import Training

PATIENCE = timedelta(days=7)  # longest evaluation that the other processes wait for


class Evaluator(Protocol):
    """Distances of a model's samples to real videos, by metric."""

    def __call__(self, model: Model, /) -> Mapping[str, Distance]:
        """Sample from a model as it would be saved, and measure the samples.

        Raises:
            InputError: it cannot be sampled from, or its samples cannot be measured.
            InfrastructureError: a device failed.
        """


# Opens the real videos and the networks; raises InputError before the first step of training.
OpenEvaluator = Callable[[], Evaluator]


@dataclass
class Best:
    """The lowest number so far.

    Args:
        of: the number's name: "loss" of the held-out data, "fvd" or "kvd" of samples.
        value: the number.
        step: at which it was found; 0: not yet.
    """

    of: str
    value: float = math.inf
    step: int = 0

    @classmethod
    def resumed(cls, training: Training, checkpoint: Mapping[str, str]) -> "Best":
        """The one in a checkpoint's metadata; none yet if another number marked it (`best_by`)."""
        progress, theirs = json.loads(checkpoint["state"]), trained_with(checkpoint)
        before = Training.model_validate(theirs) if theirs else training  # in older checkpoints
        if progress.get("best_by", before.best_by) != training.best_by:
            return cls(training.keep_best)
        return cls(training.keep_best, progress["best_loss"], progress["best_step"])

    def take(self, numbers: Mapping[str, float], step: int) -> bool:
        """Take the number of this name if it is there and lower; return whether it was."""
        if not (value := numbers.get(self.of, math.nan)) < self.value:
            return False
        self.value, self.step = value, step
        return True

    def about(self, file: str) -> str:
        """The number, its step and the model's file, for the user."""
        name = "held-out loss" if self.of == "loss" else f"{self.of.upper()} of samples"
        if self.of != "loss" and self.step == 0:
            return f"no {name} was measured, so there is no best model"
        return f"the best {name} was {self.value:.4g} at step {self.step} ({file})"


class Evaluations:
    """The evaluations of one training; the first process makes them and the others wait.

    Args:
        training: of the stage; without `evaluate_every` there are none.
        evaluator: opens what measures samples.
        folder: of the stage, for the log.
        watchers: are told the distances.
        accelerator: knows the processes.

    Raises:
        InputError: the evaluator cannot be opened.
    """

    def __init__(
        self,
        training: Training,
        evaluator: OpenEvaluator | None,
        folder: StageFolder,
        watchers: Sequence[Watcher],
        accelerator: Accelerator,
    ) -> None:
        self._training, self._folder, self._watchers = training, folder, watchers
        self._evaluator: Evaluator | None = None
        self._waiting: torch.distributed.ProcessGroup | None = None
        if not training.evaluate_every:
            return
        if evaluator is None:
            raise ValueError("evaluate_every needs an evaluator")
        if accelerator.num_processes > 1:
            # The usual group ends a training after 10 (NCCL) or 30 minutes (gloo) of waiting.
            group = torch.distributed.new_group(backend="gloo", timeout=PATIENCE)
            self._waiting = group if isinstance(group, torch.distributed.ProcessGroup) else None
        if accelerator.is_main_process:
            self._evaluator = evaluator()
        self.wait()

    def due(self, step: int) -> bool:
        """Whether samples are evaluated after a step; after the last one they always are."""
        every = self._training.evaluate_every
        return every > 0 and (step == self._training.steps or step % every == 0)

    def at(self, step: int, model: Callable[[], Model]) -> dict[str, float]:
        """Evaluate, log and tell; the values by metric, none in processes that wait.

        An evaluation that fails is logged and told, and gives no values: the weights are intact, a
        model may be past it some steps later, and what fails whatever the weights is found when the
        evaluator is opened.
        """
        if self._evaluator is None:
            return {}
        began = time.perf_counter()
        try:
            found = self._evaluator(model())
        except (InputError, InfrastructureError, torch.OutOfMemoryError) as error:
            why = str(error).partition("\n")[0]
            self._folder.log({"step": step, "evaluation": {}, "failed": why})
            for watcher in self._watchers:
                watcher.say(f"no evaluation at step {step}: {why}; training goes on")
            return {}
        seconds = time.perf_counter() - began
        numbers = {
            metric: {"value": distance.value, "interval": distance.interval}
            for metric, distance in found.items()
        }
        self._folder.log({"step": step, "evaluation": numbers, "seconds": round(seconds, 3)})
        for watcher in self._watchers:
            watcher.on_evaluation(step, found, seconds)
        return {metric: distance.value for metric, distance in found.items()}

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if self._waiting is not None:
            torch.distributed.barrier(group=self._waiting)
