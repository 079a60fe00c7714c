"""FVD of 1,000 to 100,000 clips a side: time by part, peak memory, and files, on this machine.

    python -m leo_bench.benchmarks.evidence.many_clips --clips 1000 10000 100000 --folder scratch

writes that many MP4 files of 16 frames a side (`tiny_videos`; 4 KB of disk each), opens them twice,
and measures FVD from the second opening on, each in a process of its own. Features are drawn, 400
numbers a clip as I3D has, and written into the cache as the network's would be: a network's time
grows with the clips alone and is measured by `leo-bench speed i3d`. Beyond --scan clips a side the
first opening is left out, too: one file is scanned, and of the others, which have the same header,
the digest is computed and written into the cache with it. Prints a Markdown table; the files are
deleted at the end.
"""

import argparse
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from leo_bench.benchmarks.evidence.tiny_videos import FRAMES, write_tiny_videos
from leo_bench.benchmarks.speed.machine import Row, run_alone

if TYPE_CHECKING:
    from leo_bench.benchmarks.scores.plan import Plan
    from leo_bench.evaluation.features.of_clips import Resources

MODULE = "leo_bench.benchmarks.evidence.many_clips"
SIDES = ("real", "fake")
DIM = 400  # of I3D's features
RACY_SECONDS = 2.1  # files younger than that are not kept as scanned


