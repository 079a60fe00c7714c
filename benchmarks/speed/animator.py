"""Speed of LEO's image animator at 256x256: plain form, fast form, and a convolution alone.

The weights are those before training: time does not depend on their values.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from leo_bench.benchmarks.speed.machine import (
    CONVOLUTION_FLOPS,
    Row,
    Task,
    compute_cells,
    convolution,
    interleaved,
)
from leo_bench.evaluation.extractors.numerics import full_precision
from leo_bench.leo.models.animator import ImageAnimator
from leo_bench.leo.networks.generator import Generator
from leo_bench.leo.networks.layers import from_pixels

_SIZE = 256
_ROUNDS = 5
_MACHINE = "one convolution alone, fp32"


@dataclass(frozen=True)
class _Job:
    """One frame's computation in both forms."""

    what: str
    plain: Callable[[], Tensor]
    fast: Callable[[], Tensor]


def measure() -> list[Row]:
    """Time on the CPU, and the fast form's mean absolute difference over the plain form's mean.

    Takes half a minute on two quiet cores.
    """
    net = _stand_in()
    with full_precision(), torch.inference_mode():
        jobs = _jobs(net)
        tasks: dict[str, Task] = {_MACHINE: convolution(torch.float32)}
        for job in jobs:
            tasks |= {f"{job.what}, plain": job.plain, f"{job.what}, fast": job.fast}
        timings = interleaved(tasks, _ROUNDS)
        machine = CONVOLUTION_FLOPS / timings[_MACHINE].fastest
        rows: list[Row] = []
        for job in jobs:
            with FlopCounterMode(display=False) as counter:
                reference = job.plain()
            flops = float(counter.get_total_flops())
            plain = timings[f"{job.what}, plain"].fastest
            error = float((job.fast() - reference).abs().mean() / reference.abs().mean())
            for form, differs in (("plain", 0.0), ("fast", error)):
                timing = timings[f"{job.what}, {form}"]
                rows.append(
                    {"what": job.what, "form": form}
                    | compute_cells("frame", timing, flops, plain, machine)
                    | {"differs": f"{differs:.1e}"}
                )
    alone = compute_cells("frame", timings[_MACHINE], CONVOLUTION_FLOPS, None, machine)
    return [*rows, {"what": _MACHINE, "form": ""} | alone | {"differs": ""}]


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
            "animate by a video",  # plain: LIA's loop, which encodes the source for each frame
            lambda: net(source, driving),
            lambda: animator.frames(look, animator.codes(pictures[1:])),
        ),
    ]


def _stand_in() -> Generator:
    """The network before training, from seed 0."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Generator(_SIZE).eval().requires_grad_(False)
