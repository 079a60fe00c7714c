"""A training as a process of its own: `python train_tiny.py STAGES RUN ACCUMULATE [KILL_AT]`.

At the report of step KILL_AT it dies as by `kill -9`. Under torchrun it is one of several.
"""

import os
import signal
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

from tiny_stages import SHORT, folder_in, regression, toy_gan

from leo.train import train
from leo.watching import Watcher


class Killer(Watcher):
    def __init__(self, at: int) -> None:
        self.at = at

    def on_step(self, step: int, losses: Mapping[str, float], rate: float, left: float) -> None:
        if step == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def main(names: str, run: str, accumulate: str, kill_at: str = "0") -> None:
    training = SHORT.model_copy(update={"accumulate": int(accumulate)})
    for name in names.split(","):
        stage = toy_gan() if name == "animator" else regression(ema=0.9, dropout=0.3)
        train(stage, training, folder_in(Path(run), name), [Killer(int(kill_at))], cpu=True)


if __name__ == "__main__":
    warnings.simplefilter("error")
    main(*sys.argv[1:])
