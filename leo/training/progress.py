"""Numbers of a training report: mean losses and speed."""

import math
import time
from dataclasses import dataclass, field

import torch
from accelerate import Accelerator
from torch import Tensor


@dataclass
class LossMeans:
    """Losses since the last report; they stay on the device until they are read.

    Args:
        unseen: steps and their losses, on the device.
        seen: losses of earlier steps, read, by name.
    """

    unseen: list[tuple[int, dict[str, Tensor]]] = field(default_factory=list)
    seen: dict[str, list[float]] = field(default_factory=dict)

    def add(self, step: int, losses: dict[str, Tensor]) -> None:
        """Add the losses of a step, without waiting for them."""
        self.unseen.append((step, losses))

    def look(self, accelerator: Accelerator) -> tuple[int, str] | None:
        """Read the new losses; the first (step, loss) whose mean over processes is not finite."""
        if not self.unseen:
            return None
        flat = torch.stack([loss for _, losses in self.unseen for loss in losses.values()])
        if accelerator.num_processes > 1:
            torch.distributed.all_reduce(flat)
            flat /= accelerator.num_processes
        numbers = iter(flat.tolist())
        broken: tuple[int, str] | None = None
        for step, losses in self.unseen:
            for name in losses:
                self.seen.setdefault(name, []).append(number := next(numbers))
                if broken is None and not math.isfinite(number):
                    broken = step, f"loss {name}"
        self.unseen = []
        return broken

    def take(self) -> dict[str, float]:
        """The means over the steps that were read; they are then forgotten."""
        means = {name: math.fsum(found) / len(found) for name, found in self.seen.items()}
        self.seen = {}
        return means


@dataclass
class Pace:
    """Speed of training between two reports, without the time of validation and saving.

    Args:
        step: of the last report.
    """

    step: int
    speed: float = math.nan  # steps a second, up to the last report
    waited: float = math.nan  # share of that time spent waiting for data
    seconds: float = 0.0  # of that time

    def __post_init__(self) -> None:
        self._before, self._waited_before = time.perf_counter(), 0.0

    def at(self, step: int, waited: float) -> "Pace":
        """Set the numbers for a report; `waited`: seconds of waiting for data since the start."""
        now = time.perf_counter()
        self.seconds = now - self._before
        self.speed = (step - self.step) / self.seconds
        self.waited = (waited - self._waited_before) / self.seconds
        self.step, self._before, self._waited_before = step, now, waited
        return self

    def leave_out(self, seconds: float) -> None:
        """Exclude time that was not spent on training."""
        self._before += seconds
