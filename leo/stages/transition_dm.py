"""Phase 2: motion between two given codes, the transition diffusion model (paper Sec. 6).

Legend: B batch, L frames, M code dimensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from leo_bench.leo.config import Diffusion, TransitionConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.diffusion.codes import (
    TransitionStats,
    Windows,
    code_windows,
    to_tensors,
    windows_that_fit,
)
from leo_bench.leo.diffusion.gaussian import Schedule
from leo_bench.leo.diffusion.transition import departed, departure
from leo_bench.leo.models.motion_models import TransitionModel
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

NAME = "transition-dm"


class TransitionLosses(LossModule):
    """How far the network's prediction of a noised departure is off, over the inner slots alone."""

    def __init__(self, network: nn.Module, diffusion: Diffusion) -> None:
        """`network`: (sequence [B,L,M], step [B], label of the stride [B]) -> [B,L,M]."""
        super().__init__()
        self.network = network
        self._diffusion = diffusion

    def forward(self, batch: Batch) -> tuple[Losses, Batch]:
        """Normalised "window" [B,L,M], "noise" [B,L-2,M], "step" and "label" [B] -> the error."""
        window_BLM, noise_BSM, step_B = batch["window"], batch["noise"], batch["step"]
        clean_BSM = departure(window_BLM)
        state_BSM = Schedule.of(self._diffusion).noised(clean_BSM, noise_BSM, step_B)
        fed_BLM = departed(state_BSM, window_BLM[:, 0], window_BLM[:, -1])
        said_BSM = self.network(fed_BLM, step_B, batch["label"])[:, 1:-1]
        return {"mse": error(self._diffusion, said_BSM, clean_BSM, noise_BSM, step_B)}, {}


@dataclass(frozen=True)
class _Batches:
    """Random windows of random strides, with noise and steps."""

    fitting: dict[int, Windows]  # by label
    stats: TransitionStats
    config: TransitionConfig
    seed: int

    def __call__(self, step: int, share: Share) -> Batch:
        random = generator(NAME, self.seed, step)
        count = self.config.training.batch
        labels = self.stats.labels[torch.randint(len(self.fitting), (count,), generator=random)]
        places = torch.rand(count, generator=random, dtype=torch.float64)
        windows = torch.empty(count, self.config.length, self.fitting[int(labels[0])].code_size)
        for label, found in self.fitting.items():
            chosen = labels == label
            windows[chosen] = found.take((places[chosen] * len(found)).long())
        windows = self.stats.normalised(windows)
        steps = random_steps(count, self.config.diffusion, random)
        noise = torch.randn(windows[:, 1:-1].shape, generator=random)
        batch = {"window": windows, "label": labels, "step": steps, "noise": noise}
        mine = list(share.of(count))
        return {name: values[mine] for name, values in batch.items()}


def build(config: TransitionConfig, codes: CodeBook, seed: int) -> Stage:
    """The stage; the network starts from numbers that follow from `seed`.

    Strides that no training video is long enough for are left out.

    Raises:
        InputError: no training video, or no held-out one, is long enough for any stride.
    """
    fitting = _fitting(config, codes.sequences)
    stats = TransitionStats.of(fitting)
    size = codes.codes.shape[1]
    labels = len(config.strides)
    network = seeded(lambda: UNet1d(size, config.network, labels), NAME, seed)

    def losses(network: nn.Module) -> TransitionLosses:
        return TransitionLosses(network, config.diffusion)

    held_out = _held_out(config, codes, stats, seed)
    return Stage(
        name=NAME,
        players=[Player(NAME, losses(network), config.optimiser, config.training.ema)],
        batch=_Batches(fitting, stats, config, seed),
        validate=Judge(losses, held_out),
        picture=_Gallery(config, stats, held_out["window"]),
        metadata={NAME: config.model_dump_json(), **codes.about_animator},
        tensors=to_tensors(stats),
    )


@dataclass(frozen=True)
class _Gallery:
    """Departures of held-out windows above those that the network draws between their ends."""

    config: TransitionConfig
    stats: TransitionStats
    windows: Tensor  # normalised [W,L,M]

    def __call__(self, network: nn.Module) -> Tensor:
        """Rows real, drawn, drawn from other noise; a column a window: uint8 [3,H,W]."""
        model = TransitionModel(as_kind(network, UNet1d), self.stats, self.config)
        real, keys = shown(self.windows)
        start, end = (self.stats.denormalised(real[:, slot]).repeat(2, 1) for slot in (0, -1))
        drawn = model.between(start, end, keys, quick(self.config.diffusion, len(keys)))
        return strips([departure(w) for w in (real, *self.stats.normalised(drawn).chunk(2))])


def _fitting(config: TransitionConfig, sequences: Sequence[Tensor]) -> dict[int, Windows]:
    """Windows by label, for the strides that some sequence is long enough for."""
    code_windows(sequences, config.length, min(config.strides))  # raises if there is none at all
    found = {
        label: windows_that_fit(sequences, config.length, stride)
        for label, stride in enumerate(config.strides)
    }
    return {label: windows for label, windows in found.items() if len(windows)}


def _held_out(
    config: TransitionConfig, codes: CodeBook, stats: TransitionStats, seed: int
) -> Batch:
    """The same number of windows of every stride, as far as they fit."""
    known = set(stats.labels.tolist())
    found = _fitting(config, codes.judged_sequences)
    fitting = {label: windows for label, windows in found.items() if label in known}
    parts = [windows.spread(JUDGED // len(fitting)) for windows in fitting.values()]
    windows = stats.normalised(torch.cat(parts))
    counts = torch.tensor([len(part) for part in parts])
    labels = torch.tensor(list(fitting)).repeat_interleave(counts)
    random = generator(NAME, seed, "held out")
    steps = spread_steps(len(windows), config.diffusion, random)
    noise = torch.randn(windows[:, 1:-1].shape, generator=random)
    return {"window": windows, "label": labels, "step": steps, "noise": noise}
