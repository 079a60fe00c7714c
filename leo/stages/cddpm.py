"""The starting frame given its code: p(x_1 | code) by a conditional DDPM (Sec. 3.3, option 2)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from leo_bench.leo.config import CddpmConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.data.videos import TrainingVideos
from leo_bench.leo.diffusion.codes import FrameStats, to_tensors
from leo_bench.leo.models.starting_frame import FrameModel, StartingFrames
from leo_bench.leo.networks.unet2d import UNet2d
from leo_bench.leo.stage import Batch, Player, Stage
from leo_bench.leo.stages.denoising import as_kind, quick, seeded
from leo_bench.leo.stages.frames_with_codes import FramesWithCodes, PictureLosses, judge

NAME = "cddpm"
SHOWN = 8


def build(config: CddpmConfig, videos: TrainingVideos, codes: CodeBook, seed: int) -> Stage:
    """The stage; the network starts from numbers that follow from `seed`."""
    stats = FrameStats.of(torch.cat(codes.sequences))
    size = codes.codes.shape[1]
    network = seeded(lambda: UNet2d(config.network, config.resolution, size), NAME, seed)
    batches = FramesWithCodes(NAME, videos, codes, stats, config, seed)
    held_out = batches.held_out()

    def losses(network: nn.Module) -> PictureLosses:
        return PictureLosses(network, config)

    return Stage(
        name=NAME,
        players=[Player(NAME, losses(network), config.optimiser, config.training.ema)],
        batch=batches,
        validate=judge(losses, held_out),
        picture=_Gallery(config, stats, held_out),
        metadata={NAME: config.model_dump_json(), **codes.about_animator},
        tensors=to_tensors(stats),
    )


@dataclass(frozen=True)
class _Gallery:
    """Held-out frames above what the network draws for their codes."""

    config: CddpmConfig
    stats: FrameStats
    held_out: Batch

    def __call__(self, network: nn.Module) -> Tensor:
        """Rows real, drawn, drawn from other noise; a column a code: uint8 [3,3R,8R]."""
        frames = StartingFrames(FrameModel(as_kind(network, UNet2d), self.config, self.stats))
        picked = slice(None, None, len(self.held_out["frame"]) // SHOWN)
        codes = self.stats.denormalised(self.held_out["code"][picked])
        rows = [self.held_out["frame"][picked]]
        for row in range(2):
            keys = [("shown", row, column) for column in range(SHOWN)]
            rows.append(frames.draw(codes, keys, quick(self.config.diffusion)))
        return torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
