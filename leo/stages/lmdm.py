"""Stage lmdm, the latent motion diffusion model: motion given its first code (Eq. 4).

Legend: B batch, L frames, S slots of the diffused state, M code dimensions.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from leo_bench.leo.config import LmdmConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.diffusion.codes import CodeStats, Windows, code_windows
from leo_bench.leo.diffusion.conditioning import residuals, window_noise
from leo_bench.leo.diffusion.context import Told
from leo_bench.leo.diffusion.motion_prior import with_prior
from leo_bench.leo.diffusion.reading import Reading, channels_told, context_of
from leo_bench.leo.models.motion_models import MotionModel, lmdm_network
from leo_bench.leo.seeds import generator
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

NAME = "lmdm"


def build(config: LmdmConfig, codes: CodeBook, seed: int) -> Stage:
    """Learn random windows of the training sequences; first weights follow from `seed`.

    Raises:
        InputError: no training video, or no held-out one, is long enough for a window.
    """
    windows = code_windows(codes.sequences, config.length, config.frame_stride)
    judged = code_windows(codes.judged_sequences, config.length, config.frame_stride)
    stats = stats_of(config, codes.sequences)
    reading = Reading.of(config, stats)
    how = denoising(config, reading, stats)

    def clean(count: int, random: torch.Generator) -> Batch:
        picked = torch.randint(len(windows), (count,), generator=random)
        # Draws of its own, so that models of any context learn the same windows, steps and noise.
        return _batch(reading, stats, windows, picked, generator("told", random.initial_seed()))

    told_random = generator(NAME, seed, "held out", "told")
    held_out = _batch(reading, stats, judged, judged.spread_index(HELD_OUT), told_random)

    def picture(network: nn.Module) -> Tensor:
        """Rows of residuals: real, drawn, drawn from other noise; a column a window."""
        model = MotionModel(network, stats, config)
        real, keys = shown(held_out["window"])
        sampler = preview_sampler(config.diffusion, len(keys))
        if model.condition.conditional:
            first = stats.denormalised(real[:, 0])
            drawn = model.windows(first.repeat(2, 1), keys, sampler)
        else:
            drawn = model.unconditional(keys, sampler)
        return strips([residuals(w) for w in (real, *stats.normalised(drawn).chunk(2))])

    return DiffusionStage(
        name=NAME,
        config=config,
        network=lambda: lmdm_network(config, windows.code_size),
        stats=stats,
        denoising=how,
        batch=RandomBatches(NAME, seed, config.training.batch, clean, how),
        held_out=held_out_batch(NAME, seed, held_out, how),
        picture=picture,
    ).build(codes, seed)


def stats_of(config: LmdmConfig, sequences: Sequence[Tensor]) -> CodeStats:
    """The statistics of training sequences (float32 [T,M] each) that a model needs.

    Raises:
        InputError: no sequence is long enough.
    """
    stats = CodeStats.of(code_windows(sequences, config.length, config.frame_stride))
    if config.noise == "white":
        return stats
    return with_prior(stats, sequences, context_of(config), config.length, config.frame_stride)


def _batch(
    reading: Reading, stats: CodeStats, windows: Windows, index_B: Tensor, random: torch.Generator
) -> Batch:
    """Normalised windows and what they are told."""
    window_BLM = stats.normalised(windows.take(index_B))
    told = reading.context.drawn(windows, index_B, random)
    told = told._replace(before=stats.normalised(told.before), anchor=stats.normalised(told.anchor))
    return {"window": window_BLM, **reading.sized(window_BLM, told)._asdict()}


def denoising(config: LmdmConfig, reading: Reading, stats: CodeStats) -> Denoising:
    """Noise on a normalised "window" [B,L,M] as it is read (Eq. 4: condition "add")."""
    lowest_SM, _ = reading.condition.bounds(stats, config.length)

    def told(batch: Batch) -> Told:
        return Told(*(batch[name] for name in Told._fields))

    def state(batch: Batch) -> Tensor:
        return reading.state(batch["window"], told(batch))

    def predict(network: nn.Module, state_BSM: Tensor, batch: Batch) -> Tensor:
        first_BM = batch["window"][:, 0]
        return reading.predict(network, state_BSM, first_BM, told(batch), batch["step"])

    def noise(shape: Sequence[int], random: torch.Generator) -> Tensor:
        return window_noise(shape, config.length, random)

    return Denoising(config.diffusion, tuple(lowest_SM.shape), state, predict, noise)


def example(config: LmdmConfig, code_size: int) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """An untrained network, and one sample of its inputs."""
    channels = code_size + channels_told(config, code_size)
    codes = torch.empty(1, context_of(config).slots + config.length, channels)
    return lmdm_network(config, code_size), (codes, torch.zeros(1, dtype=torch.int64))
