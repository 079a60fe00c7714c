"""`Watcher`: what the training loop tells, to a screen or to trackers."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Distance:
    """A distance between samples and real videos.

    Args:
        value: FVD, KVD.
        interval: its 95 % interval; None with too few videos.
    """

    value: float
    interval: tuple[float, float] | None


class Watcher:
    """Callbacks of the training loop; these do nothing. To be derived from."""

    def on_start(self, stage: str, step: int, steps: int) -> None:
        """A stage begins, or resumes after `step` of `steps`."""

    def on_step(
        self, step: int, losses: Mapping[str, float], rate: float, left: float | None
    ) -> None:
        """A report: mean losses since the last, samples a second, seconds left or None."""

    def on_validation(self, step: int, numbers: Mapping[str, float]) -> None:
        """Numbers on the held-out data."""

    def on_evaluation(self, step: int, distances: Mapping[str, Distance], seconds: float) -> None:
        """Distances of samples to real videos by metric, and how long they took."""

    def on_picture(self, step: int, picture: Tensor) -> None:
        """A picture, uint8 [3,H,W]."""

    def on_end(self) -> None:
        """Training has ended, finished or not."""

    def say(self, line: str) -> None:
        """A line for the user."""
