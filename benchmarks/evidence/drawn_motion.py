"""How far and how quickly LEO's motion goes, by each sampler, beside real motion; Markdown.

    python -m leo_bench.benchmarks.evidence.drawn_motion --model leo:toy-bodies
        --real toy-bodies/test

Sample i begins with the first frame of real video i and has the keys of sample i of seed 0, as
`leo-bench sample --mode conditional` draws it. All measures are of motion codes, not normalised:
means over videos, with 95 % intervals. "last step" is the one into the last code of a window that
the next window goes on from; "spread" the standard deviation of a video's codes in time.
`benchmarks.evidence.first_frames` has the step into frame 2 in pixels.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from leo_bench.benchmarks.cli.screen import out, say
from leo_bench.benchmarks.scores.code_motion import Bends, seams, step_lengths, ways
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.intervals import ends
from leo_bench.evaluation.uncertainty.mean_intervals import mean_interval
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.data.videos import frames_at_size
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.model import LeoModel, find_model
from leo_bench.leo.sampling.options import SampleRow, Sampling

SAMPLERS = ("ddim-50", "dpm-lu-20")


def measures(codes: Tensor, met: Sequence[int], window: int) -> dict[str, Tensor]:
    """One value a video of each measure, [N].

    Args:
        codes: [N,T,M].
        met: frames, counted from 0, at which windows meet; none of real motion.
        window: frames of a window; those of "way" and "spread".
    """
    bends, far = Bends.of(codes), ways(codes)
    plain = bends.elsewhere(met)
    last = met[0] if met else window - 2
    found = {
        "step": step_lengths(codes),
        "last step": step_lengths(codes[:, last - 1 : last + 1]),
        "second difference": plain.second.mean(1),
        "cosine of steps": plain.cosine.mean(1),
        "way in 16 frames": far[:, 15],
        f"way in {window} frames": far[:, window - 1],
        "spread": codes[:, :window].std(1).norm(dim=-1),
    }
    if met:
        there = bends.at(met)
        found["second difference at seams"] = there.second.mean(1)
        found["cosine at seams"] = there.cosine.mean(1)
    return found


def lines(
    model: LeoModel, real: VideoSource, count: int, frames: int, samplers: Sequence[str]
) -> Iterator[str]:
    """The table: a column of real motion, and one for each sampler."""
    window, videos = model.config.lmdm.length, range(min(count, len(real.names)))
    length = min(frames, *(real.frame_counts[video] for video in videos))
    found = {"real": measures(_real_codes(model, real, videos, length), (), window)}
    met = seams(model.config.lmdm, frames)
    for text in samplers:
        drawn = _drawn_codes(model, real, Sampler.parse(text), frames, len(videos))
        found[text] = measures(drawn, met, window)
    yield f"| {model.name}, {len(videos)} videos of {real.name} | {' | '.join(found)} |"
    yield "|---" * (1 + len(found)) + "|"
    for name in dict.fromkeys(name for column in found.values() for name in column):
        cells = [_text(column.get(name), real.names) for column in found.values()]
        yield f"| {name} | {' | '.join(cells)} |"


def _text(values: Tensor | None, names: Sequence[str]) -> str:
    if values is None:
        return ""
    named = dict(zip(names, values.tolist(), strict=False))
    interval = ends(mean_interval(named))
    within = "" if interval is None else f" [{interval[0]:.3f}, {interval[1]:.3f}]"
    return f"{fmean(named.values()):.3f}{within}"


def _real_codes(model: LeoModel, real: VideoSource, videos: range, frames: int) -> Tensor:
    return torch.stack(
        [
            model.animator.codes(frames_at_size(real, video, range(frames), model.animator.size))
            for video in videos
        ]
    )


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


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--real", required=True)
    parser.add_argument("--count", type=int, default=256, help="videos, from the first on")
    parser.add_argument("--frames", type=int, default=128, help="of each video")
    parser.add_argument("--samplers", nargs="+", default=SAMPLERS, help="KIND-STEPS")
    parser.add_argument("--data-root", type=Path)
    given = parser.parse_args()
    try:
        model = LeoModel.open(find_model(given.model))
        side = model.config.resolution
        options = SourceOptions(OpenOptions(), data_root=given.data_root, resolution=side)
        real = open_source(given.real, options)
        for line in lines(model, real, given.count, given.frames, given.samplers):
            out(line)
    except InputError as error:
        say(str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
