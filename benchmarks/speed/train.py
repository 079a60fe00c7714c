"""Speed of the training loop: whether the animator's stage waits for data.

Every case trains in a temporary folder. The first report is not counted: threads and kernels warm
up in it.
"""

import tempfile
from pathlib import Path

from leo_bench.benchmarks.speed.machine import Row
from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.evaluation.videos.write import write_video
from leo_bench.leo.config import load_config
from leo_bench.leo.data.videos import PACK_BYTES, open_training_videos
from leo_bench.leo.stages import animator
from leo_bench.leo.stages.perceptual import choose
from leo_bench.leo.training.loop import train
from leo_bench.leo.training.run_folder import RunFolder

STEPS, REPORT = 30, 10
SHAPE = WorldShape(resolution=64, frames=32, count=32)


def measure() -> list[Row]:
    """Train a few steps of toy64's animator on each kind of frames."""
    world = open_world("toy-faces", "train", SHAPE)
    rows: list[Row] = []
    packed = 0.0
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "videos"
        for i in range(SHAPE.count):
            write_video(files / f"{i:03d}.mp4", iter(world.read(i, range(SHAPE.frames))), fps=25)
        stored = open_videos(files, OpenOptions())
        cases: list[tuple[str, VideoSource, int]] = [
            ("packed", stored, PACK_BYTES),
            ("read from H.264 each time", stored, 0),
            ("rendered each time", world, 0),
        ]
        for number, (what, source, pack_bytes) in enumerate(cases):
            rate, waited = _train(source, pack_bytes, Path(folder) / str(number))
            packed = packed or rate
            row = {
                "frames": what,
                "samples/s": f"{rate:.1f}",
                "share of the time waited for data": f"{waited:.1%}",
                "times packed": f"{rate / packed:.2f}",
            }
            rows.append(row)
    return rows


def _train(source: VideoSource, pack_bytes: int, root: Path) -> tuple[float, float]:
    """Samples a second and the share of the time waited for data, after the first report."""
    never = STEPS + 1
    config = load_config(
        "toy64",
        [
            f"animator.training.steps={STEPS}",
            f"animator.training.report_every={REPORT}",
            f"animator.training.validate_every={never}",
            f"animator.training.picture_every={never}",
            f"animator.training.save_every={never}",
        ],
    )
    videos = open_training_videos(source, 64, 0.05, pack_bytes)
    stage = animator.build(config.animator, videos, choose("pixels"), seed=0)
    folder = RunFolder.create(root, config).stage("animator", videos.digest)
    if config.animator.training is None:
        raise ValueError(f"{config.id} trains no animator")
    train(stage, config.animator.training, folder)
    lines = [line for line in folder.read_log() if "samples_per_second" in line][1:]
    count = len(lines)
    return (
        count / sum(1 / line["samples_per_second"] for line in lines),
        sum(line["waited"] for line in lines) / count,
    )
