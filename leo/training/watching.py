"""Watchers of a training run: the interface that the loop calls, and TensorBoard."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from leo_bench.evaluation.errors import InputError


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


class TensorBoard(Watcher):
    """Writes TensorBoard files to `folder` (needs the `track` extra).

    Raises:
        InputError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise InputError(
                "--tensorboard: TensorBoard is not installed; pip install 'leo-bench[track]'"
            ) from None
        self._make = SummaryWriter
        self._folder = folder
        self._writer: SummaryWriter | None = None  # until a stage begins

    def on_start(self, stage: str, step: int, steps: int) -> None:
        """Open the writer and discard what was written after `step`."""
        purge = step + 1 if step else None
        self._writer = self._make(str(self._folder / stage), purge_step=purge)

    def on_step(
        self, step: int, losses: Mapping[str, float], rate: float, left: float | None
    ) -> None:
        """Write losses and speed."""
        self._scalars(step, {**losses, "samples per second": rate})

    def on_validation(self, step: int, numbers: Mapping[str, float]) -> None:
        """Write the held-out numbers."""
        self._scalars(step, {f"held out/{name}": value for name, value in numbers.items()})

    def on_evaluation(self, step: int, distances: Mapping[str, Distance], seconds: float) -> None:
        """Write each distance and the ends of its interval."""
        self._scalars(step, {f"samples/{name}": found.value for name, found in distances.items()})
        for name, found in distances.items():
            if found.interval is not None:
                ends = zip(("low", "high"), found.interval, strict=True)
                self._scalars(step, {f"samples/{name} {end}": value for end, value in ends})

    def on_picture(self, step: int, picture: Tensor) -> None:
        """Write the picture."""
        if self._writer is not None:
            self._writer.add_image("picture", picture.cpu(), step)

    def on_end(self) -> None:
        """Close the writer."""
        if self._writer is not None:
            self._writer.close()

    def _scalars(self, step: int, numbers: Mapping[str, float]) -> None:
        if self._writer is not None:
            for name, value in numbers.items():
                self._writer.add_scalar(name, value, step)
