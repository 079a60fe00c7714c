"""Latte's two steps: `convert_videos_to_frames`, then its form of StyleGAN-V's `compute_fvd`."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import av
import torch

from leo_bench.benchmarks.peers.called import archive, archive_remark, peer_module, with_old_sqrtm
from leo_bench.benchmarks.peers.parts import FRAMES, PIXELS, Inputs, Prepared

_REMARK = "PyAV reads in the place of moviepy.editor, which is gone; its download is replaced"


def videos(inputs: Inputs) -> Prepared:
    """mp4 -> JPEG frames -> FVD on the CPU, of which its script knows GPUs alone."""
    sys.path.insert(0, f"{sys.path[0]}/tools")  # its modules import each other as `metrics.` too
    remark = "; ".join(filter(None, [_REMARK, archive_remark(), with_old_sqrtm()]))
    _read_by_pyav()
    convert = peer_module("tools.convert_videos_to_frames").convert_videos_to_frames
    features = peer_module("metrics.metric_utils")
    distance = peer_module("metrics.frechet_video_distance").compute_fvd

    def run() -> float:
        with tempfile.TemporaryDirectory() as made:
            for side in (inputs.real, inputs.fake):
                target = Path(made, side.name)
                convert(str(side), str(target), num_workers=2, video_ext=".mp4", target_size=PIXELS)
            options = _options(features, Path(made))
            with patch.object(features, "get_feature_detector", lambda **_: archive(inputs)):
                counts = {"max_real": inputs.videos, "num_gen": inputs.videos}
                strides = {"realdata_subsample_factor": 1, "num_frames": FRAMES}
                return float(distance(options, **counts, **strides))

    return Prepared(run, 2 * inputs.videos, remark)


def _options(features: ModuleType, folder: Path) -> Any:
    """Those that its `calc_metrics_for_dataset` gives to `compute_fvd`."""
    known = features.dnnlib.EasyDict
    real, fake = (
        known(
            class_name="utils.dataset.VideoFramesFolderDataset",
            path=str(folder / side),
            cfg=known(max_num_frames=10_000),
            xflip=False,
            resolution=PIXELS,
            use_labels=False,
        )
        for side in ("real", "fake")
    )
    return features.MetricOptions(
        dataset_kwargs=real,
        gen_dataset_kwargs=fake,
        generator_as_dataset=True,
        device=torch.device("cpu"),
        cache=False,
    )


def _read_by_pyav() -> None:
    """Give `moviepy.editor.VideoFileClip` back, as far as the first step calls it."""

    class VideoFileClip:
        def __init__(self, path: str) -> None:
            self._path = path
            with av.open(path) as container:
                self.fps = float(container.streams.video[0].average_rate or 0)

        def iter_frames(self, fps: float) -> Iterator[Any]:
            with av.open(self._path) as container:
                for frame in container.decode(video=0):
                    yield frame.to_ndarray(format="rgb24")

    editor = ModuleType("moviepy.editor")
    editor.__dict__["VideoFileClip"] = VideoFileClip
    sys.modules["moviepy"] = ModuleType("moviepy")
    sys.modules["moviepy.editor"] = editor
