"""Stage frame-dm, the frame-wise diffusion model: the first code of a video (Sec. 3.2).

Legend: N frames, B batch, M code dimensions.
"""

import torch
from torch import Tensor, nn

from leo_bench.leo.config import FrameDmConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.diffusion.codes import FrameStats
from leo_bench.leo.models.motion_models import CodeModel
from leo_bench.leo.networks.code_mlp import CodeMlp
from leo_bench.leo.stage import Batch, Stage
from leo_bench.leo.stages.denoising import (
    HELD_OUT,
    Denoising,
    DiffusionStage,
    RandomBatches,
    held_out_batch,
    preview_sampler,
)
from leo_bench.leo.stages.pictures import clouds

NAME = "frame-dm"
DRAWN = 512  # codes in a picture


def build(config: FrameDmConfig, codes: CodeBook, seed: int) -> Stage:
    """Learn the codes of random training frames; first weights follow from `seed`."""
    known_NM = torch.cat(codes.sequences)
    stats = FrameStats.of(known_NM)
    normalised_NM = stats.normalised(known_NM)
    judged_NM = torch.cat(codes.judged_sequences)
    spread = torch.linspace(0, len(judged_NM) - 1, min(4 * HELD_OUT, len(judged_NM)))
    held_out = {"code": stats.normalised(judged_NM[spread.round().long()])}
    how = Denoising(
        config.diffusion,
        shape=tuple(stats.mean.shape),
        state=lambda batch: batch["code"],
        predict=lambda network, state_BM, batch: network(state_BM, batch["step"]),
    )

    def clean(count: int, random: torch.Generator) -> Batch:
        picked = torch.randint(len(normalised_NM), (count,), generator=random)
        return {"code": normalised_NM[picked]}

    def picture(network: nn.Module) -> Tensor:
        """Held-out codes beside drawn ones, as clouds."""
        keys = [("shown", number) for number in range(DRAWN)]
        drawn = CodeModel(network, stats, config).codes(
            keys, preview_sampler(config.diffusion, DRAWN)
        )
        return clouds(held_out["code"], stats.normalised(drawn))

    return DiffusionStage(
        name=NAME,
        config=config,
        network=lambda: CodeMlp(codes.codes.shape[1], config.width, config.blocks),
        stats=stats,
        denoising=how,
        batch=RandomBatches(NAME, seed, config.training.batch, clean, how),
        held_out=held_out_batch(NAME, seed, held_out, how),
        picture=picture,
    ).build(codes, seed)


def example(config: FrameDmConfig, code_size: int) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """An untrained network, and one sample of its inputs."""
    code, step = torch.empty(1, code_size), torch.zeros(1, dtype=torch.int64)
    return CodeMlp(code_size, config.width, config.blocks), (code, step)
