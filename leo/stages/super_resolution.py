"""Stage super-resolution: first frames of 128 or 256 pixels from the cDDPM's small ones.

The network sees the small picture, upsampled, and the code. In training the small picture is a real
one with Gaussian noise of a random level, which the network is told, so that it tolerates errors of
the cDDPM (conditioning augmentation, Ho et al. 2021, arXiv 2106.15282, Sec. 4).
"""

import torch
from torch import Tensor, nn

from leo_bench.leo.config import CddpmConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.data.videos import TrainingVideos
from leo_bench.leo.diffusion.codes import FrameStats
from leo_bench.leo.models.starting_frame import FrameModel, enlarged, shrunk, upsampled
from leo_bench.leo.networks.unet2d import UNet2d
from leo_bench.leo.stage import Stage
from leo_bench.leo.stages.denoising import DiffusionStage, preview_sampler
from leo_bench.leo.stages.frames_with_codes import (
    FramesWithCodes,
    denoising,
    right_and_wrong_codes,
    some_held_out,
    tiled,
)

NAME = "super-resolution"


def build(
    config: CddpmConfig, low: int, videos: TrainingVideos, codes: CodeBook, seed: int
) -> Stage:
    """Learn training frames given small ones of side `low`; first weights follow from `seed`."""
    stats = FrameStats.of(torch.cat(codes.sequences))
    batches = FramesWithCodes(NAME, videos, codes, stats, config, seed, low)
    held_out, how = batches.held_out(), denoising(config)

    def picture(network: nn.Module) -> Tensor:
        """Rows real, small (upsampled), drawn; a column a frame."""
        frames, codes_BM = some_held_out(held_out, stats)
        small = shrunk(frames, low)
        keys = [("shown", column) for column in range(len(frames))]
        sampler = preview_sampler(config.diffusion, 4)
        drawn = enlarged(FrameModel(network, config, stats), small, codes_BM, keys, sampler)
        return tiled([frames, upsampled(small, config.resolution), drawn])

    return DiffusionStage(
        name=NAME,
        config=config,
        network=lambda: _network(config, codes.codes.shape[1]),
        stats=stats,
        denoising=how,
        batch=batches,
        held_out=held_out,
        picture=picture,
    ).build(codes, seed, right_and_wrong_codes(how, held_out))


def _network(config: CddpmConfig, code_size: int) -> UNet2d:
    return UNet2d(config.network, config.resolution, code_size + 1, channels_in=6)


def example(config: CddpmConfig, code_size: int) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """An untrained network, and one sample of its inputs."""
    picture = torch.empty(1, 6, config.resolution, config.resolution)
    inputs = picture, torch.zeros(1, dtype=torch.int64), torch.empty(1, code_size + 1)
    return _network(config, code_size), inputs
