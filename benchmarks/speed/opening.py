"""Speed and memory of opening many small video files: the first time, and again.

Files are copies of one H.264 video of 16 frames, 1,000 a folder. The first opening scans them
(counts frames, hashes, decodes one) in threads or in processes; only some are scanned here, as each
takes milliseconds. A later opening lists the files and reads from the cache what was found; for it,
the cache is filled from one scan, since all files hold the same. It runs in a process of its own,
so that its peak memory is its own.
"""

import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import repeat
from pathlib import Path

import torch

from leo_bench.benchmarks.speed.machine import Row, Task, interleaved, run_alone
from leo_bench.evaluation.videos.discover import OpenOptions, discover, open_videos
from leo_bench.evaluation.videos.layouts import Discovery
from leo_bench.evaluation.videos.scan_processes import ScanProcesses, scanned
from leo_bench.evaluation.videos.scanned import ScannedVideos
from leo_bench.evaluation.videos.stored import Place, Stored
from leo_bench.evaluation.videos.write import write_video

COUNTS = (1_000, 10_000, 100_000)
SCANNED = 1_000  # files, in the first openings
WORKERS, ROUNDS = 2, 2

_A_FOLDER = 1_000
_AT_ONCE = 10_000  # rows that are stored in one go
_LONG_AGO = 1_600_000_000  # files that have just been written are not kept in the cache


def measure(counts: Sequence[int] = COUNTS, to_scan: int = SCANNED) -> list[Row]:
    """Some minutes for 100,000 files, most of them for writing and deleting the files."""
    rows: list[Row] = []
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            videos, cache = Path(folder) / "videos", Path(folder) / "cache"
            _write(videos, count)
            found = discover(videos)
            first = _first(found, found.places[:to_scan])
            _fill(found, cache)
            again = run_alone(__name__, f"print(reopen({str(videos)!r}, {str(cache)!r}))", "reopen")
            seconds, before, peak = map(float, again.split())
            again_cells = {
                "again, s": f"{seconds:.2f}",
                "us a file": f"{seconds / count * 1e6:.0f}",
                "MB before": f"{before:.0f}",
                "peak MB": f"{peak:.0f}",
            }
            rows.append({"files": f"{count:,}"} | first | again_cells)
    return rows


def reopen(videos: str, cache: str) -> str:
    """Open videos that the cache knows: seconds, and MB of this process before and at its peak."""
    options = OpenOptions(cache_root=Path(cache))
    before = _megabytes()
    began = time.perf_counter()
    open_videos(Path(videos), options)
    return f"{time.perf_counter() - began} {before} {_megabytes()}"


def _first(found: Discovery, places: Sequence[Place]) -> Row:
    tasks: dict[str, Task] = {
        "threads": partial(_in_threads, found, places),
        "processes": partial(_in_processes, found, places),
    }
    return {
        f"first, ms a file, {WORKERS} {name}": f"{timing.shared_by(len(places)).fastest * 1e3:.2f}"
        for name, timing in interleaved(tasks, ROUNDS).items()
    }


def _in_threads(found: Discovery, places: Sequence[Place]) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(scanned, repeat(found.layout), places):
            pass


def _in_processes(found: Discovery, places: Sequence[Place]) -> None:
    with ScanProcesses(found.layout, WORKERS) as processes:
        for _ in processes.each(places):
            pass


def _write(folder: Path, count: int) -> None:
    folder.mkdir()
    sample = folder.parent / "sample.mp4"
    random = torch.Generator().manual_seed(0)
    picture = torch.randint(0, 256, (1, 3, 64, 64), dtype=torch.uint8, generator=random)
    write_video(sample, picture.repeat(16, 1, 1, 1), fps=25)
    content = sample.read_bytes()
    for number in range(count):
        file = folder / f"{number // _A_FOLDER:03d}" / f"{number:06d}.mp4"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        os.utime(file, (_LONG_AGO, _LONG_AGO))


def _fill(found: Discovery, cache: Path) -> None:
    one, places = found.layout.scan(found.places[0]), found.places
    store = ScannedVideos(cache, found.layout.reading)
    for at in range(0, len(places), _AT_ONCE):
        store.store(_of_each(one, places[at : at + _AT_ONCE]))


def _of_each(one: Stored, places: Sequence[Place]) -> Iterator[tuple[Place, Stored]]:
    for place in places:
        yield place, replace(one, name=place.name, file=place.file, state=place.state)


def _megabytes() -> float:
    """Peak memory of this program; `getrusage` would count that of the process that started it."""
    try:
        status = Path("/proc/self/status").read_text().splitlines()
    except OSError:  # not Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (peak,) = (line.split()[1] for line in status if line.startswith("VmHWM:"))
    return int(peak) / 1024
