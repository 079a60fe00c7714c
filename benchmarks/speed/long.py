"""Speed of long samples from one given first frame: motion, pixels, peak memory, distinct codes.

Each length is drawn in a process of its own, so that its peak memory is its own. Motion is drawn
for eight samples at once, as `sample` does; pixels are made for one.
"""

import json
import resource
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from leo_bench.benchmarks.speed.machine import Row, run_alone


@dataclass(frozen=True)
class LongCase:
    """What is drawn: name or folder of a run, source of the first frame, frames, DDIM steps."""

    run: str
    start: str
    frames: int
    steps: int = 50


CASES = tuple(LongCase("leo:toy-faces", "toy-faces/test", frames) for frames in (128, 1024))


@dataclass(frozen=True)
class Found:
    """Seconds of one sample's motion and pixels, peak memory in MB, number of distinct codes."""

    motion: float
    pixels: float
    megabytes: float
    distinct: int


def measure(cases: Sequence[LongCase] = CASES) -> list[Row]:
    """Draw every case in its own process, on the CPU; half a minute on two quiet cores."""
    call = "print_drawn({!r})"
    found = [
        Found(**json.loads(run_alone(__name__, call.format(case), "LongCase, print_drawn")))
        for case in cases
    ]
    return [cells(case.frames, one, found[0]) for case, one in zip(cases, found, strict=True)]


def cells(frames: int, found: Found, first: Found) -> Row:
    """One line of the table."""
    return {
        "frames": f"{frames:,}",
        "motion s": f"{found.motion:.1f}",
        "pixels s": f"{found.pixels:.1f}",
        "peak MB": f"{found.megabytes:,.0f}",
        "ratio to the first": f"{found.megabytes / first.megabytes:.2f}",
        "distinct codes": f"{found.distinct:,}",
    }


def print_drawn(case: LongCase) -> None:
    """What the process of a case runs: it prints `Found` as JSON."""
    print(json.dumps(asdict(drawn(case))))  # noqa: T201


def drawn(case: LongCase) -> Found:
    """Draw the first sample of a case in this process, and measure it."""
    from leo_bench.benchmarks.runs.sampling import Place, SampleRequest, open_request, sampling_of

    sampling = sampling_of(mode="conditional", frames=case.frames, count=1, steps=case.steps)
    request = SampleRequest(run=case.run, sampling=sampling, start=case.start)
    source = open_request(request, Place(Path(), device="cpu"))
    began = time.perf_counter()
    codes = source.codes(0)
    motion = time.perf_counter() - began
    began = time.perf_counter()
    made = sum(1 for _ in source.stream(0))
    pixels = time.perf_counter() - began
    if made != case.frames:
        raise RuntimeError(f"{made} frames were made of {case.frames}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Found(motion, pixels, peak, len(set(map(tuple, codes.tolist()))))
