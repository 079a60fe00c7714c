"""How frame 1 of LEO's samples stands out from later frames, shown as it is or rendered; Markdown.

    python -m leo_bench.benchmarks.evidence.first_frames --model leo:toy-faces
        --real toy-faces/test

Sample i follows from (seed 0, i), as `leo-bench sample` draws it; conditional ones begin with the
first frames of the real videos. Of each sample, the step from frame 1 to 2 over the mean of later
steps, and the sharpness of frame 1 over the mean of frames 2 to 16; the table has the means over
samples with 95 % intervals. A step is the mean absolute difference of pixels, sharpness the mean
absolute difference of neighbouring pixels. FVD16 is that of `leo-bench fvd --protocol stylegan-v
--extractor i3d-toy`, of as many samples.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from leo_bench.benchmarks.cli.screen import out, resources, say
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.score import score
from leo_bench.benchmarks.sources.leo_samples import open_samples
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.intervals import ends
from leo_bench.evaluation.uncertainty.mean_intervals import mean_interval
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.data.videos import frames_at_size
from leo_bench.leo.sampling.model import LeoModel, find_model
from leo_bench.leo.sampling.options import Sampling
from leo_bench.leo.sampling.source import LeoSource

FRAMES = 16
HOWS = ("source", "recon")


def step_ratio(video: Tensor) -> float:
    """The step from frame 1 to 2 over the mean of later steps; video uint8 [T,3,H,W], T > 2."""
    steps = video.float().diff(dim=0).abs().mean(dim=(1, 2, 3))
    return float(steps[0] / steps[1:].mean())


def sharpness_ratio(video: Tensor) -> float:
    """Sharpness of frame 1 over the mean of later frames; video uint8 [T,3,H,W]."""
    levels = video.float()
    across, down = (levels.diff(dim=axis).abs().mean(dim=(1, 2, 3)) for axis in (2, 3))
    sharpness = across + down
    return float(sharpness[0] / sharpness[1:].mean())


def lines(
    name: str, real: VideoSource, count: int, samples: int, data_root: Path | None
) -> Iterator[str]:
    """Lines of the table, each as soon as it is measured.

    Args:
        name: of the model.
        real: the real videos.
        count: videos and samples whose frames are compared.
        samples: of FVD; 0: it is not measured.
        data_root: where prepared data sets lie.
    """
    model = LeoModel.open(find_model(name))
    modes = ["conditional", *(["unconditional"] if model.has("cddpm") else [])]
    yield f"| {name}, {count} samples | step into frame 2 | sharpness of frame 1 | FVD16 |"
    yield "|---|---|---|---|"
    size, numbers = model.config.resolution, range(min(count, len(real.names)))
    videos = [frames_at_size(real, video, range(FRAMES), size) for video in numbers]
    yield _line(f"real videos ({len(videos)})", videos, "")
    for mode in modes:
        rendered = _samples(model, mode, real, count)
        shown = {"recon": [rendered.read(i, range(FRAMES)) for i in range(count)]}
        shown["source"] = [
            torch.cat([rendered.first(i)[None], video[1:]])
            for i, video in enumerate(shown["recon"])
        ]
        for how in HOWS:
            start = f"&start={real.name}" if mode == "conditional" else ""
            query = f"frames={FRAMES}&count={samples}&mode={mode}{start}&first_frame={how}"
            fvd = _fvd(f"leo:{name.removeprefix('leo:')}?{query}", real.name, samples, data_root)
            yield _line(f"{mode}, frame 1 {how}", shown[how], fvd)


def _samples(model: LeoModel, mode: str, real: VideoSource, count: int) -> LeoSource:
    options = {"mode": mode, "frames": FRAMES, "count": count, "first_frame": "recon"}
    start = real.name if mode == "conditional" else ""
    return open_samples(model, Sampling.model_validate(options), start, lambda *_: real)


def _fvd(fake: str, real: str, samples: int, data_root: Path | None) -> str:
    if not samples:
        return ""
    request = ScoreRequest(
        metric="fvd",
        real=real,
        fake=fake,
        frames=FRAMES,
        protocol="stylegan-v",
        extractor="i3d-toy",
        data_root=None if data_root is None else str(data_root),
    )
    record = score(request, resources(workers=1, keep=True, what=fake))
    return _text(record.value, record.interval)


def _line(what: str, videos: Sequence[Tensor], fvd: str) -> str:
    cells = [_mean(ratio(video) for video in videos) for ratio in (step_ratio, sharpness_ratio)]
    return f"| {what} | {' | '.join(cells)} | {fvd} |"


def _mean(values: Iterator[float]) -> str:
    named: Mapping[str, float] = {str(i): value for i, value in enumerate(values)}
    return _text(fmean(named.values()), ends(mean_interval(named)))


def _text(value: float, interval: tuple[float, float] | None) -> str:
    brackets = "" if interval is None else f" [{interval[0]:.3g}, {interval[1]:.3g}]"
    return f"{value:.3g}{brackets}"


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--real", required=True)
    parser.add_argument("--count", type=int, default=64, help="samples whose frames are compared")
    parser.add_argument("--samples", type=int, default=256, help="samples of FVD; 0: no FVD")
    parser.add_argument("--data-root", type=Path)
    given = parser.parse_args()
    try:
        side = LeoModel.open(find_model(given.model)).config.resolution
        options = SourceOptions(OpenOptions(), data_root=given.data_root, resolution=side)
        real = open_source(given.real, options)
        for line in lines(given.model, real, given.count, given.samples, given.data_root):
            out(line)
    except InputError as error:
        say(str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
