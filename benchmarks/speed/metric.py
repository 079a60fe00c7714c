"""Cost of FVD in a training loop: an evaluation with real features computed or kept, and the steps.

The training is a toy: one convolution that learns to remove noise from a small clip. The network is
i3d-toy; `leo-bench speed i3d` has I3D at its full width.
"""

from functools import partial

import torch
from torch import Tensor, nn

from leo_bench.benchmarks.api.video_distance import FrechetVideoDistance
from leo_bench.benchmarks.speed.machine import Row, Task, Timing, interleaved

CLIPS, FRAMES, SIDE = 16, 16, 64
BATCH, SMALL = 4, 24  # clips at once; side of the clips that the toy is trained on
STEPS, TIMED = 1000, 50
ROUNDS = 3

_TRAINING, _COMPUTED, _KEPT = (
    f"{STEPS:,} training steps, from {TIMED}",
    f"FVD of {CLIPS} fakes, {CLIPS} real clips computed",
    f"FVD of {CLIPS} fakes, {CLIPS} real clips kept",
)


def measure() -> list[Row]:
    """Time on the CPU; a minute on two quiet cores."""
    generator = torch.Generator().manual_seed(0)
    shape = (CLIPS, FRAMES, 3, SIDE, SIDE)
    real, fake = (
        torch.randint(0, most, shape, dtype=torch.uint8, generator=generator) for most in (256, 128)
    )
    metrics = [_metric(keeps=False), _metric(keeps=True)]
    for batch in torch.split(real, BATCH):
        metrics[1].update(batch, real=True)
    tasks: dict[str, Task] = {
        _TRAINING: partial(_train, real[:1, ..., :SMALL, :SMALL]),
        _COMPUTED: partial(_evaluate, metrics[0], real, fake),
        _KEPT: partial(_evaluate, metrics[1], real[:0], fake),
    }
    timings = interleaved(tasks, ROUNDS)
    timed = timings[_TRAINING]
    whole = STEPS / TIMED
    timings[_TRAINING] = Timing(timed.fastest * whole, timed.median * whole)
    steps = timings[_TRAINING].fastest
    return [
        {
            "what": what,
            "seconds, best": f"{timing.fastest:.2f}",
            "median": f"{timing.median:.2f}",
            "of the steps": f"{timing.fastest / steps:.1%}",
            "of both sides": f"{timing.fastest / timings[_COMPUTED].fastest:.2f}",
        }
        for what, timing in timings.items()
    ]


def _metric(*, keeps: bool) -> FrechetVideoDistance:
    return FrechetVideoDistance(extractor="i3d-toy", reset_real_features=not keeps)


def _evaluate(metric: FrechetVideoDistance, real: Tensor, fake: Tensor) -> float:
    metric.reset()
    for batch in torch.split(real, BATCH):
        metric.update(batch, real=True)
    for batch in torch.split(fake, BATCH):
        metric.update(batch, real=False)
    return float(metric.compute())


def _train(clips: Tensor) -> None:
    generator = torch.Generator().manual_seed(0)
    wanted = clips.movedim(1, 2).float() / 255
    network = nn.Conv3d(3, 3, 3, padding=1)
    nn.init.dirac_(network.weight)  # the clips as they are
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    for _ in range(TIMED):
        noisy = wanted + torch.randn(wanted.shape, generator=generator)
        loss = (network(noisy) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
