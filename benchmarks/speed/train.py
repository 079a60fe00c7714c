"""The training loop: does it wait for data? The animator's stage, frames packed or read each time.

Every case is a training of its own, in a folder that is thrown away; the first report, in which
threads and kernels warm up, is not counted.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

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

COLUMNS = ("frames", "samples/s", "share of the time waited for data", "times packed")
STEPS, REPORT = 30, 10
SHAPE = WorldShape(resolution=64, frames=32, count=32)


@dataclass(frozen=True)
class TrainTiming:
    """One case: how its frames come, and how training went."""

    what: str
    rate: float
    waited: float
    ratio: float

    def cells(self) -> list[str]:
        """As `COLUMNS`."""
        return [self.what, f"{self.rate:.1f}", f"{self.waited:.1%}", f"{self.ratio:.2f}"]


def measure() -> list[TrainTiming]:
    """Train a few steps of toy64's animator on each kind of frames."""
    world = open_world("toy-faces", "train", SHAPE)
    rows: list[TrainTiming] = []
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
            rows.append(TrainTiming(what, rate, waited, rate / rows[0].rate if rows else 1.0))
    return rows


def _train(source: VideoSource, pack_bytes: int, root: Path) -> tuple[float, float]:
    """Samples a second and the share waited, after the first report."""
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
    train(stage, config.animator.training, folder)
    lines = [line for line in folder.read_log() if "samples_per_second" in line][1:]
    count = len(lines)
    return (
        count / sum(1 / line["samples_per_second"] for line in lines),
        sum(line["waited"] for line in lines) / count,
    )
