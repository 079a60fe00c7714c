"""Where the time of FVD goes, from files to the number: shares of the processor's time, by layout.

Everything runs in this process, from an empty cache. Reading, resizing and the network are timed in
the threads that do them; opening (listing, counting, hashing) and the statistics, while which
nothing else runs, by the time of the whole process. The rest is loading the weights, caches and the
record.
"""

import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

from leo_bench.benchmarks.peers.leo_bench_itself import fvd_of
from leo_bench.benchmarks.peers.parts import Inputs, write_videos, write_weights
from leo_bench.benchmarks.peers.remote import processor_seconds
from leo_bench.benchmarks.sources import open as opening
from leo_bench.benchmarks.speed.machine import Row
from leo_bench.evaluation import measure as measuring
from leo_bench.evaluation.extractors.i3d_extractor import I3DExtractor
from leo_bench.evaluation.features.of_clips import FeatureRecipe
from leo_bench.evaluation.videos.archive import ZippedFrames
from leo_bench.evaluation.videos.arrays import ArrayFiles
from leo_bench.evaluation.videos.container import VideoFiles
from leo_bench.evaluation.videos.frames import FrameFolders

VIDEOS = 16  # of each side, 16 frames of 256x256 pixels
LAYOUTS = {
    "H.264 mp4": ".mp4",
    "FFV1 mkv": ".mkv",
    "folders of png": "",
    "zip of png": ".zip",
    "npy": ".npy",
}
_OPENING, _READING, _RESIZING = "opening", "reading", "resizing"
_NETWORK, _STATISTICS, _REST = "network", "statistics", "rest"
KINDS = (_OPENING, _READING, _RESIZING, _NETWORK, _STATISTICS, _REST)
_END = object()


def measure(videos: int = VIDEOS) -> list[Row]:
    """The shares of each layout; a minute on two quiet cores."""
    with tempfile.TemporaryDirectory() as made:
        inputs = Inputs(Path(made), videos=videos)
        write_weights(inputs)
        for suffix in LAYOUTS.values():
            for side in ("train", "test"):
                _write(Path(made, f"as{suffix}"), suffix, videos, side)
        sides = {name: _sides(Path(made, f"as{suffix}")) for name, suffix in LAYOUTS.items()}
        fvd_of(*sides["npy"], inputs, Path(made, "first"))  # imports, threads, kernels
        return [_row(name, *sides[name], inputs) for name in LAYOUTS]


def _row(name: str, real: Path, fake: Path, inputs: Inputs) -> Row:
    began, cpu = time.perf_counter(), processor_seconds()
    with tempfile.TemporaryDirectory() as cache, spent_by_kind() as seconds:
        fvd_of(real, fake, inputs, Path(cache))
    elapsed, total = time.perf_counter() - began, processor_seconds() - cpu
    seconds[_REST] = max(0.0, total - sum(seconds.values()))
    clips = 2 * inputs.videos
    return {
        "videos": name,
        "seconds": f"{elapsed:.1f}",
        "CPU ms a clip": f"{total / clips * 1e3:.0f}",
        **{kind: f"{seconds[kind] / total:.1%}" for kind in KINDS},
        "bound by": max(KINDS, key=lambda kind: seconds[kind]),
    }


@contextmanager
def spent_by_kind() -> Iterator[dict[str, float]]:
    """Processor seconds of each kind of work but the rest, while the context lasts."""
    spent = _Spent()
    by_process = {(opening, "open_videos"): _OPENING, (measuring, "numbers_of"): _STATISTICS}
    by_thread = {(FeatureRecipe, "network_frame"): _RESIZING, (I3DExtractor, "__call__"): _NETWORK}
    with ExitStack() as patches:
        for clock, replaced in ((processor_seconds, by_process), (time.thread_time, by_thread)):
            for (owner, name), kind in replaced.items():
                timed = spent.calls(kind, getattr(owner, name), clock)
                patches.enter_context(patch.object(owner, name, timed))
        for layout in (VideoFiles, FrameFolders, ZippedFrames, ArrayFiles):
            frames = spent.steps(_READING, layout.each_frame)
            patches.enter_context(patch.object(layout, "each_frame", frames))
        yield spent.seconds


class _Spent:
    """Seconds by kind of work, added up over threads."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(KINDS, 0.0)
        self._lock = threading.Lock()

    def calls(
        self, kind: str, function: Callable[..., Any], clock: Callable[[], float]
    ) -> Callable[..., Any]:
        """`function`, its calls timed by `clock`."""

        def timed(*args: object, **keywords: object) -> object:
            with self._timed(kind, clock):
                return function(*args, **keywords)

        return timed

    def steps(self, kind: str, generator: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
        """`generator`, each of its steps timed in the thread that takes it."""

        def timed(*args: object) -> Iterator[object]:
            steps = generator(*args)
            while True:
                with self._timed(kind, time.thread_time):
                    found = next(steps, _END)
                if found is _END:
                    return
                yield found

        return timed

    @contextmanager
    def _timed(self, kind: str, clock: Callable[[], float]) -> Iterator[None]:
        began = clock()
        yield
        with self._lock:
            self.seconds[kind] += clock() - began


def _write(folder: Path, suffix: str, videos: int, side: Literal["train", "test"]) -> None:
    """Write the videos of a side into `folder`, a zip of frames from the frames in a folder."""
    frames = folder / f"{side}.frames" if suffix == ".zip" else folder / side
    write_videos(frames, videos, "" if suffix == ".zip" else suffix, side)
    if suffix == ".zip":
        with zipfile.ZipFile(folder / f"{side}.zip", "w") as archive:
            for path in sorted(frames.rglob("*.png")):
                archive.write(path, path.relative_to(frames))


def _sides(folder: Path) -> tuple[Path, Path]:
    zipped = folder / "train.zip", folder / "test.zip"
    return zipped if zipped[0].exists() else (folder / "train", folder / "test")
