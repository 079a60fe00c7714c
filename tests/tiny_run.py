"""A LEO run in a second: tiny networks with made-up weights, in the files of a real run.

Nothing is learned, so nothing looks like anything; but all weights act, so all chance shows.
"""

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from leo_bench.leo import seeds as chance
from leo_bench.leo.checkpoint import Model, save_model
from leo_bench.leo.config import Config, load_config
from leo_bench.leo.diffusion.codes import (
    FrameStats,
    TransitionStats,
    code_windows,
    to_tensors,
)
from leo_bench.leo.models.motion_models import lmdm_network
from leo_bench.leo.networks.code_mlp import CodeMlp
from leo_bench.leo.networks.generator import Generator
from leo_bench.leo.networks.unet1d import UNet1d
from leo_bench.leo.networks.unet2d import UNet2d
from leo_bench.leo.stages.animator import shape
from leo_bench.leo.stages.lmdm import stats_of
from leo_bench.leo.training.run_folder import RunFolder

UNET = "{ channels = 32, multipliers = [1, 2], blocks = 1, attention = [2], heads = 2 }"
CHANGES = (
    "resolution=32",
    "animator.channel_cap=16",
    "animator.style=32",
    f"lmdm.network={UNET}",
    "lmdm.length=8",
    "lmdm.spare=0",
    "lmdm.history=3",
    f"transition_dm.network={UNET}",
    "transition_dm.length=8",
    "transition_dm.strides=[1, 2]",
    "frame_dm.width=32",
    "frame_dm.blocks=1",
    "cddpm.resolution=32",
    "cddpm.network={ channels = 16, multipliers = [1, 2], blocks = 1, attention = [8], heads = 2,"
    " patch = 2 }",
)

# Eq. 1: whole windows, which are told nothing.
WHOLE = ("lmdm.condition=none", "lmdm.noise=white", "lmdm.history=1", "lmdm.anchor=false")


def tiny_config(*changes: str) -> Config:
    return load_config("grid64", (*CHANGES, *changes))


def make_run(root: Path, *changes: str) -> Path:
    """A run folder with all stages."""
    config = tiny_config(*changes)
    run = RunFolder.create(root, config)
    sequences = [chance.normal((64, 20), "codes", i).cumsum(0) / 4 for i in range(3)]
    frame_stats = to_tensors(FrameStats.of(torch.cat(sequences)))
    animator = Generator(
        config.resolution,
        channel_cap=config.animator.channel_cap,
        channel_base=config.animator.channel_base,
        style=config.animator.style,
        directions=config.animator.directions,
        align_corners=config.animator.align_corners,
    )
    save(run, "animator", animator, {}, json.dumps(shape(animator)))
    motion, stats = lmdm_network(config.lmdm, 20), to_tensors(stats_of(config.lmdm, sequences))
    save(run, "lmdm", motion, stats, config.lmdm.model_dump_json())
    codes = CodeMlp(20, config.frame_dm.width, config.frame_dm.blocks)
    save(run, "frame-dm", codes, frame_stats, config.frame_dm.model_dump_json())
    pictures = UNet2d(config.cddpm.network, config.cddpm.resolution)
    save(run, "cddpm", pictures, frame_stats, config.cddpm.model_dump_json())
    if config.transition_dm is not None:
        transition = config.transition_dm
        fitting = {
            label: code_windows(sequences, transition.length, stride)
            for label, stride in enumerate(transition.strides)
        }
        stats = to_tensors(TransitionStats.of(fitting))
        way = UNet1d(20, transition.network, len(transition.strides))
        save(run, "transition-dm", way, stats, transition.model_dump_json())
    return root


def save(
    run: RunFolder, stage: str, network: nn.Module, stats: dict[str, Tensor], about: str
) -> None:
    shake(network, stage)
    metadata = {"stage": stage, stage: about}
    save_model(run.stage(stage).model, Model(dict(network.state_dict()), stats, metadata))


@torch.no_grad()
def shake(network: nn.Module, stage: str) -> None:
    """Numbers of their own for all weights, so that layers that begin at zero say something too."""
    for name, parameter in network.named_parameters():
        noise = chance.normal(parameter.shape, "shake", stage, name)
        if stage != "animator":
            parameter.copy_(parameter if parameter.ndim == 1 else noise / noise[0].numel() ** 0.5)
        elif parameter.ndim > 1 and name.endswith("weight"):
            parameter.copy_(noise * (0.2 if "to_rgbs" in name else 1.0))  # not black and white


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder, by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
