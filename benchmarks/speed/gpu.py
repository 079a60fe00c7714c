"""Speed on a GPU: FVD of many clips from mp4 files, its stages, and what bounds each of them.

The network's weights are random: time does not depend on their values. The files have just been
written, so they are read from memory. Everything runs once, since a GPU box is quiet or of no use.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.benchmarks.peers.parts import random_i3d
from leo_bench.benchmarks.speed.machine import CONVOLUTION_FLOPS, Row, Task, convolution
from leo_bench.evaluation.clips import ClipRef, Window
from leo_bench.evaluation.extractors.i3d import I3D
from leo_bench.evaluation.extractors.i3d_extractor import CUDA_FRAMES, I3DExtractor
from leo_bench.evaluation.extractors.i3d_fast import FastI3D
from leo_bench.evaluation.extractors.numerics import chosen_device, full_precision
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.clip_levels import LevelClips
from leo_bench.evaluation.features.of_clips import (
    FeatureRecipe,
    Features,
    Resources,
    clip_features,
)
from leo_bench.evaluation.features.on_device import device_features
from leo_bench.evaluation.features.single_thread_pool import cores
from leo_bench.evaluation.measure import Settings, Side
from leo_bench.evaluation.measure import measure as measured
from leo_bench.evaluation.protocols.of_clips import Loading, load_protocol
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.evaluation.videos.write import write_video

VIDEOS, PIXELS, FRAMES = 2048, 256, 16  # of each side, of each side of a frame, of each video
ALONE = 512  # clips of the measurements of one stage alone
COMPARED = 8  # clips whose features are compared with the CPU's
ROUNDS = 20  # of a convolution
PROTOCOL = "stylegan-v"


def measure(videos: int = VIDEOS) -> list[Row]:
    """About two minutes on one H200 with 16 cores, of which writing the files takes one.

    Raises:
        InputError: there is no GPU here.
    """
    device, net = chosen_device("cuda"), random_i3d()
    networks = {name: of_dtype(net, device, name) for name in ("fp32", "bf16")}
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder), networks, of_dtype(net, torch.device("cpu"), "fp32"), videos)
        return [*trial.distances(), *trial.readings(), *trial.alone(), *convolutions(device)]


def of_dtype(net: I3D, device: torch.device, name: str) -> I3DExtractor:
    """The network as an extractor in "fp32" or "bf16"."""
    dtype = torch.float32 if name == "fp32" else torch.bfloat16
    fast = FastI3D(net, device, dtype)
    return I3DExtractor("i3d-random", net.classes, "random", True, name, str(device), fast)


@dataclass(frozen=True)
class Trial:
    """What is measured.

    Args:
        folder: for the videos and the caches.
        networks: by the name of their number format, on the device that is measured.
        reference: the same network in float32 on the CPU.
        videos: of each side.
        pixels: of each side of a frame.
        processes: that read; 0: threads alone.
    """

    folder: Path
    networks: Mapping[str, I3DExtractor]
    reference: I3DExtractor
    videos: int
    pixels: int = PIXELS
    processes: int = cores()

    def distances(self) -> Iterator[Row]:
        """FVD with its interval from an empty cache, in every number format, by stages."""
        for name in ("real", "fake"):
            write_clips(self.folder / name, self.videos, self.pixels)
        for name, network in self.networks.items():
            seconds = self._fvd(network, self.folder / f"cache of {name}")
            whole = sum(seconds.values())
            for stage, taken in {**seconds, "all": whole}.items():
                yield row(
                    f"FVD, {name}: {stage}", taken, share=taken / whole, clips=2 * self.videos
                )

    def readings(self) -> Iterator[Row]:
        """Reading alone: decoding, and for processes the way into this one."""
        source = self._opened("real", self.folder / "cache of fp32")
        count = min(ALONE, self.videos)
        clips = [(video, range(FRAMES)) for video in range(count)]
        wanted = LevelClips(source, clips, self._recipe.load, FRAMES * 3 * self.pixels**2)
        ways = {
            "2 threads": wanted.by_threads(2, ahead=4),
            f"{self.processes} threads": wanted.by_threads(max(1, self.processes), ahead=4),
            f"{self.processes} processes": wanted.by_processes(self.processes),
        }
        for how, levels in ways.items():
            if levels is not None:
                yield row(f"reading alone, {how}", _taken(partial(list, levels)), clips=count)

    def alone(self) -> Iterator[Row]:
        """Copies and network alone, from levels that are read already, by frames in one pass."""
        source = self._opened("fake", self.folder / "cache of fp32")
        few = [source.read(video, range(FRAMES)) for video in range(min(COMPARED, self.videos))]
        expected = torch.stack(list(self._features(self.reference, few)))
        many = [few[i % len(few)].clone() for i in range(min(ALONE, self.videos))]
        for name, network in self.networks.items():
            for frames in (CUDA_FRAMES, 2 * CUDA_FRAMES, 4 * CUDA_FRAMES):
                wider = replace(network, frames_a_pass=frames)
                found = torch.stack(list(self._features(wider, few)))
                differ = float((found - expected).norm() / expected.norm())
                taken = _taken(partial(list, self._features(wider, many)))
                what = f"network alone, {name}, {frames} frames a pass"
                yield row(what, taken, clips=len(many), differ=differ)

    @property
    def _recipe(self) -> FeatureRecipe:
        protocol = load_protocol(PROTOCOL)
        loading = protocol.loading("real", "video files")
        return FeatureRecipe.of(self.reference, protocol, loading, None)

    def _features(self, network: I3DExtractor, levels: list[Tensor]) -> Iterator[Tensor]:
        size = max(1, network.frames_a_pass // FRAMES)
        return device_features(iter(levels), network, self._recipe.prepare, size)

    def _opened(self, name: str, cache: Path) -> VideoSource:
        options = OpenOptions(workers=max(2, self.processes), cache_root=cache)
        return open_videos(self.folder / name, options)

    def _fvd(self, network: I3DExtractor, cache: Path) -> dict[str, float]:
        """Seconds of opening, of features and of the rest."""
        protocol, began = load_protocol(PROTOCOL), time.perf_counter()
        real, fake = (
            Side(self._opened(name, cache), Window(FRAMES), name) for name in ("real", "fake")
        )
        opened = time.perf_counter()
        resources = Resources(FeatureStore(cache), processes=self.processes)
        features_of, spent = clip_features(network, protocol, None, resources), [0.0]

        def timed(
            source: VideoSource, refs: Sequence[ClipRef], window: Window, loading: Loading
        ) -> Features:
            start = time.perf_counter()
            found = features_of(source, refs, window, loading)
            spent[0] += time.perf_counter() - start
            return found

        settings = Settings(timed, 0, None, "fail", None)
        measured("fvd", real, fake, protocol, settings)
        rest = time.perf_counter() - opened - spent[0]
        return {"opening": opened - began, "features": spent[0], "value and interval": rest}


def write_clips(folder: Path, videos: int, pixels: int) -> None:
    """Videos of FRAMES frames in H.264, each of its own moving texture with grain."""
    folder.mkdir()

    def write(number: int) -> None:
        generator = torch.Generator().manual_seed(2 * number + (folder.name == "fake"))
        width = pixels + 3 * FRAMES
        coarse = torch.rand(1, 3, pixels // 8, width // 8, generator=generator) * 255
        scene = F.interpolate(coarse, (pixels, width), mode="bilinear")[0]
        grain = torch.randn(3, pixels, pixels, generator=generator) * 3
        frames = [scene[..., 3 * t : 3 * t + pixels] + grain.roll(t, 2) for t in range(FRAMES)]
        levels = (frame.clamp(0, 255).to(torch.uint8) for frame in frames)
        write_video(folder / f"{number:05d}.mp4", levels, fps=25)

    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(write, range(videos)))


def convolutions(device: torch.device) -> Iterator[Row]:
    """The device's rate of one large convolution in both number formats and layouts."""
    layouts = {"first": torch.contiguous_format, "last": torch.channels_last_3d}
    for name, dtype in {"fp32": torch.float32, "bf16": torch.bfloat16}.items():
        for where, layout in layouts.items():
            task = convolution(dtype, device, layout)
            with full_precision():
                _taken(task)
                taken = _taken(partial(list, (task() for _ in range(ROUNDS)))) / ROUNDS
            what = f"one convolution, {name}, channels {where}"
            yield row(what, taken, flops=CONVOLUTION_FLOPS)


def row(
    what: str,
    seconds: float,
    *,
    share: float | None = None,
    clips: int | None = None,
    differ: float | None = None,
    flops: float | None = None,
) -> Row:
    """A line of the table; what does not apply is empty."""
    return {
        "what": what,
        "seconds": f"{seconds:.3g}",
        "share": "" if share is None else f"{share:.0%}",
        "clips/s": "" if clips is None else f"{clips / seconds:,.0f}",
        "features differ from the CPU's": "" if differ is None else f"{differ:.1e}",
        "TFLOP/s": "" if flops is None else f"{flops / seconds / 1e12:.3g}",
    }


def _taken(task: Task) -> float:
    """Seconds of a task, until the GPU is done with it."""
    began = time.perf_counter()
    task()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began
