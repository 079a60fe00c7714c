"""Progress of a training on standard error: losses, samples per second, time left."""

import time
from collections.abc import Mapping
from datetime import timedelta

from rich.console import Console
from rich.progress import Progress

from leo_bench.benchmarks.cli.screen import HEARTBEAT_SECONDS, progress_bar, say
from leo_bench.evaluation.records.shown_digits import measured_text, number_text
from leo_bench.leo.training.watching import Distance, Watcher


class TrainingScreen(Watcher):
    """A bar on a terminal; one line every half minute in a log."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._progress: Progress | None = None
        self._last = -HEARTBEAT_SECONDS
        self._stage, self._steps = "", 0

    def on_start(self, stage: str, step: int, steps: int) -> None:
        """Show the stage and the step at which training begins."""
        self._stage, self._steps = stage, steps
        self.say(f"{stage}: on from step {step} of {steps}" if step else f"{stage}: {steps} steps")
        if self._console.is_terminal:
            self._progress = progress_bar(self._console, stage, steps, step)

    def on_step(
        self, step: int, losses: Mapping[str, float], rate: float, left: float | None
    ) -> None:
        """Show losses and pace."""
        shown = "  ".join(f"{name} {number_text(value)}" for name, value in losses.items())
        time_left = "time left unknown"
        if left is not None:
            time_left = f"{timedelta(seconds=round(left))} left"
        how = f"{shown}  {rate:.1f} samples/s, {time_left}"
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], completed=step, how=how)
        elif time.monotonic() - self._last >= HEARTBEAT_SECONDS:
            self._last = time.monotonic()
            say(f"{self._stage} {step}/{self._steps}: {how}")

    def on_validation(self, step: int, numbers: Mapping[str, float]) -> None:
        """Show a line of held-out numbers, which stays."""
        shown = "  ".join(f"{name} {number_text(value)}" for name, value in numbers.items())
        self.say(f"{self._stage} {step}/{self._steps}: held out {shown}")

    def on_evaluation(self, step: int, distances: Mapping[str, Distance], seconds: float) -> None:
        """Show a line of distances, which stays."""
        shown = "  ".join(f"{name.upper()} {_shown(d)}" for name, d in distances.items())
        self.say(f"{self._stage} {step}/{self._steps}: samples {shown}  ({seconds:.0f} s)")

    def on_end(self) -> None:
        """Remove the bar."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def say(self, line: str) -> None:
        """Show a line above the bar."""
        if self._progress is not None:
            self._progress.console.print(line, markup=False, soft_wrap=True)
        else:
            say(line)


def _shown(distance: Distance) -> str:
    return measured_text(distance.value, distance.interval)
