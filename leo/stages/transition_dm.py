"""Stage transition-dm, the transition diffusion model: motion between two codes (Sec. 6).

Legend: B batch, L frames, M code dimensions.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from leo_bench.leo.config import TransitionConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.diffusion.codes import TransitionStats, Windows, code_windows, windows_that_fit
from leo_bench.leo.diffusion.conditioning import departure, predict_departure
from leo_bench.leo.models.motion_models import TransitionModel
from leo_bench.leo.networks.unet1d import UNet1d
from leo_bench.leo.stage import Batch, Stage
from leo_bench.leo.stages.denoising import (
    HELD_OUT,
    Denoising,
    DiffusionStage,
    RandomBatches,
    held_out_batch,
    preview_sampler,
    shown,
)
from leo_bench.leo.stages.pictures import strips

NAME = "transition-dm"


def build(config: TransitionConfig, codes: CodeBook, seed: int) -> Stage:
    """Learn random windows of random frame strides; first weights follow from `seed`.

    Strides for which no training video is long enough are left out.

    Raises:
        InputError: no training video, or no held-out one, is long enough for any stride.
    """
    fitting = _fitting(config, codes.sequences)
    stats = TransitionStats.of(fitting)
    code_size, length = codes.codes.shape[1], config.length
    how = Denoising(
        config.diffusion,
        shape=tuple(stats.bounds.shape),
        state=lambda batch: departure(batch["window"]),
        predict=_predict,
    )

    def clean(count: int, random: torch.Generator) -> Batch:
        labels = stats.labels[torch.randint(len(fitting), (count,), generator=random)]
        places = torch.rand(count, generator=random, dtype=torch.float64)
        windows = torch.empty(count, length, code_size)
        for label, found in fitting.items():
            chosen = labels == label
            windows[chosen] = found.take((places[chosen] * len(found)).long())
        return {"window": stats.normalised(windows), "label": labels}

    held_out = _held_out(config, codes, stats)

    def picture(network: nn.Module) -> Tensor:
        """Rows of departures: real, drawn, drawn from other noise; a column a window."""
        real, keys = shown(held_out["window"])
        start, end = (stats.denormalised(real[:, slot]).repeat(2, 1) for slot in (0, -1))
        model = TransitionModel(network, stats, config)
        drawn = model.between(start, end, keys, preview_sampler(config.diffusion, len(keys)))
        return strips([departure(w) for w in (real, *stats.normalised(drawn).chunk(2))])

    return DiffusionStage(
        name=NAME,
        config=config,
        network=lambda: UNet1d(code_size, config.network, len(config.strides)),
        stats=stats,
        denoising=how,
        batch=RandomBatches(NAME, seed, config.training.batch, clean, how),
        held_out=held_out_batch(NAME, seed, held_out, how),
        picture=picture,
    ).build(codes, seed)


def _predict(network: nn.Module, state_BSM: Tensor, batch: Batch) -> Tensor:
    ends = batch["window"][:, 0], batch["window"][:, -1]
    return predict_departure(network, state_BSM, ends, batch["step"], batch["label"])


def _fitting(config: TransitionConfig, sequences: Sequence[Tensor]) -> dict[int, Windows]:
    """Windows by label (number of the stride), for the strides that some sequence fits."""
    code_windows(sequences, config.length, min(config.strides))  # raises if there is none at all
    found = {
        label: windows_that_fit(sequences, config.length, stride)
        for label, stride in enumerate(config.strides)
    }
    return {label: windows for label, windows in found.items() if len(windows)}


def _held_out(config: TransitionConfig, codes: CodeBook, stats: TransitionStats) -> Batch:
    """About as many windows of every stride that training has."""
    known = set(stats.labels.tolist())
    found = _fitting(config, codes.judged_sequences)
    fitting = {label: windows for label, windows in found.items() if label in known}
    parts = [windows.spread(HELD_OUT // len(fitting)) for windows in fitting.values()]
    counts = torch.tensor([len(part) for part in parts])
    labels = torch.tensor(list(fitting)).repeat_interleave(counts)
    return {"window": stats.normalised(torch.cat(parts)), "label": labels}


def example(config: TransitionConfig, code_size: int) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """An untrained network, and one sample of its inputs."""
    codes, step = torch.empty(1, config.length, code_size), torch.zeros(1, dtype=torch.int64)
    return UNet1d(code_size, config.network, len(config.strides)), (codes, step, step)
