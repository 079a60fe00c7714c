"""Length of LEO's motion by each sampler, and its smoothness where windows meet; Markdown.

    python -m leo_bench.benchmarks.evidence.drawn_motion --model leo:toy-bodies
        --real toy-bodies/test

Sample i starts from the first frame of real video i with the keys of sample i of seed 0, as
`leo-bench sample --mode conditional` draws it. Lengths are of unnormalised motion codes, averaged
over samples; "step into frame 2" is of pixels.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from leo_bench.benchmarks.cli.screen import out, say
from leo_bench.benchmarks.scores.code_motion import Bends, seams, ways
from leo_bench.benchmarks.sources.leo_samples import open_samples
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.data.videos import at_size
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.model import LeoModel, find_model
from leo_bench.leo.sampling.options import SampleRow, Sampling

FRAMES = 16
LONG = 128  # frames, more than one window
RENDERED = 16  # samples whose pixels are measured
SAMPLERS = ("ddim-50", "dpm-20", "dpm-lu-20", "ddpm-100")


def way(codes: Tensor, frames: int = FRAMES) -> float:
    """Mean distance of the first code and the one `frames` - 1 later; codes [N,T,M]."""
    return float(ways(codes)[:, frames - 1].mean())


def means(bends: Bends, where: str = "") -> dict[str, float]:
    """Mean second difference and cosine, named with `where`."""
    found = {"second difference": bends.second, "cosine": bends.cosine}
    return {f"{name}{where}": float(values.mean()) for name, values in found.items()}


def lines(model: LeoModel, real: VideoSource, count: int) -> Iterator[str]:
    """Lines of the table, each as soon as it is measured."""
    yield f"| {real.name}, {count} videos | way in {FRAMES} frames |"
    yield "|---|---|"
    videos = range(min(count, len(real.names)))
    codes = torch.stack([_real_codes(model, real, video) for video in videos])
    yield f"| real | {way(codes):.2f} |"
    for text in SAMPLERS:
        drawn = _drawn_codes(model, real, Sampler.parse(text), FRAMES, len(videos))
        yield f"| {text} | {way(drawn):.2f} |"
    few = min(64, len(videos))
    met = seams(model.config.lmdm, LONG)
    bends = Bends.of(_drawn_codes(model, real, Sampler("ddim", 50), LONG, few))
    found = means(bends.elsewhere(met)) | means(bends.at(met), " at seams")
    yield f"\nReal: {_text(means(Bends.of(codes)))}."
    yield f"Drawn, {few} of {LONG} frames, ddim-50: {_text(found)}."
    for how in ("source", "recon"):
        sampling = Sampling(mode="conditional", frames=FRAMES, count=RENDERED, first_frame=how)
        source = open_samples(model, sampling, real.name, lambda *_: real)
        shown = torch.stack([source.read(i, range(FRAMES)) for i in range(RENDERED)]).float()
        steps = shown.diff(dim=1).abs().mean(dim=(0, 2, 3, 4))
        share = float(steps[0] / steps[1:].mean())
        yield f"Step into frame 2, of later ones, --first-frame {how}: {share:.2f}."


def _real_codes(model: LeoModel, real: VideoSource, video: int) -> Tensor:
    frames = real.read(video, range(real.frame_counts[video]))
    return model.animator.codes(at_size(frames, model.animator.size))


def _drawn_codes(
    model: LeoModel, real: VideoSource, sampler: Sampler, frames: int, count: int
) -> Tensor:
    sampling = Sampling(
        mode="conditional", frames=frames, count=count, sampler=sampler.kind, steps=sampler.steps
    )
    drawing = Drawing(model, sampling, real)
    groups = [range(first, min(first + drawing.together, count)) for first in
              range(0, count, drawing.together)]  # fmt: skip
    return torch.cat([drawing.draw([SampleRow(i, i, i) for i in group]).codes for group in groups])


def _text(numbers: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in numbers.items())


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--real", required=True)
    parser.add_argument("--count", type=int, default=256, help="videos, from the first on")
    parser.add_argument("--data-root", type=Path)
    given = parser.parse_args()
    try:
        model = LeoModel.open(find_model(given.model))
        side = model.config.resolution
        options = SourceOptions(OpenOptions(), data_root=given.data_root, resolution=side)
        for line in lines(model, open_source(given.real, options), given.count):
            out(line)
    except InputError as error:
        say(str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
