"""What a training report says: mean losses, and how fast it goes."""

import math
import time
from dataclasses import dataclass, field

import torch
from accelerate import Accelerator  # type: ignore[import-untyped]
from torch import Tensor


@dataclass
class LossMeans:
    """Losses since the last report, left on the device: to look at them is to wait for it.

    Args:
        unseen: steps and their losses that nobody has looked at.
        seen: losses of the steps before those, by name.
    """

    unseen: list[tuple[int, dict[str, Tensor]]] = field(default_factory=list)
    seen: dict[str, list[float]] = field(default_factory=dict)

    def add(self, step: int, losses: dict[str, Tensor]) -> None:
        """Keep the losses of a step."""
        self.unseen.append((step, losses))

    def look(self, accelerator: Accelerator) -> tuple[int, str] | None:
        """The first (step, what) not seen before, in its mean over processes, not finite."""
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
        """The means over the steps that were looked at, which are then forgotten."""
        means = {name: math.fsum(found) / len(found) for name, found in self.seen.items()}
        self.seen = {}
        return means


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