class Clock:
    """Seconds of each part of a process."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time the body as a part: seconds, CPU seconds with those of ended processes, peak MB."""
        wall, cpu = time.monotonic(), _cpu_seconds()
        yield
        self.parts[name] = time.monotonic() - wall
        self.parts[f"{name}, CPU"] = _cpu_seconds() - cpu
        self.parts["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.parts[f"{name}, peak"] = self.parts["peak"]

    def told(self) -> str:
        """All parts as JSON."""
        return json.dumps(self.parts)


def remember(folder: Path) -> None:
    """Write into the cache what scanning every video of `write_tiny_videos` would find."""
    from leo_bench.evaluation.files.places import cache_root
    from leo_bench.evaluation.videos.digests import file_sha256
    from leo_bench.evaluation.videos.discover import discover
    from leo_bench.evaluation.videos.scanned import ScannedVideos

    found = discover(folder)
    one = found.layout.scan(found.places[0])
    ScannedVideos(cache_root(), found.layout.reading).store(
        (place, replace(one, digest=file_sha256(place.path))) for place in found.places
    )


def first(folder: Path, clips: int, scan: int) -> str:
    """Open both sides for the first time and write features for them; the parts."""
    import torch

    from leo_bench.benchmarks.scores.score import build_network, jobs_of, open_sides
    from leo_bench.evaluation.features.jobs import ClipJob

    clock = Clock()
    chosen, resources = _planned(folder, clips)
    if clips > scan:
        for side in SIDES:
            remember(folder / side)
    with clock.part("opening"):
        real, fake = open_sides(chosen, resources)
    network = build_network(chosen.network, chosen.protocol)
    store = resources.store
    with clock.part("features"):
        generator = torch.Generator().manual_seed(0)
        for job in jobs_of(chosen, real, fake, network, resources):
            if store is None or not isinstance(job, ClipJob):
                raise TypeError("FVD of videos needs clips and keeps them")
            key = job.recipe.key(job.source.medium.decoder, job.source.sizes()[0])
            store.describe(key, {"drawn": "for a simulation of size"})
            centre = 0.1 * (job.source is fake.source)
            for ref, part in job.by_video().items():
                drawn = {
                    name: torch.randn(DIM, generator=generator) + centre for name in part.named()
                }
                store.write(key, job.source.digest(ref), drawn)
    return clock.told()


def second(folder: Path, clips: int) -> str:
    """Measure FVD with everything in the cache but the numbers; the parts."""
    from leo_bench.benchmarks.scores.distance_record import record_of
    from leo_bench.benchmarks.scores.score import Scored, build_network, open_sides, settings_of
    from leo_bench.evaluation.measure import Measurement, draw, repeats_of, wanted_clips
    from leo_bench.evaluation.protocols.of_clips import form_of
    from leo_bench.evaluation.uncertainty.numbers import numbers_of
    from leo_bench.evaluation.videos.source import check_unchanged

    clock = Clock()
    chosen, resources = _planned(folder, clips)
    with clock.part("opening"):
        real, fake = open_sides(chosen, resources)
    network = build_network(chosen.network, chosen.protocol)
    settings = settings_of(chosen, network, resources)
    with clock.part("choosing"):
        wanted = wanted_clips(real, fake, chosen.protocol, settings)
    with clock.part("reading"):
        drawn = [draw(each.side, each.loading, chosen.protocol, settings) for each in wanted]
    if any(side.computed for side in drawn):
        raise ValueError("features were not in the cache")
    form = form_of("fvd", chosen.protocol)
    with clock.part("statistics"):
        numbers = numbers_of(form, repeats_of(*drawn), settings.seed, settings.store)
    with clock.part("checking"):
        for side in drawn:
            check_unchanged(side.side.source, side.used)
    with clock.part("record"):
        measured = Measurement("fvd", form, numbers, *drawn)
        record = record_of(chosen, measured, network.frozen, 0.0)
        Scored(record, measured).keep(folder / "record.json")
    return clock.told()


def measure(folder: Path, counts: Sequence[int], scan: int) -> Iterator[Row]:
    """A row of the table for each number of clips a side; the folder's files are deleted.

    Args:
        folder: for videos, cache and record.
        counts: clips a side.
        scan: the largest of them whose first opening is timed.
    """
    for clips in counts:
        began = time.monotonic()
        size = sum(write_tiny_videos(folder / side, clips, seed) for seed, side in enumerate(SIDES))
        made = time.monotonic() - began
        time.sleep(RACY_SECONDS)
        place = f"Path({str(folder)!r})"
        one, two = (
            json.loads(run_alone(MODULE, f"print({call})", "Path, first, second"))
            for call in (f"first({place}, {clips}, {scan})", f"second({place}, {clips})")
        )
        files = [path for path in (folder / "cache").rglob("*") if path.is_file()]
        yield {
            "clips a side": f"{clips:,}",
            "made": f"{size / 1e6:.0f} MB, {made:.0f} s",
            "first opening": _seconds(one, "opening") if clips <= scan else "not timed",
            "features written": _seconds(one, "features"),
            "second opening": _seconds(two, "opening"),
            **{
                part: _seconds(two, part)
                for part in ("choosing", "reading", "statistics", "checking", "record")
            },
            "peak MB, first opening": f"{one['peak']:,.0f}",
            "peak MB, features read": f"{two['reading, peak']:,.0f}",
            "peak MB": f"{two['peak']:,.0f}",
            "files in the cache": f"{len(files)}",
            "MB in the cache": f"{sum(path.stat().st_size for path in files) / 1e6:.0f}",
        }
        for name in (*SIDES, "cache"):
            shutil.rmtree(folder / name)
        for path in folder.glob("record*"):
            path.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--folder", type=Path, required=True, help="an empty folder, or none yet")
    parser.add_argument("--scan", type=int, default=10_000, help="clips a side that are scanned")
    asked = parser.parse_args(arguments)
    asked.folder.mkdir(parents=True, exist_ok=True)
    if any(asked.folder.iterdir()):
        parser.error(f"{asked.folder} is not empty")
    for number, row in enumerate(measure(asked.folder.resolve(), asked.clips, asked.scan)):
        if number == 0:
            sys.stdout.write(f"| {' | '.join(row)} |\n|{'---|' * len(row)}\n")
        sys.stdout.write(f"| {' | '.join(row.values())} |\n")
        sys.stdout.flush()
    return 0


def _planned(folder: Path, clips: int) -> tuple["Plan", "Resources"]:
    """FVD of the two sides, with a cache of its own."""
    from leo_bench.benchmarks.scores.plan import plan
    from leo_bench.benchmarks.scores.requests import ScoreRequest
    from leo_bench.evaluation.features.cache import FeatureStore
    from leo_bench.evaluation.features.of_clips import Resources

    os.environ["LEO_BENCH_CACHE"] = str(folder / "cache")
    real, fake = (str(folder / side) for side in SIDES)
    request = ScoreRequest(
        metric="fvd", real=real, fake=fake, frames=FRAMES, protocol="stylegan-v", clips=clips,
        extractor="i3d-toy", device="cpu",
    )  # fmt: skip
    return plan(request), Resources(FeatureStore(folder / "cache"))


def _seconds(parts: dict[str, float], name: str) -> str:
    return f"{parts[name]:.1f} s ({parts[f'{name}, CPU']:.1f})"


def _cpu_seconds() -> float:
    every = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in every)


if __name__ == "__main__":
    sys.exit(main())
