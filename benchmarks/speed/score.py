"""`leo-bench score` against the commands of its metrics one after another, from an empty cache.

Each way runs in a process of its own: seconds without imports, frames that are read, peak memory.
The videos are H.264 files of 256x256 pixels. The networks are the small ones that are shipped, so
reading takes a larger part of the time than with those of published numbers.
"""

import contextlib
import io
import json
import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest.mock import patch

from torch import Tensor

from leo_bench.benchmarks.speed.machine import Row, run_alone
from leo_bench.benchmarks.speed.memory import MemoryCase, write
from leo_bench.evaluation.videos.container import VideoFiles
from leo_bench.evaluation.videos.stored import Stored

VIDEOS, FRAMES = 6, 132  # of each side
CLIPS = ("--extractor", "i3d-toy", "--clips", str(VIDEOS))
EMBEDDER = ("--protocol", "acd-toy", "--embedder", "mean-colour")
SINGLE = (
    ("fvd", "--frames", "16", "--protocol", "stylegan-v", *CLIPS),
    ("fvd", "--frames", "128", "--protocol", "stylegan-v", *CLIPS),
    ("kvd", "--frames", "16", "--protocol", "digan", *CLIPS),
    ("fid", "--frames", "16", "--extractor", "mean-colour", *CLIPS[2:]),
    ("acd", "--frames", "128", *EMBEDDER),
)
METRICS = "fvd16,fvd128,kvd16,fid16,acd128"
TOGETHER = (("score", "--metrics", METRICS, *CLIPS, *EMBEDDER),)
WAYS = {"five commands": SINGLE, "score": TOGETHER}


def measure() -> list[Row]:
    """Both ways; two minutes on two quiet cores."""
    found = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for side in ("real", "fake"):
            (folder / side).mkdir()
            case = MemoryCase(VIDEOS, FRAMES)
            run_alone(write.__module__, f"write({case!r}, Path({str(folder / side)!r}))", _NAMES)
        for way in WAYS:
            call = f"print(measured({way!r}, {made!r}))"
            found[way] = json.loads(run_alone(__name__, call, "measured"))
    first = found["five commands"]
    return [
        {"way": way}
        | {what: f"{number:.0f}" for what, number in numbers.items()}
        | {f"of {what}": f"{number / first[what]:.2f}" for what, number in numbers.items()}
        for way, numbers in found.items()
    ]


_NAMES = "MemoryCase, Path, write"


def measured(way: str, folder: str) -> str:
    """Run the commands of a way on the videos in `folder`; seconds, frames and MB as JSON."""
    from leo_bench.benchmarks.cli.main import app

    os.environ["LEO_BENCH_CACHE"] = str(Path(folder, "cache", way.replace(" ", "-")))
    os.chdir(folder)
    read = 0
    plain = VideoFiles.each_frame

    def counted(layout: VideoFiles, video: Stored, frames: Sequence[int]) -> Iterator[Tensor]:
        nonlocal read
        read += len(frames)
        return plain(layout, video, frames)

    began = time.monotonic()
    with patch.object(VideoFiles, "each_frame", counted), contextlib.redirect_stdout(io.StringIO()):
        for words in WAYS[way]:
            app([*words, "--real", "real", "--fake", "fake"], standalone_mode=False)
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return json.dumps({"seconds": seconds, "frames read": read, "peak MB": peak})
