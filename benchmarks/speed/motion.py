"""Speed of long motion in code space: every sampler, one video or eight at once, two LMDMs.

The weights are random: time does not depend on their values. All steps of a sampler cost the same,
so a few are timed and the others counted; every row says how many were timed.
"""

import torch

from leo_bench.benchmarks.speed.machine import Row, Task, interleaved
from leo_bench.leo.config import LmdmConfig, load_config
from leo_bench.leo.diffusion.codes import CodeStats
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.models.motion_models import MotionModel
from leo_bench.leo.networks.unet1d import UNet1d
from leo_bench.leo.sampling.rollout import windows_needed

FRAMES = 1024  # of a video
_CODE = 20
_TIMED = 20  # steps of each sampler
_MODELS = {"paper": "taichihd128", "fast": "toy64"}  # name in the table -> config
_SAMPLERS = (Sampler("ddpm", 1000), Sampler("ddim", 50), Sampler("dpm", 20))
_BATCHES = (1, 8)


def measure() -> list[Row]:
    """Measure on the CPU; a minute on two quiet cores."""
    rows = []
    for name, config in _MODELS.items():
        model = _stand_in(load_config(config).lmdm)
        for batch in _BATCHES:
            rows.extend(_rows(name, model, batch))
    return rows


def _rows(name: str, model: MotionModel, batch: int) -> list[Row]:
    tasks: dict[str, Task] = {
        sampler.kind: _some_steps(model, sampler.kind, batch) for sampler in _SAMPLERS
    }
    timings = interleaved(tasks, rounds=2)
    weights = sum(parameter.numel() for parameter in model.network.parameters())
    rows: list[Row] = []
    slowest = 0.0  # seconds of a video by the first sampler, ddpm-1000
    for sampler in _SAMPLERS:
        steps = sampler.steps * windows_needed(FRAMES, model.config.length, model.config.spare)
        few = timings[sampler.kind].shared_by(batch * _TIMED)
        best, median = few.fastest * steps, few.median * steps
        slowest = slowest or best
        row = {
            "LMDM": name,
            "million weights": f"{weights / 1e6:.1f}",
            "sampler": f"{sampler.kind}-{sampler.steps}",
            "videos at once": str(batch),
            "s a video, best": f"{best:.2f}",
            "median": f"{median:.2f}",
            "frames/s": f"{FRAMES / best:.1f}",
            "times ddpm-1000": f"{slowest / best:.1f}",
            "timed": f"{_TIMED} of {steps:,} steps",
        }
        rows.append(row)
    return rows


def _some_steps(model: MotionModel, kind: str, batch: int) -> Task:
    sampler = Sampler.parse(f"{kind}-{_TIMED}", batch)
    first = torch.zeros(batch, _CODE)
    keys = [("speed", sample) for sample in range(batch)]
    return lambda: model.windows(first, keys, sampler)


def _stand_in(config: LmdmConfig) -> MotionModel:
    """An untrained model whose codes lie between -1 and 1."""
    one = torch.ones(_CODE)
    stats = CodeStats(0 * one, one, one.expand(config.length - 1, -1), -one, one)
    return MotionModel(UNet1d(_CODE, config.network).eval(), stats, config)
