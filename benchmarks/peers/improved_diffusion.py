"""improved-diffusion's U-Net over time, of the size that LEO's denoiser of codes has."""

import torch

from leo_bench.benchmarks.peers.called import peer_module
from leo_bench.benchmarks.peers.leo_bench_itself import CODE, CONFIG, WINDOW
from leo_bench.benchmarks.peers.parts import Inputs, Prepared, denoising
from leo_bench.leo.config import load_config


def motion(inputs: Inputs, videos: int = 1) -> Prepared:
    """`UNetModel` with dims=1, before training; the options are those of its scripts."""
    config = load_config(CONFIG).lmdm.network
    net = peer_module("improved_diffusion.unet").UNetModel(
        in_channels=CODE,
        model_channels=config.channels,
        out_channels=CODE,
        num_res_blocks=config.blocks,
        attention_resolutions=config.attention,
        channel_mult=config.multipliers,
        num_heads=config.heads,
        dims=1,
        use_scale_shift_norm=True,
    )
    net.eval().requires_grad_(False)
    return denoising(net, torch.zeros(videos, CODE, WINDOW), inputs.steps)


def motion_of_eight(inputs: Inputs) -> Prepared:
    """As `motion`, for eight videos at once."""
    return motion(inputs, videos=8)
