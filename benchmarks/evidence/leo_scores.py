"""Scores of a trained LEO on held-out videos: reconstruction, motion, and FVD with baselines.

    python -m leo_bench.benchmarks.evidence.leo_scores --model leo:toy-faces --real toy-faces/test
        --out SCORES.json

Conditional samples start from the first frames of the real videos, in order and repeated (the paper
selects 2,048 images of the data set at random, Sec. 4). The baselines are the same videos frozen
and shuffled. FVD is over 16 frames under `stylegan-v` with i3d-toy: not comparable with published
numbers. Second differences of codes show jitter, to which i3d-toy is hardly sensitive.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from leo_bench.benchmarks.cli.screen import out, resources, say
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.score import score
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.data.videos import frames_at_size
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.models.animator import ImageAnimator
from leo_bench.leo.networks.layers import to_pixels
from leo_bench.leo.sampling.model import LeoModel, find_model
from leo_bench.leo.stages import STAGES
from leo_bench.leo.stages.reconstruction import Judged, driving_frames, judge

FRAMES = 16
DRAWN = 512  # unconditional samples; drawing their first frames takes most of the time
VIDEOS, DRIVINGS = 64, 8  # held-out videos (64 to 127), and driving frames of each


def main() -> None:
    """Print the scores and write them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--real", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data-root", type=Path)
    parser.add_argument(
        "--samples", type=int, default=2048, help="from first frames; the paper draws 2,048"
    )
    given = parser.parse_args()
    try:
        scores = scores_of(given.model, given.real, given.data_root, given.samples)
        write_atomically(given.out, (json.dumps(scores, indent=1) + "\n").encode())
    except InputError as error:
        say(f"leo_scores: {error}")
        sys.exit(error.exit_code)


def scores_of(name: str, real: str, data_root: Path | None, samples: int) -> dict[str, object]:
    """All scores of a model; `samples`: number of conditional samples."""
    model = LeoModel.open(find_model(name))
    options = SourceOptions(OpenOptions(), data_root=data_root, resolution=model.config.resolution)
    judged = reconstruction(model.animator, open_source(real, options))
    say(f"reconstruction: {judged}")
    moved = motion(model, open_source(real, options))
    say(f"motion: {moved}")
    leo = f"leo:{name.removeprefix('leo:')}?frames={FRAMES}"
    fakes = {
        "LEO, conditional": f"{leo}&mode=conditional&start={real}&count={samples}",
        "frozen": f"damaged:frozen:{real}",
        "shuffled": f"damaged:shuffled:{real}",
    }
    if model.has("cddpm"):
        fakes["LEO, unconditional"] = f"{leo}&mode=unconditional&count={DRAWN}"
    numbers: dict[str, object] = {}
    for label, fake in fakes.items():
        request = ScoreRequest(
            metric="fvd",
            real=real,
            fake=fake,
            frames=FRAMES,
            protocol="stylegan-v",
            resolution=model.config.resolution,
            extractor="i3d-toy",
            data_root=None if data_root is None else str(data_root),
        )
        record = score(request, resources(workers=2, keep=True, what=label))
        numbers[label] = _numbers(record)
        out(f"{label}: {numbers[label]}")
    return {
        "real": real,
        "weights": {stage: file_sha256(model.file(stage)) for stage in STAGES if model.has(stage)},
        "reconstruction": asdict(judged),
        "motion": moved,
        f"fvd{FRAMES}, i3d-toy": numbers,
    }


def reconstruction(animator: ImageAnimator, source: VideoSource) -> Judged:
    """Error of reconstructing later frames from the first, and of copying the first."""
    sources, drivings, rebuilt = [], [], []
    for video in _judged(source):
        picks = driving_frames(source.frame_counts[video], DRIVINGS)
        frames = frames_at_size(source, video, [0, *picks], animator.size)
        sources.append(frames[:1].expand(len(picks), -1, -1, -1))
        drivings.append(frames[1:])
        codes = animator.codes(frames[1:])
        rebuilt.append(to_pixels(animator.frames(animator.appearance(frames[0]), codes)))
    return judge(torch.cat(sources), torch.cat(drivings), torch.cat(rebuilt))


def motion(model: LeoModel, source: VideoSource) -> dict[str, dict[str, float]]:
    """Mean lengths of differences of codes: of real videos, and drawn from their first codes.

    "step": from a code to the next. "second difference": from a step to the next. "way": from the
    first code to the last. The number of frames is the LMDM's window, or the shortest video.
    """
    animator, videos = model.animator, _judged(source)
    length = min(model.config.lmdm.length, *(source.frame_counts[video] for video in videos))
    real = torch.stack(
        [
            animator.codes(frames_at_size(source, video, range(length), animator.size))
            for video in videos
        ]
    )
    keys = [("motion", video) for video in range(len(real))]
    drawn = model.motion.windows(real[:, 0], keys, Sampler("ddim", 50))[:, :length]
    return {"real": _lengths(real), "drawn": _lengths(drawn)}


def _judged(source: VideoSource) -> range:
    """Evenly spaced videos: all, or between `VIDEOS` and twice as many."""
    return range(0, len(source.names), max(1, len(source.names) // VIDEOS))


def _lengths(codes: Tensor) -> dict[str, float]:
    steps = codes.diff(dim=1)
    of = {"step": steps, "second difference": steps.diff(dim=1), "way": codes[:, -1] - codes[:, 0]}
    return {name: float(found.norm(dim=-1).mean()) for name, found in of.items()}


def _numbers(record: Record) -> dict[str, object]:
    return {
        "value": record.value,
        "interval": record.interval,
        "fvd_infinity": record.fvd_infinity,
        "n_real": record.n_real,
        "n_fake": record.n_fake,
    }


if __name__ == "__main__":
    main()
