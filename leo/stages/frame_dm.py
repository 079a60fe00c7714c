"""Phase 2: the code a video begins with, the frame-wise diffusion model (paper Sec. 3.2).

Legend: N frames, B batch, M code dimensions.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from leo_bench.leo.config import Diffusion, FrameDmConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.diffusion.codes import FrameStats, to_tensors
from leo_bench.leo.diffusion.gaussian import Schedule
from leo_bench.leo.models.motion_models import CodeModel
from leo_bench.leo.networks.code_mlp import CodeMlp
from leo_bench.leo.seeds import generator
from leo_bench.leo.stage import Batch, Losses, LossModule, Player, Share, Stage
from leo_bench.leo.stages.denoising import (
    JUDGED,
    Judge,
    as_kind,
    error,
    quick,
    random_steps,
    seeded,
    spread_steps,
)
from leo_bench.leo.stages.pictures import clouds

NAME = "frame-dm"
SHOWN = 512  # drawn codes


class CodeLosses(LossModule):
    """How far the network's prediction of a noised code is off."""

    def __init__(self, network: nn.Module, diffusion: Diffusion) -> None:
        """`network`: (code [B,M], step [B]) -> [B,M]."""
        super().__init__()
        self.network = network
        self._diffusion = diffusion

    def forward(self, batch: Batch) -> tuple[Losses, Batch]:
        """Normalised "code" [B,M], "noise" [B,M], "step" [B] -> the mean squared error."""
        code_BM, noise_BM, step_B = batch["code"], batch["noise"], batch["step"]
        state_BM = Schedule.of(self._diffusion).noised(code_BM, noise_BM, step_B)
        said_BM = self.network(state_BM, step_B)
        return {"mse": error(self._diffusion, said_BM, code_BM, noise_BM, step_B)}, {}


@dataclass(frozen=True)
class _Batches:
    """Random frames of the training videos, with noise and steps."""

    codes: Tensor  # normalised [N,M]
    config: FrameDmConfig
    seed: int

    def __call__(self, step: int, share: Share) -> Batch:
        random = generator(NAME, self.seed, step)
        count = self.config.training.batch
        picked = torch.randint(len(self.codes), (count,), generator=random)
        codes = self.codes[picked]
        steps = random_steps(count, self.config.diffusion, random)
        noise = torch.randn(codes.shape, generator=random)
        mine = list(share.of(count))
        return {"code": codes[mine], "step": steps[mine], "noise": noise[mine]}


def build(config: FrameDmConfig, codes: CodeBook, seed: int) -> Stage:
    """The stage; the network starts from numbers that follow from `seed`."""
    stats = FrameStats.of(torch.cat(codes.sequences))
    size = codes.codes.shape[1]
    network = seeded(lambda: CodeMlp(size, config.width, config.blocks), NAME, seed)

    def losses(network: nn.Module) -> CodeLosses:
        return CodeLosses(network, config.diffusion)

    held_out = _held_out(config, codes, stats, seed)
    return Stage(
        name=NAME,
        players=[Player(NAME, losses(network), config.optimiser, config.training.ema)],
        batch=_Batches(stats.normalised(torch.cat(codes.sequences)), config, seed),
        validate=Judge(losses, held_out),
        picture=_Gallery(config, stats, held_out["code"]),
        metadata={NAME: config.model_dump_json(), **codes.about_animator},
        tensors=to_tensors(stats),
    )


@dataclass(frozen=True)
class _Gallery:
    """Held-out codes beside those that the network draws."""

    config: FrameDmConfig
    stats: FrameStats
    codes: Tensor  # normalised [N,M]

    def __call__(self, network: nn.Module) -> Tensor:
        """Clouds, real and drawn: uint8 [3,H,W]."""
        model = CodeModel(as_kind(network, CodeMlp), self.stats, self.config)
        keys = [("shown", number) for number in range(SHOWN)]
        drawn = model.codes(keys, quick(self.config.diffusion, SHOWN))
        return clouds(self.codes, self.stats.normalised(drawn))


def _held_out(config: FrameDmConfig, book: CodeBook, stats: FrameStats, seed: int) -> Batch:
    found = torch.cat(book.judged_sequences)
    spread = torch.linspace(0, len(found) - 1, min(4 * JUDGED, len(found))).round().long()
    codes = stats.normalised(found[spread])
    random = generator(NAME, seed, "held out")
    steps = spread_steps(len(codes), config.diffusion, random)
    noise = torch.randn(codes.shape, generator=random)
    return {"code": codes, "step": steps, "noise": noise}
