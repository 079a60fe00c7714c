"""Peak memory of feature extraction: by clips, their length and their size.

Each case runs in a process of its own, so that the peak is its own. The videos are H.264 files,
made for the purpose beforehand; the extractor is i3d-toy.
"""

import resource
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from leo_bench.benchmarks.speed.machine import alone
from leo_bench.evaluation.videos.write import write_video

COLUMNS = ("clips", "frames", "stored", "peak MB", "ratio to the first")
VIDEOS = 20  # files, at most; many clips come from each


@dataclass(frozen=True)
class MemoryCase:
    """How many clips of how many frames, and the size of their frames in pixels."""

    clips: int
    frames: int
    height: int = 256
    width: int = 256

    @property
    def videos(self) -> int:
        """Files that they come from."""
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


@dataclass(frozen=True)
class MemoryReading:
    """The peak of one case."""

    case: MemoryCase
    megabytes: float
    ratio: float

    def cells(self) -> list[str]:
        """The row as text."""
        return [
            str(self.case.clips),
            str(self.case.frames),
            f"{self.case.height}x{self.case.width}",
            f"{self.megabytes:.0f}",
            f"{self.ratio:.2f}",
        ]


def measure(cases: tuple[MemoryCase, ...] = CASES) -> list[MemoryReading]:
    """Peak resident memory of each case, in its own process."""
    rows: list[MemoryReading] = []
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            # In a process of its own, too: one that is started inherits its parent's peak.
            alone(__name__, f"write({case!r}, Path({folder!r}))", "Case, Path, write")
            call = f"print(peak_megabytes({case!r}, Path({folder!r})))"
            peak = float(alone(__name__, call, "Case, Path, peak_megabytes"))
        rows.append(MemoryReading(case, peak, peak / rows[0].megabytes if rows else 1.0))
    return rows


def peak_megabytes(case: MemoryCase, folder: Path) -> float:
    """Extract as many clips of the videos in `folder`; what this process needed at most."""
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
    """The videos of a case."""
    for i in range(case.videos):
        count = case.clips // case.videos * case.frames
        write_video(folder / f"{i:03d}.mp4", _frames(i, count, case.height, case.width), fps=25)


def _frames(seed: int, count: int, height: int, width: int) -> Iterator[Tensor]:
    """Smooth pictures that move: uint8 [3,H,W] each."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand((1, 3, 8, 8), generator=generator) * 255
    picture = torch.nn.functional.interpolate(small, (height, width), mode="bicubic")[0]
    picture = picture.clamp(0, 255).to(torch.uint8)
    for t in range(count):
        yield picture.roll(t % width, dims=2)
