"""Phase 2: motion given its first code, the latent motion diffusion model (paper Sec. 3.2, Eq. 4).

Legend: B batch, L frames, S slots of the diffused state, M code dimensions.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from leo_bench.leo.config import Diffusion, LmdmConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.diffusion.codes import CodeStats, Windows, code_windows, to_tensors
from leo_bench.leo.diffusion.conditioning import READINGS, Reading, residuals, window_noise
from leo_bench.leo.diffusion.gaussian import Schedule
from leo_bench.leo.models.motion_models import MotionModel
from leo_bench.leo.networks.unet1d import UNet1d
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
    shown,
    spread_steps,
)
from leo_bench.leo.stages.pictures import strips

NAME = "lmdm"


class MotionLosses(LossModule):
    """How far the network's prediction of a noised state is off, over the state's slots alone."""

    def __init__(self, network: nn.Module, reading: Reading, diffusion: Diffusion) -> None:
        """`network`: (sequence [B,L,M], step [B]) -> [B,L,M]."""
        super().__init__()
        self.network = network
        self._reading, self._diffusion = reading, diffusion

    def forward(self, batch: Batch) -> tuple[Losses, Batch]:
        """Normalised "window" [B,L,M], "noise" [B,S,M], "step" [B] -> the mean squared error."""
        window_BLM, noise_BSM, step_B = batch["window"], batch["noise"], batch["step"]
        clean_BSM = self._reading.state(window_BLM)
        state_BSM = Schedule.of(self._diffusion).noised(clean_BSM, noise_BSM, step_B)
        fed_BLM = self._reading.fed(state_BSM, window_BLM[:, 0])
        said_BSM = self._reading.said(self.network(fed_BLM, step_B))
        return {"mse": error(self._diffusion, said_BSM, clean_BSM, noise_BSM, step_B)}, {}


@dataclass(frozen=True)
class _Batches:
    """Random windows of the training sequences, with noise and steps."""

    windows: Windows
    stats: CodeStats
    config: LmdmConfig
    seed: int

    def __call__(self, step: int, share: Share) -> Batch:
        # The whole global batch is drawn, and the share cut out of it: it is small.
        random = generator(NAME, self.seed, step)
        count = self.config.training.batch
        picked = torch.randint(len(self.windows), (count,), generator=random)
        windows = self.stats.normalised(self.windows.take(picked))
        steps = random_steps(count, self.config.diffusion, random)
        noise = _noise(windows, self.config, random)
        mine = list(share.of(count))
        return {"window": windows[mine], "step": steps[mine], "noise": noise[mine]}


def build(config: LmdmConfig, codes: CodeBook, seed: int) -> Stage:
    """The stage; the network starts from numbers that follow from `seed`.

    Raises:
        InputError: no training video, or no held-out one, is long enough for a window.
    """
    windows = code_windows(codes.sequences, config.length, config.frame_stride)
    stats = CodeStats.of(windows)
    reading = READINGS[config.condition]
    network = seeded(lambda: UNet1d(windows.code_size, config.network), NAME, seed)

    def losses(network: nn.Module) -> MotionLosses:
        return MotionLosses(network, reading, config.diffusion)

    held_out = _held_out(config, codes, stats, seed)
    return Stage(
        name=NAME,
        players=[Player(NAME, losses(network), config.optimiser, config.training.ema)],
        batch=_Batches(windows, stats, config, seed),
        validate=Judge(losses, held_out),
        picture=_Gallery(config, stats, held_out["window"]),
        metadata={NAME: config.model_dump_json(), **codes.about_animator},
        tensors=to_tensors(stats),
    )


@dataclass(frozen=True)
class _Gallery:
    """Residuals of held-out windows above those that the network draws for their first codes."""

    config: LmdmConfig
    stats: CodeStats
    windows: Tensor  # normalised [W,L,M]

    def __call__(self, network: nn.Module) -> Tensor:
        """Rows real, drawn, drawn from other noise; a column a window: uint8 [3,H,W]."""
        model = MotionModel(as_kind(network, UNet1d), self.stats, self.config)
        real, keys = shown(self.windows)
        sampler = quick(self.config.diffusion, len(keys))
        if model.reading.begins:
            first = self.stats.denormalised(real[:, 0])
            drawn = model.windows(first.repeat(2, 1), keys, sampler)
        else:
            drawn = model.unconditional(keys, sampler)
        return strips([residuals(w) for w in (real, *self.stats.normalised(drawn).chunk(2))])


def _held_out(config: LmdmConfig, codes: CodeBook, stats: CodeStats, seed: int) -> Batch:
    windows = code_windows(codes.judged_sequences, config.length, config.frame_stride).spread(
        JUDGED
    )
    windows = stats.normalised(windows)
    random = generator(NAME, seed, "held out")
    steps = spread_steps(len(windows), config.diffusion, random)
    return {"window": windows, "step": steps, "noise": _noise(windows, config, random)}


def _noise(window_BLM: Tensor, config: LmdmConfig, random: torch.Generator) -> Tensor:
    """For the states of these windows, [B,S,M]."""
    shape = READINGS[config.condition].state(window_BLM).shape
    return window_noise(shape, config.length, random)
