"""How time and memory of feature extraction grow with clips, frames and resolution: growth.csv.

H.264 files, i3d-toy, each case in a process of its own. Time is that of the processor, on one
thread, which other work on the machine moves least; memory is the process's peak.
"""

import csv
import io
import json
import os
import tempfile
from pathlib import Path

from leo_bench.benchmarks.peers.remote import processor_seconds
from leo_bench.benchmarks.speed.machine import run_alone
from leo_bench.benchmarks.speed.memory import MemoryCase, peak_megabytes, write
from leo_bench.evaluation.files.atomic import write_atomically

GROWTH = Path(__file__).parent / "growth.csv"
CASES: dict[str, tuple[MemoryCase, ...]] = {
    "clips": tuple(MemoryCase(count, 16, 128, 128) for count in (20, 60, 180, 540)),
    "frames": tuple(MemoryCase(4, count, 128, 128) for count in (16, 64, 256, 1024)),
    "pixels": tuple(MemoryCase(4, 16, side, side) for side in (128, 512, 1024, 2048)),
}


def measure(cases: dict[str, tuple[MemoryCase, ...]]) -> list[dict[str, str]]:
    """A row a case: what grows, its size, seconds of the processor, peak MB."""
    os.environ["OMP_NUM_THREADS"] = "1"
    rows = []
    for what, sizes in cases.items():
        for case in sizes:
            with tempfile.TemporaryDirectory() as folder:
                names, place = "MemoryCase, Path, ", f"({case!r}, Path({folder!r}))"
                run_alone(write.__module__, f"write{place}", names + "write")
                found = run_alone(__name__, f"print(spent{place})", names + "spent")
            size = {"clips": case.clips, "frames": case.frames, "pixels": case.height}[what]
            rows.append({"what": what, "size": str(size)} | json.loads(found))
    return rows


def spent(case: MemoryCase, folder: Path) -> str:
    """Seconds of the processor and peak MB of extracting the clips in `folder`, as JSON."""
    began = processor_seconds()
    peak = peak_megabytes(case, folder)
    seconds = processor_seconds() - began
    return json.dumps({"CPU seconds": f"{seconds:.2f}", "peak MB": f"{peak:.0f}"})


def write_growth(rows: list[dict[str, str]]) -> None:
    """Write growth.csv."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(GROWTH, text.getvalue().encode())


def read_growth() -> list[dict[str, str]]:
    """The rows of growth.csv."""
    return list(csv.DictReader(io.StringIO(GROWTH.read_text(encoding="utf-8"))))
