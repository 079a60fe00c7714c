"""Peak memory of feature extraction, by number, length and size of the clips.

Each case runs in a process of its own, so that its peak memory is its own. The videos are H.264
files written for the case; the extractor is i3d-toy.
"""

import resource
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from leo_bench.benchmarks.speed.machine import Row, run_alone
from leo_bench.evaluation.videos.write import write_video

VIDEOS = 20  # files at most: many clips come from each


@dataclass(frozen=True)
class MemoryCase:
    """Number of clips, frames of each, and their size in pixels."""

    clips: int
    frames: int
    height: int = 256
    width: int = 256

    @property
    def videos(self) -> int:
        """Number of files that the clips come from."""
        return min(VIDEOS, self.clips)


CASES = (
    MemoryCase(200, 16),
    MemoryCase(2000, 16),
    MemoryCase(20, 128),
    MemoryCase(200, 128),
    MemoryCase(16, 16, 1080, 1920),
    MemoryCase(4, 128, 1080, 1920),
    MemoryCase(16, 16, 2160, 3840),
    MemoryCase(4, 128, 2160, 3840),
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
            "stored": f"{case.height}x{case.width}",
            "peak MB": f"{peak:.0f}",
            "ratio to the first": f"{peak / first:.2f}",
        }
        rows.append(row)
    return rows


def peak_megabytes(case: MemoryCase, folder: Path) -> float:
    """Peak memory in MB of this process after extracting the clips of the videos in `folder`."""
    from leo_bench.evaluation.clips import ClipRef, Window
    from leo_bench.evaluation.extractors import ExtractorRequest, build_extractor
    from leo_bench.evaluation.features.of_clips import FeatureRecipe, Resources, extract
    from leo_bench.evaluation.videos.discover import OpenOptions, open_videos

    source = open_videos(folder, OpenOptions())
    a_video = case.clips // case.videos
    refs = [ClipRef(v, n * case.frames) for v in range(case.videos) for n in range(a_video)]
    recipe = FeatureRecipe(
        extractor=build_extractor(ExtractorRequest(name="i3d-toy", bn_eps=1e-3)),
        bn_eps=1e-3,
        preprocess="squash-224",
        resize="center-crop-lanczos",
        requantise="as-stored",
        resolution=None,
    )
    extract(source, refs, Window(case.frames), recipe, Resources(store=None))
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
