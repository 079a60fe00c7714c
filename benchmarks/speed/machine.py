"""What this machine can do at best, and how tasks are timed against each other."""

import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

# The shape of the largest convolution of I3D behind its stem, for two clips of 16 frames.
_CLIPS, _INPUTS, _OUTPUTS, _FRAMES, _SIDE = 2, 64, 192, 8, 56
CONVOLUTION_FLOPS = 2 * 27 * _CLIPS * _INPUTS * _OUTPUTS * _FRAMES * _SIDE * _SIDE

Task = Callable[[], object]


@dataclass(frozen=True, order=True)
class Timing:
    """Seconds of one task over the rounds of one run."""

    fastest: float
    median: float

    def shared_by(self, count: int) -> "Timing":
        """Seconds of each of the `count` things that the task did."""
        return Timing(self.fastest / count, self.median / count)


def interleaved(tasks: Mapping[str, Task], rounds: int) -> dict[str, Timing]:
    """Time every task once a round, in turn, so that a busy moment slows all of them alike.

    Each runs once beforehand, untimed.
    """
    for task in tasks.values():
        task()
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            began = time.perf_counter()
            task()
            seconds[name].append(time.perf_counter() - began)
    return {name: Timing(min(all_), statistics.median(all_)) for name, all_ in seconds.items()}


def alone(module: str, call: str, names: str) -> str:
    """What `call` prints in a process of its own, where `names` of `module` are imported.

    Raises:
        RuntimeError: it failed; with the last line that it said.
    """
    code = f"from {module} import {names}; {call}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"{call}: {(run.stderr.strip().splitlines() or ['no word'])[-1]}")
    return run.stdout


def convolution(dtype: torch.dtype) -> Task:
    """A 3x3x3 convolution alone, of `CONVOLUTION_FLOPS`: large enough to show the machine's best.

    Channels last is the quicker layout in both precisions (dependencies.md 9, and measured here).
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(_CLIPS, _INPUTS, _FRAMES, _SIDE, _SIDE, generator=generator)
    weight = torch.rand(_OUTPUTS, _INPUTS, 3, 3, 3, generator=generator)
    layout = torch.channels_last_3d
    x, weight = (t.to(dtype).contiguous(memory_format=layout) for t in (x, weight))

    @torch.inference_mode()
    def run() -> torch.Tensor:
        return torch.nn.functional.conv3d(x, weight, padding=1)

    return run


def describe() -> str:
    """The processor, threads and torch, in one line."""
    return f"{_processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
