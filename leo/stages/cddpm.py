"""Stage cddpm: the first frame given its code, by a conditional DDPM (Sec. 3.3, option 2)."""

import torch
from torch import Tensor, nn

from leo_bench.leo.config import CddpmConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.data.videos import TrainingVideos
from leo_bench.leo.diffusion.codes import FrameStats
from leo_bench.leo.models.starting_frame import FrameModel, StartingFrames
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

NAME = "cddpm"


def build(config: CddpmConfig, videos: TrainingVideos, codes: CodeBook, seed: int) -> Stage:
    """Learn random training frames given their codes; first weights follow from `seed`."""
    stats = FrameStats.of(torch.cat(codes.sequences))
    batches = FramesWithCodes(NAME, videos, codes, stats, config, seed)
    held_out, how = batches.held_out(), denoising(config)

    def picture(network: nn.Module) -> Tensor:
        """Rows real, drawn, drawn from other noise; a column a code."""
        frames, codes_BM = some_held_out(held_out, stats)
        model, sampler = (
            StartingFrames(FrameModel(network, config, stats)),
            preview_sampler(config.diffusion),
        )
        rows = [[("shown", row, column) for column in range(len(frames))] for row in range(2)]
        return tiled([frames, *(model.draw(codes_BM, keys, sampler) for keys in rows)])

    return DiffusionStage(
        name=NAME,
        config=config,
        network=lambda: UNet2d(config.network, config.resolution, codes.codes.shape[1]),
        stats=stats,
        denoising=how,
        batch=batches,
        held_out=held_out,
        picture=picture,
    ).build(codes, seed, right_and_wrong_codes(how, held_out))


def example(config: CddpmConfig, code_size: int) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """An untrained network, and one sample of its inputs."""
    picture = torch.empty(1, 3, config.resolution, config.resolution)
    inputs = picture, torch.zeros(1, dtype=torch.int64), torch.empty(1, code_size)
    return UNet2d(config.network, config.resolution, code_size), inputs
