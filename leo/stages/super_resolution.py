"""Starting frames of 128 or 256 pixels from small ones: a second conditional DDPM (spec 4).

It sees the small picture, upsampled, and the code. In training the small picture is a real one with
Gaussian noise of a random level, which the network is told; so it forgives what the first model
gets wrong (conditioning augmentation, Ho et al. 2021, arXiv 2106.15282, Sec. 4).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from leo_bench.leo.config import CddpmConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.data.videos import TrainingVideos
from leo_bench.leo.diffusion.codes import FrameStats, to_tensors
from leo_bench.leo.models.starting_frame import FrameModel, enlarged, shrunk, upsampled
from leo_bench.leo.networks.unet2d import UNet2d
from leo_bench.leo.stage import Batch, Player, Stage
from leo_bench.leo.stages.denoising import as_kind, quick, seeded
from leo_bench.leo.stages.frames_with_codes import FramesWithCodes, PictureLosses, judge

NAME = "super-resolution"
SHOWN = 8


def build(
    config: CddpmConfig, low: int, videos: TrainingVideos, codes: CodeBook, seed: int
) -> Stage:
    """The stage, for small pictures of side `low`; the network follows from `seed`."""
    stats = FrameStats.of(torch.cat(codes.sequences))
    size = codes.codes.shape[1]
    network = seeded(
        lambda: UNet2d(config.network, config.resolution, size + 1, channels_in=6), NAME, seed
    )
    batches = FramesWithCodes(NAME, videos, codes, stats, config, seed, low)
    held_out = batches.held_out()

    def losses(network: nn.Module) -> PictureLosses:
        return PictureLosses(network, config)

    return Stage(
        name=NAME,
        players=[Player(NAME, losses(network), config.optimiser, config.training.ema)],
        batch=batches,
        validate=judge(losses, held_out),
        picture=_Gallery(config, low, stats, held_out),
        metadata={NAME: config.model_dump_json(), **codes.about_animator},
        tensors=to_tensors(stats),
    )


@dataclass(frozen=True)
class _Gallery:
    """Held-out frames, made small, and made large again."""

    config: CddpmConfig
    low: int
    stats: FrameStats
    held_out: Batch

    def __call__(self, network: nn.Module) -> Tensor:
        """Rows real, small (upsampled), drawn; a column a frame: uint8 [3,3R,8R]."""
        model = FrameModel(as_kind(network, UNet2d), self.config, self.stats)
        picked = slice(None, None, len(self.held_out["frame"]) // SHOWN)
        frames = self.held_out["frame"][picked]
        small = shrunk(frames, self.low)
        codes = self.stats.denormalised(self.held_out["code"][picked])
        keys = [("shown", column) for column in range(SHOWN)]
        drawn = enlarged(model, small, codes, keys, quick(self.config.diffusion, 4))
        rows = [frames, upsampled(small, self.config.resolution), drawn]
        return torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
