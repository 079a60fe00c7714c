"""Long samples from one given first frame: time of motion and of pixels, peak memory, repeats.

Each length is drawn in a process of its own, so that the peak is its own. Eight samples are drawn
together, always, so the motion is that of eight videos; pixels are made for one.
"""

import json
import resource
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from leo_bench.benchmarks.speed.machine import alone

COLUMNS = ("frames", "motion s", "pixels s", "peak MB", "ratio to the first", "distinct codes")


@dataclass(frozen=True)
class LongCase:
    """What is drawn: a run's name or folder, videos to begin with, frames, steps of DDIM."""

    run: str
    start: str
    frames: int
    steps: int = 50


CASES = tuple(LongCase("leo:toy-faces", "toy-faces/test", frames) for frames in (128, 1024))


@dataclass(frozen=True)
class Found:
    """What one sample took: seconds, MB at most, and how many of its codes differ."""

    motion: float
    pixels: float
    megabytes: float
    distinct: int


@dataclass(frozen=True)
class LongTiming:
    """One case, against the first."""

    case: LongCase
    found: Found
    ratio: float

    def cells(self) -> list[str]:
        """As `COLUMNS`."""
        return [
            f"{self.case.frames:,}",
            f"{self.found.motion:.1f}",
            f"{self.found.pixels:.1f}",
            f"{self.found.megabytes:,.0f}",
            f"{self.ratio:.2f}",
            f"{self.found.distinct:,}",
        ]


def measure(cases: Sequence[LongCase] = CASES) -> list[LongTiming]:
    """Draw every case in its own process, on the CPU; half a minute on two quiet cores."""
    rows: list[LongTiming] = []
    for case in cases:
        found = Found(**json.loads(alone(__name__, f"print_drawn({case!r})", "Case, print_drawn")))
        first = rows[0].found if rows else found
        rows.append(LongTiming(case, found, found.megabytes / first.megabytes))
    return rows


def print_drawn(case: LongCase) -> None:
    """For the process of a case: a JSON line."""
    print(json.dumps(asdict(drawn(case))))  # noqa: T201


def drawn(case: LongCase) -> Found:
    """Draw the first sample of a case, and say what this process needed."""
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
