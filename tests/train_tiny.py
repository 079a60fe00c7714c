"""A training as a process of its own: `python train_tiny.py STAGES RUN ACCUMULATE [KILL_AT]`.

"frame-dm" is the stage of "lmdm", with evaluations. At the report of step KILL_AT it dies as by
`kill -9`. Under torchrun it is one of several.
"""

import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from tiny_stages import SHORT, changed, folder_in, narrow_animator, regression, toy_gan

from leo_bench.leo.checkpoint import Model
from leo_bench.leo.stage import Stage
from leo_bench.leo.training.loop import train
from leo_bench.leo.training.watching import Distance, Watcher

STAGES: dict[str, Callable[[], Stage]] = {
    "lmdm": lambda: regression(ema=0.9, dropout=0.3),
    "frame-dm": lambda: regression(ema=0.9, dropout=0.3),
    "animator": toy_gan,
    "faces": narrow_animator,
}
STEPS = {"faces": 3}  # a real network takes longer
EVALUATED = {"frame-dm": 5}


class Killer(Watcher):
    def __init__(self, at: int) -> None:
        self.at = at

    def on_step(
        self, step: int, losses: Mapping[str, float], rate: float, left: float | None
    ) -> None:
        if step == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def slowly(model: Model) -> dict[str, Distance]:
    time.sleep(0.2)
    return {"fvd": Distance(float(model.network["weight"].norm()), None)}


def main(names: str, run: str, accumulate: str, kill_at: str = "0") -> None:
    for name in names.split(","):
        steps = STEPS.get(name, SHORT.steps)
        every = EVALUATED.get(name, 0)
        training = changed(SHORT, accumulate=int(accumulate), steps=steps, evaluate_every=every)
        watchers, folder = [Killer(int(kill_at))], folder_in(Path(run), name)
        train(STAGES[name](), training, folder, watchers, True, lambda: slowly)


if __name__ == "__main__":
    warnings.simplefilter("error")
    main(*sys.argv[1:])
