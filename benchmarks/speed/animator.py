"""The image animator at 256x256: plain form, fast form, and the machine's convolution rate.

The weights are stand-ins; time does not depend on their values.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from leo_bench.benchmarks.speed.machine import (
    CONVOLUTION_FLOPS,
    Task,
    Timing,
    convolution,
    interleaved,
)
from leo_bench.evaluation.extractors.numerics import full_precision
from leo_bench.leo.models.animator import ImageAnimator
from leo_bench.leo.networks.generator import Generator
from leo_bench.leo.networks.pixels import from_pixels

COLUMNS = (
    "what",
    "form",
    "ms a frame, best",
    "median",
    "times plain",
    "GFLOP/s",
    "of the machine's",
    "differs",
)

_SIZE = 256
_ROUNDS = 5
_MACHINE = "one convolution alone, fp32"


@dataclass(frozen=True)
class AnimatorTiming:
    """One line of the table.

    Args:
        flops: operations of one frame in the plain form, whatever form was run.
        plain: seconds of the plain form; None: not comparable.
        machine: FLOP/s of a convolution alone.
        error: mean absolute difference from the plain form over its mean size; None: no network.
    """

    what: str
    form: str
    timing: Timing
    flops: float
    plain: float | None
    machine: float
    error: float | None

    def cells(self) -> list[str]:
        """As `COLUMNS`."""
        rate = self.flops / self.timing.fastest
        return [
            self.what,
            self.form,
            f"{self.timing.fastest * 1e3:.0f}",
            f"{self.timing.median * 1e3:.0f}",
            "" if self.plain is None else f"{self.plain / self.timing.fastest:.2f}",
            f"{rate / 1e9:.0f}",
            f"{rate / self.machine:.0%}",
            "" if self.error is None else f"{self.error:.1e}",
        ]


@dataclass(frozen=True)
class _Job:
    """The same result in both forms, of one frame."""

    what: str
    plain: Callable[[], Tensor]
    fast: Callable[[], Tensor]


def measure() -> list[AnimatorTiming]:
    """Measure on the CPU; half a minute on two quiet cores."""
    net = _stand_in()
    with full_precision(), torch.inference_mode():
        jobs = _jobs(net)
        tasks: dict[str, Task] = {_MACHINE: convolution(torch.float32)}
        for job in jobs:
            tasks |= {f"{job.what}, plain": job.plain, f"{job.what}, fast": job.fast}
        timings = interleaved(tasks, _ROUNDS)
        machine = CONVOLUTION_FLOPS / timings[_MACHINE].fastest
        rows = []
        for job in jobs:
            with FlopCounterMode(display=False) as counter:
                reference = job.plain()
            flops = float(counter.get_total_flops())
            plain, fast = (timings[f"{job.what}, {form}"] for form in ("plain", "fast"))
            error = float((job.fast() - reference).abs().mean() / reference.abs().mean())
            rows.append(
                AnimatorTiming(job.what, "plain", plain, flops, plain.fastest, machine, 0.0)
            )
            rows.append(
                AnimatorTiming(job.what, "fast", fast, flops, plain.fastest, machine, error)
            )
    alone = AnimatorTiming(_MACHINE, "", timings[_MACHINE], CONVOLUTION_FLOPS, None, machine, None)
    return [*rows, alone]


def _jobs(net: Generator) -> list[_Job]:
    animator = ImageAnimator(net)
    random = torch.Generator().manual_seed(0)
    shape = (2, 3, net.size, net.size)
    pictures = torch.randint(0, 256, shape, dtype=torch.uint8, generator=random)
    numbers = from_pixels(pictures)
    source, driving = numbers[:1], numbers[1:]
    appearance, _, maps = net.enc(source)
    codes = net.enc(driving)[1]
    look = animator.appearance(pictures[0])
    return [
        _Job("encode", lambda: net.enc(driving)[1], lambda: animator.codes(pictures[1:])),
        _Job(
            "decode",
            lambda: net.dec(appearance + net.dec.direction(codes), maps),
            lambda: animator.frames(look, codes),
        ),
        _Job(
            "animate by a video",  # plain: as the original's loop, which encodes the source again
            lambda: net(source, driving),
            lambda: animator.frames(look, animator.codes(pictures[1:])),
        ),
    ]


def _stand_in() -> Generator:
    """A network as it is before training, the same every time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Generator(_SIZE).eval().requires_grad_(False)
