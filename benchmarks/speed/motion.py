"""Speed of long motion in code space: every form, every sampler, one video or eight at once.

The weights are random: time does not depend on their values. All steps of a sampler cost the same,
so a few are timed and the others counted; every row says how many were timed. `leo-bench speed
peers` has improved-diffusion's network in the same places.
"""

from dataclasses import dataclass

import torch

from leo_bench.benchmarks.speed.machine import Row, Task, Timing, interleaved
from leo_bench.evaluation.extractors.numerics import computes_bf16
from leo_bench.leo.config import LmdmConfig, load_config
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.models.motion_models import MotionModel, lmdm_network
from leo_bench.leo.networks.fast_unet1d import FastUNet1d
from leo_bench.leo.networks.unet1d import UNet1d
from leo_bench.leo.sampling.rollout import windows_needed
from leo_bench.leo.seeds import normal
from leo_bench.leo.stages.lmdm import stats_of

FRAMES = 1024  # of a video
_CODE = 20
_TIMED = 20  # steps of each sampler
_MODELS = {"paper": "taichihd128", "toy": "toy64"}  # name in the table -> config
_SAMPLERS = (Sampler("ddpm", 1000), Sampler("ddim", 50), Sampler("dpm", 20))
_COMPARED = _SAMPLERS[1]  # the one that every form is timed with
_BATCHES = (1, 8)


@dataclass(frozen=True)
class _Case:
    """One row: a form of the network, and a sampler."""

    form: str
    model: MotionModel
    sampler: Sampler

    @property
    def name(self) -> str:
        return f"{self.form}, {self.sampler.kind}"

    @property
    def steps(self) -> int:
        """Of a whole video."""
        config = self.model.config
        return self.sampler.steps * windows_needed(FRAMES, config.length, config.spare)


def measure() -> list[Row]:
    """Measure on the CPU; two minutes on two quiet cores."""
    rows = []
    for name, config in _MODELS.items():
        network = load_config(config).lmdm
        cases = _cases(network)
        for batch in _BATCHES:
            rows.extend(_rows(name, cases, batch))
    return rows


def _cases(config: LmdmConfig) -> list[_Case]:
    network = lmdm_network(config, _CODE).eval().requires_grad_(False)
    fast = _stand_in(FastUNet1d(network), config)
    cases = [_Case("plain, fp32", _stand_in(network, config), _COMPARED)]
    cases += [_Case("fast, fp32", fast, sampler) for sampler in _SAMPLERS]
    if computes_bf16(torch.device("cpu")):
        brain = _stand_in(FastUNet1d(network, torch.bfloat16), config)
        cases.append(_Case("fast, bf16", brain, _COMPARED))
    return cases


def _rows(name: str, cases: list[_Case], batch: int) -> list[Row]:
    tasks: dict[str, Task] = {case.name: _some_steps(case, batch) for case in cases}
    timings = interleaved(tasks, rounds=3)
    plain = timings[cases[0].name]
    return [_row(name, case, batch, timings[case.name], plain) for case in cases]


def _row(name: str, case: _Case, batch: int, timing: Timing, plain: Timing) -> Row:
    few = timing.shared_by(batch * _TIMED)
    return {
        "LMDM": name,
        "videos at once": str(batch),
        "form": case.form,
        "sampler": f"{case.sampler.kind}-{case.sampler.steps}",
        "ms a step of all": f"{timing.fastest / _TIMED * 1e3:.1f}",
        "s a video, best": f"{few.fastest * case.steps:.2f}",
        "median": f"{few.median * case.steps:.2f}",
        "frames/s": f"{FRAMES / (few.fastest * case.steps):.1f}",
        "times plain": f"{plain.fastest / timing.fastest:.2f}",
        "timed": f"{_TIMED} of {case.steps:,} steps",
    }


def _some_steps(case: _Case, batch: int) -> Task:
    sampler = Sampler(case.sampler.kind, _TIMED, batch)
    first = torch.zeros(batch, _CODE)
    keys = [("speed", sample) for sample in range(batch)]
    return lambda: case.model.windows(first, keys, sampler)


def _stand_in(network: UNet1d | FastUNet1d, config: LmdmConfig) -> MotionModel:
    """An untrained model of random walks."""
    walks = [normal((4 * config.length, _CODE), "speed", i).cumsum(0) for i in range(8)]
    return MotionModel(network, stats_of(config, walks), config)
