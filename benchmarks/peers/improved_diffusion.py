"""improved-diffusion's U-Net over time, of the size that LEO's denoiser of codes has."""

import torch

from leo_bench.benchmarks.peers.called import peer_module
from leo_bench.benchmarks.peers.leo_bench_itself import CODE, CONFIG, WINDOW
from leo_bench.benchmarks.peers.parts import Inputs, Prepared
from leo_bench.leo.config import load_config


def motion(inputs: Inputs) -> Prepared:
    """`UNetModel` with dims=1, before training."""
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
    )
    net.eval().requires_grad_(False)
    window, step = torch.zeros(1, CODE, WINDOW), torch.zeros(1, dtype=torch.int64)

    @torch.inference_mode()
    def run() -> None:
        for _ in range(inputs.steps):
            net(window, step)

    return Prepared(run, inputs.steps)
