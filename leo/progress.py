"""What a training report says: mean losses, and how fast it goes."""

import math
import time
from dataclasses import dataclass, field

import torch
from accelerate import Accelerator  # type: ignore[import-untyped]
from torch import Tensor


@dataclass
class LossMeans:
    """Losses since the last report, left on the device: to look at them is to wait for it."""

    steps: list[int] = field(default_factory=list)
    values: list[dict[str, Tensor]] = field(default_factory=list)

    def add(self, step: int, losses: dict[str, Tensor]) -> None:
        """Keep the losses of a step."""
        self.steps.append(step)
        self.values.append(losses)

    def take(self, accelerator: Accelerator) -> tuple[dict[str, float], tuple[int, str] | None]:
        """Their means over steps and processes, and the first (step, what) that is not finite."""
        flat = torch.stack([loss for losses in self.values for loss in losses.values()])
        if accelerator.num_processes > 1:
            torch.distributed.all_reduce(flat)
            flat /= accelerator.num_processes
        numbers = iter(flat.tolist())
        by_name: dict[str, list[float]] = {}
        broken: tuple[int, str] | None = None
        for step, losses in zip(self.steps, self.values, strict=True):
            for name in losses:
                by_name.setdefault(name, []).append(number := next(numbers))
                if broken is None and not math.isfinite(number):
                    broken = step, f"loss {name}"
        self.steps, self.values = [], []
        return {name: math.fsum(found) / len(found) for name, found in by_name.items()}, broken


@dataclass
class Pace:
    """How fast training goes between reports; looking and saving are left out.

    Args:
        step: of the last report.
    """

    step: int
    speed: float = math.nan  # steps a second, up to the last report
    waited: float = math.nan  # share of that time spent waiting for data
    seconds: float = 0.0  # that time

    def __post_init__(self) -> None:
        self._before, self._waited_before = time.perf_counter(), 0.0

    def at(self, step: int, waited: float) -> "Pace":
        """Take the time of a report; `waited`: seconds of waiting since the start."""
        now = time.perf_counter()
        self.seconds = now - self._before
        self.speed = (step - self.step) / self.seconds
        self.waited = (waited - self._waited_before) / self.seconds
        self.step, self._before, self._waited_before = step, now, waited
        return self

    def leave_out(self, seconds: float) -> None:
        """Time that went into something else than training."""
        self._before += seconds
