"""Who is told how a training goes: a screen, TensorBoard. The loop itself shows nothing."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from leo_bench.evaluation.errors import InputError


class Watcher:
    """Is told what happens in a training; does nothing of it. To be derived from."""

    def on_start(self, stage: str, step: int, steps: int) -> None:
        """Training goes on after `step` of `steps`; 0 for a new one."""

    def on_step(
        self, step: int, losses: Mapping[str, float], rate: float, left: float | None
    ) -> None:
        """A report: mean losses since the last one, samples a second, seconds left if known."""

    def on_validation(self, step: int, numbers: Mapping[str, float]) -> None:
        """The held-out data were looked at."""

    def on_picture(self, step: int, picture: Tensor) -> None:
        """A picture was made: uint8 [3,H,W]."""

    def on_end(self) -> None:
        """Training is over, finished or not."""

    def say(self, line: str) -> None:
        """Something that a person should read."""


class TensorBoard(Watcher):
    """Writes curves and pictures for TensorBoard to `folder` (the `track` extra).

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
        """Open the writer; what it showed after `step` is taken back."""
        purge = step + 1 if step else None
        self._writer = self._make(str(self._folder / stage), purge_step=purge)

    def on_step(
        self, step: int, losses: Mapping[str, float], rate: float, left: float | None
    ) -> None:
        """Curves of the losses and of the speed."""
        self._scalars(step, {**losses, "samples per second": rate})

    def on_validation(self, step: int, numbers: Mapping[str, float]) -> None:
        """Curves of the held-out numbers."""
        self._scalars(step, {f"held out/{name}": value for name, value in numbers.items()})

    def on_picture(self, step: int, picture: Tensor) -> None:
        """The picture."""
        if self._writer is not None:
            self._writer.add_image("picture", picture.cpu(), step)

    def on_end(self) -> None:
        """Close the files."""
        if self._writer is not None:
            self._writer.close()

    def _scalars(self, step: int, numbers: Mapping[str, float]) -> None:
        if self._writer is not None:
            for name, value in numbers.items():
                self._writer.add_scalar(name, value, step)
