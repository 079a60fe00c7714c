"""Timing tasks in turn, and the highest convolution rate that this machine reaches."""

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

_CPU = torch.device("cpu")

Task = Callable[[], object]
Row = dict[str, str]  # one line of a table: column -> text; every row of a table has the same keys


@dataclass(frozen=True, order=True)
class Timing:
    """Seconds of one task over the rounds of one run."""

    fastest: float
    median: float

    def shared_by(self, count: int) -> "Timing":
        """Seconds of one of the `count` items that the task processed."""
        return Timing(self.fastest / count, self.median / count)


def interleaved(tasks: Mapping[str, Task], rounds: int) -> dict[str, Timing]:
    """Time every task once a round, in turn, so that other load slows all tasks alike.

    Each task runs once before that, untimed.
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


def compute_cells(
    item: str, timing: Timing, flops: float, plain: float | None, machine: float
) -> Row:
    """Time and rate of a computation, beside its plain form and the machine's own rate.

    Args:
        item: what one timing is of, such as "clip" or "frame".
        timing: seconds of one item.
        flops: operations of one item in the plain form, whatever form ran.
        plain: seconds of one item in the plain form; None: there is none.
        machine: FLOP/s of a convolution alone, in the same dtype.
    """
    rate = flops / timing.fastest
    return {
        f"ms a {item}, best": f"{timing.fastest * 1e3:.0f}",
        "median": f"{timing.median * 1e3:.0f}",
        "times plain": "" if plain is None else f"{plain / timing.fastest:.2f}",
        "GFLOP/s": f"{rate / 1e9:.0f}",
        "of the machine's": f"{rate / machine:.0%}",
    }


def run_alone(module: str, call: str, names: str) -> str:
    """Standard output of `call` in a process of its own that imports `names` from `module`.

    Raises:
        RuntimeError: the process failed; the message is the last line of its standard error.
    """
    code = f"from {module} import {names}; {call}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"{call}: {(run.stderr.strip().splitlines() or ['no message'])[-1]}")
    return run.stdout


def convolution(
    dtype: torch.dtype,
    device: torch.device = _CPU,
    layout: torch.memory_format = torch.channels_last_3d,
) -> Task:
    """A 3x3x3 convolution of `CONVOLUTION_FLOPS` operations: large enough for the machine's best.

    On a CPU the channels-last layout is the quicker one in both dtypes.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(_CLIPS, _INPUTS, _FRAMES, _SIDE, _SIDE, generator=generator)
    weight = torch.rand(_OUTPUTS, _INPUTS, 3, 3, 3, generator=generator)
    x, weight = (t.to(device, dtype).contiguous(memory_format=layout) for t in (x, weight))

    @torch.inference_mode()
    def run() -> torch.Tensor:
        return torch.nn.functional.conv3d(x, weight, padding=1)

    return run


def describe() -> str:
    """Processor, number of threads and version of torch, in one line."""
    return f"{_processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
