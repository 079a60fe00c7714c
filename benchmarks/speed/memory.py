"""Peak memory of feature extraction, by number, length and size of the clips, and by cores.

Each case runs in a process of its own, so that its peak memory is its own. The videos are H.264
files written for the case. What is promised (benchmarks/README.md#peak-memory) does not depend on
the number of clips or the length of a video, so cases of many clips have small frames, few in a
clip, and an extractor that costs little.
"""

import resource
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import torch
from torch import Tensor

from leo_bench.benchmarks.speed.machine import Row, run_alone
from leo_bench.evaluation.videos.write import write_video

VIDEOS = 20  # files at most, where a case does not say: many clips come from each


@dataclass(frozen=True)
class MemoryCase:
    """What is extracted.

    Args:
        clips: number of clips.
        frames: of each.
        height, width: of a stored frame, in pixels.
        files: that the clips come from; None: as many as clips, and no more than VIDEOS.
        cores: lanes and readers as on a machine of so many; None: as here.
        extractor: the network.
    """

    clips: int
    frames: int
    height: int = 256
    width: int = 256
    files: int | None = None
    cores: int | None = None
    extractor: str = "i3d-toy"

    @property
    def videos(self) -> int:
        """Number of files that the clips come from."""
        return self.files or min(VIDEOS, self.clips)


CASES = (
    MemoryCase(200, 16),
    MemoryCase(300, 2, 64, 64, extractor="pixels"),
    MemoryCase(3000, 2, 64, 64, extractor="pixels"),
    MemoryCase(30_000, 2, 64, 64, extractor="pixels"),
    MemoryCase(10_000, 2, 64, 64, files=1, extractor="pixels"),  # a video of 20,000 frames
    MemoryCase(20, 128),
    MemoryCase(200, 128),
    MemoryCase(16, 16, 1080, 1920),
    MemoryCase(4, 128, 1080, 1920),
    MemoryCase(16, 16, 2160, 3840),
    MemoryCase(4, 128, 2160, 3840),
    MemoryCase(64, 16, cores=16),
    MemoryCase(32, 16, 2160, 3840, cores=16),
)


def measure(cases: tuple[MemoryCase, ...] = CASES) -> list[Row]:
    """Peak resident memory of each case, in its own process."""
    rows: list[Row] = []
    first = 0.0
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            names = "MemoryCase, Path, peak_megabytes, write"
            # Also in a process of its own: a new process inherits the peak of its parent.
            run_alone(__name__, f"write({case!r}, Path({folder!r}))", names)
            call = f"print(peak_megabytes({case!r}, Path({folder!r})))"
            peak = float(run_alone(__name__, call, names))
        first = first or peak
        row = {
            "clips": str(case.clips),
            "frames": str(case.frames),
            "files": str(case.videos),
            "stored": f"{case.height}x{case.width}",
            "lanes": "as here" if case.cores is None else str(case.cores),
            "network": case.extractor,
            "peak MB": f"{peak:.0f}",
            "ratio to the first": f"{peak / first:.2f}",
        }
        rows.append(row)
    return rows


def peak_megabytes(case: MemoryCase, folder: Path) -> float:
    """Peak memory in MB of this process after extracting the clips of the videos in `folder`."""
    from leo_bench.evaluation.clips import ClipRef, Window
    from leo_bench.evaluation.extractors import ExtractorRequest, build_extractor
    from leo_bench.evaluation.features import single_thread_pool
    from leo_bench.evaluation.features.of_clips import FeatureRecipe, Resources, extract
    from leo_bench.evaluation.videos.discover import OpenOptions, open_videos

    source = open_videos(folder, OpenOptions())
    a_video = case.clips // case.videos
    refs = [ClipRef(v, n * case.frames) for v in range(case.videos) for n in range(a_video)]
    recipe = FeatureRecipe(
        extractor=build_extractor(ExtractorRequest(name=case.extractor, bn_eps=1e-3, device="cpu")),
        bn_eps=1e-3,
        preprocess="squash-224",
        resize="center-crop-lanczos",
        requantise="as-stored",
        resolution=None,
    )
    count = case.cores or single_thread_pool.cores()
    if case.cores is not None:
        torch.set_num_threads(count)
    with mock.patch.object(single_thread_pool, "cores", return_value=count):
        resources = Resources(store=None, workers=case.cores or 2)
        extract(source, refs, Window(case.frames), recipe, resources)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write(case: MemoryCase, folder: Path) -> None:
    """Write the videos of a case."""
    for i in range(case.videos):
        count = case.clips // case.videos * case.frames
        write_video(folder / f"{i:03d}.mp4", _frames(i, count, case.height, case.width), fps=25)


def _frames(seed: int, count: int, height: int, width: int) -> Iterator[Tensor]:
    """Frames of a smooth picture that moves, uint8 [3,H,W] each."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand((1, 3, 8, 8), generator=generator) * 255
    picture = torch.nn.functional.interpolate(small, (height, width), mode="bicubic")[0]
    picture = picture.clamp(0, 255).to(torch.uint8)
    for t in range(count):
        yield picture.roll(t % width, dims=2)
