"""Long motion in code space: every sampler, one video or eight at a time, two sizes of LMDM.

The weights are stand-ins; time does not depend on their values. Steps of a sampler cost the same,
so a few of one run are timed and the rest is counted: every row says how many were.
"""

from dataclasses import dataclass

import torch

from leo_bench.benchmarks.speed.machine import Task, Timing, interleaved
from leo_bench.leo.config import LmdmConfig, load_config
from leo_bench.leo.diffusion.codes import CodeStats
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.models.motion_models import MotionModel
from leo_bench.leo.networks.unet1d import UNet1d
from leo_bench.leo.sampling.rollout import runs

COLUMNS = (
    "LMDM",
    "million weights",
    "sampler",
    "videos at once",
    "s a video, best",
    "median",
    "frames/s",
    "times ddpm-1000",
    "timed",
)

FRAMES = 1024  # of a video
_CODE = 20
_TIMED = 20  # steps of each sampler
_MODELS = {"paper": "taichihd128", "fast": "toy64"}  # the configs that they are taken from
_SAMPLERS = (Sampler("ddpm", 1000), Sampler("ddim", 50), Sampler("dpm", 20))
_BATCHES = (1, 8)


@dataclass(frozen=True)
class MotionTiming:
    """One line of the table.

    Args:
        model: "paper" or "fast".
        weights: how many.
        sampler: what was asked of the model, and how many videos at once.
        steps: calls of the network that a video of `FRAMES` takes.
        timing: of a video.
        slowest: seconds of a video with ddpm-1000, as many at once.
    """

    model: str
    weights: int
    sampler: Sampler
    steps: int
    timing: Timing
    slowest: float

    def cells(self) -> list[str]:
        """As `COLUMNS`."""
        return [
            self.model,
            f"{self.weights / 1e6:.1f}",
            f"{self.sampler.kind}-{self.sampler.steps}",
            str(self.sampler.batch),
            f"{self.timing.fastest:.2f}",
            f"{self.timing.median:.2f}",
            f"{FRAMES / self.timing.fastest:.1f}",
            f"{self.slowest / self.timing.fastest:.1f}",
            f"{_TIMED} of {self.steps:,} steps",
        ]


def measure() -> list[MotionTiming]:
    """Measure on the CPU; a minute on two quiet cores."""
    rows = []
    for name, config in _MODELS.items():
        model = _stand_in(load_config(config).lmdm)
        for batch in _BATCHES:
            rows.extend(_rows(name, model, batch))
    return rows


def _rows(name: str, model: MotionModel, batch: int) -> list[MotionTiming]:
    tasks: dict[str, Task] = {
        sampler.kind: _some_steps(model, sampler.kind, batch) for sampler in _SAMPLERS
    }
    timings = interleaved(tasks, rounds=2)
    weights = sum(parameter.numel() for parameter in model.network.parameters())
    rows: list[MotionTiming] = []
    for asked in _SAMPLERS:
        sampler = Sampler(asked.kind, asked.steps, batch)
        steps = sampler.steps * runs(FRAMES, model.config.length, model.config.spare)
        few = timings[sampler.kind].shared_by(batch * _TIMED)
        timing = Timing(few.fastest * steps, few.median * steps)
        slowest = rows[0].timing.fastest if rows else timing.fastest
        rows.append(MotionTiming(name, weights, sampler, steps, timing, slowest))
    return rows


def _some_steps(model: MotionModel, kind: str, batch: int) -> Task:
    sampler = Sampler.parse(f"{kind}-{_TIMED}", batch)
    first = torch.zeros(batch, _CODE)
    keys = [("speed", sample) for sample in range(batch)]
    return lambda: model.windows(first, keys, sampler)


def _stand_in(config: LmdmConfig) -> MotionModel:
    """A model of codes between -1 and 1."""
    one = torch.ones(_CODE)
    stats = CodeStats(0 * one, one, one.expand(config.length - 1, -1), -one, one)
    return MotionModel(UNet1d(_CODE, config.network).eval(), stats, config)
