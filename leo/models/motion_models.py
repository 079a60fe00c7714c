"""Trained models of motion codes, opened for sampling: LMDM, frame-wise DM, Transition DM.

Codes go in and come out as the animator encodes them, not normalised, on the CPU. Legend: B batch,
L frames of a window, S slots of the diffused state, M code dimensions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor, nn

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.checkpoint import Model
from leo_bench.leo.config import FrameDmConfig, LmdmConfig, TransitionConfig
from leo_bench.leo.diffusion import size_ranks
from leo_bench.leo.diffusion.codes import CodeStats, FrameStats, TransitionStats
from leo_bench.leo.diffusion.conditioning import (
    CONDITIONS,
    Condition,
    departed,
    predict_departure,
    window_noise,
)
from leo_bench.leo.diffusion.context import Told
from leo_bench.leo.diffusion.gaussian import Denoiser, Key, Sampler, sample
from leo_bench.leo.diffusion.motion_prior import MotionPrior
from leo_bench.leo.diffusion.reading import Reading, channels_told
from leo_bench.leo.models.opening import ConfigT, StatsT, filled, stats_in, table_in
from leo_bench.leo.networks.code_mlp import CodeMlp
from leo_bench.leo.networks.fast_unet1d import FastUNet1d
from leo_bench.leo.networks.unet1d import UNet1d

NetworkT = TypeVar("NetworkT", UNet1d, CodeMlp)


def lmdm_network(config: LmdmConfig, code_size: int) -> UNet1d:
    """An untrained network of the stage lmdm."""
    return UNet1d(code_size, config.network, told=channels_told(config, code_size))


@dataclass(frozen=True)
class MotionModel:
    """The LMDM: windows of motion given their first code.

    Args:
        network: a `UNet1d` in evaluation mode, or its fast form; on its device.
        stats: of the codes that it was trained on.
        config: the stage's table.
    """

    network: nn.Module | FastUNet1d
    stats: CodeStats
    config: LmdmConfig

    @staticmethod
    def of(model: Model, device: torch.device | str = "cpu", bf16: bool = False) -> "MotionModel":
        """From `load_model` of the stage lmdm; `bf16`: compute in bfloat16, approximately.

        Raises:
            InputError: it is another stage's.
        """
        opened = _opened(model, "lmdm", device, LmdmConfig, CodeStats, lmdm_network)
        unet, stats, config = opened
        return MotionModel(_for_sampling(unet, bf16), stats, config)

    @property
    def condition(self) -> Condition:
        """How it is conditioned on the first code."""
        return CONDITIONS[self.config.condition]

    @cached_property
    def reading(self) -> Reading:
        """How it reads a window."""
        return Reading.of(self.config, self.stats)

    def windows(
        self,
        first_BM: Tensor,
        keys: Sequence[Key],
        sampler: Sampler,
        before_BKM: Tensor | None = None,
        anchor_BM: Tensor | None = None,
        rank_B2: Tensor | None = None,
    ) -> Tensor:
        """Windows that begin with the codes `first_BM`: float32 [B,L,M].

        Args:
            first_BM: the first code of each window.
            keys: the seeds.
            sampler: how.
            before_BKM: codes of the same video before it, of which the model is told as many as
                its config's `history` says; None: there are none.
            anchor_BM: the first code of the video, for a model that is told it; None: the earliest
                of the codes given.
            rank_B2: how much the windows move, slowly and fast, as shares of training windows that
                move less, float32 [B,2] in [0,1], for a model of noise like motion; None: drawn.

        Raises:
            InputError: the model cannot be given a first code; as `sample`.
        """
        if not self.condition.conditional:
            raise InputError(
                f"an LMDM of condition {self.config.condition!r} cannot begin with a given code"
            )
        told = self.reading.context.given(
            self.stats.normalised(first_BM),
            None if before_BKM is None else self.stats.normalised(before_BKM),
            None if anchor_BM is None else self.stats.normalised(anchor_BM),
        )
        rank_B2 = self.ranks(keys) if rank_B2 is None else rank_B2
        if rank_B2 is not None:
            told = self.reading.scale.of_rank(rank_B2, told)
        window_BLM = self._drawn(first_BM, told, keys, sampler)
        window_BLM[:, 0] = first_BM  # the given bits, which normalising and back may change
        return window_BLM

    def rank(self, window_BLM: Tensor) -> Tensor | None:
        """How much windows move, as `windows` takes it: [B,2]; None: the model takes none."""
        scale = self.reading.scale
        if not isinstance(scale, MotionPrior):
            return None
        codes_BLM = self.stats.normalised(window_BLM)
        told = self.reading.context.given(codes_BLM[:, 0], None, None)
        return scale.rank(self.reading.sized(codes_BLM, told))

    def ranks(self, keys: Sequence[Key], video_B2: Tensor | None = None) -> Tensor | None:
        """Ranks drawn for videos, or around theirs for windows: [B,2]; None: it takes none."""
        correlation = self.stats.size_correlation
        if correlation is None:
            return None
        if video_B2 is None:
            return size_ranks.drawn(keys, correlation)
        return size_ranks.of_windows(video_B2, keys, correlation)

    def unconditional(self, keys: Sequence[Key], sampler: Sampler) -> Tensor:
        """Windows of a model that is given no first code: float32 [B,L,M].

        Raises:
            InputError: the model needs a first code; as `sample`.
        """
        if self.condition.conditional:
            raise InputError(
                f"an LMDM of condition {self.config.condition!r} needs a code to begin with"
            )
        first_BM = self.stats.mean.expand(len(keys), -1)
        told = self.reading.context.given(self.stats.normalised(first_BM), None, None)
        return self._drawn(first_BM, told, keys, sampler)

    def _drawn(self, first_BM: Tensor, told: Told, keys: Sequence[Key], sampler: Sampler) -> Tensor:
        reading, length = self.reading, self.config.length
        low, high = self.condition.bounds(self.stats, length)
        bounds = low.to(_device(self.network)), high.to(_device(self.network))
        denoiser = Denoiser(
            predict=lambda state, step, first, *told: reading.predict(
                self.network, state, first, Told(*told), step
            ),
            bound=lambda clean, first, *told: reading.bounded(clean, first, Told(*told), bounds),
            shape=tuple(low.shape),
            diffusion=self.config.diffusion,
            noise=lambda shape, random: window_noise(shape, length, random),
        )
        first_BM = self.stats.normalised(first_BM)
        state_BSM = sample(denoiser, sampler, keys, first_BM, *told, device=bounds[0].device).cpu()
        return self.stats.denormalised(reading.window(state_BSM, first_BM, told))


@dataclass(frozen=True)
class CodeModel:
    """The frame-wise DM: codes that videos begin with; arguments as of `MotionModel`."""

    network: nn.Module
    stats: FrameStats
    config: FrameDmConfig

    @staticmethod
    def of(model: Model, device: torch.device | str = "cpu") -> "CodeModel":
        """From `load_model` of the stage frame-dm.

        Raises:
            InputError: it is another stage's.
        """

        def network(config: FrameDmConfig, code_size: int) -> CodeMlp:
            return CodeMlp(code_size, config.width, config.blocks)

        return CodeModel(*_opened(model, "frame-dm", device, FrameDmConfig, FrameStats, network))

    def codes(self, keys: Sequence[Key], sampler: Sampler) -> Tensor:
        """One code a key: float32 [B,M]."""
        device = _device(self.network)
        low, high = self.stats.low.to(device), self.stats.high.to(device)
        denoiser = Denoiser(
            self.network,
            bound=lambda clean: clean.clamp(low, high),
            shape=tuple(low.shape),
            diffusion=self.config.diffusion,
        )
        return self.stats.denormalised(sample(denoiser, sampler, keys, device=device).cpu())


@dataclass(frozen=True)
class TransitionModel:
    """The Transition DM: windows between two codes; arguments as of `MotionModel`."""

    network: nn.Module | FastUNet1d
    stats: TransitionStats
    config: TransitionConfig

    @staticmethod
    def of(
        model: Model, device: torch.device | str = "cpu", bf16: bool = False
    ) -> "TransitionModel":
        """From `load_model` of the stage transition-dm; `bf16` as of `MotionModel`.

        Raises:
            InputError: it is another stage's.
        """

        def network(config: TransitionConfig, code_size: int) -> UNet1d:
            return UNet1d(code_size, config.network, len(config.strides))

        unet, stats, config = _opened(
            model, "transition-dm", device, TransitionConfig, TransitionStats, network
        )
        return TransitionModel(_for_sampling(unet, bf16), stats, config)

    def between(
        self, start_BM: Tensor, end_BM: Tensor, keys: Sequence[Key], sampler: Sampler
    ) -> Tensor:
        """Windows from `start_BM` to `end_BM`, both included: float32 [B,L,M]."""
        bounds = self.stats.bounds.to(_device(self.network))
        denoiser = Denoiser(
            predict=lambda state, step, start, end, label: predict_departure(
                self.network, state, (start, end), step, label
            ),
            bound=lambda clean, *_: clean.clamp(-bounds, bounds),
            shape=tuple(bounds.shape),
            diffusion=self.config.diffusion,
        )
        ends = self.stats.normalised(start_BM), self.stats.normalised(end_BM)
        label_B = self.stats.label(start_BM, end_BM)
        state_BSM = sample(denoiser, sampler, keys, *ends, label_B, device=bounds.device).cpu()
        window_BLM = self.stats.denormalised(departed(state_BSM, *ends))
        window_BLM[:, 0], window_BLM[:, -1] = start_BM, end_BM
        return window_BLM


def _opened(
    model: Model,
    stage: str,
    device: torch.device | str,
    config: type[ConfigT],
    stats: type[StatsT],
    network: Callable[[ConfigT, int], NetworkT],
) -> tuple[NetworkT, StatsT, ConfigT]:
    """Network, statistics and table of a model file; `network`: (table, M) -> an untrained one."""
    table, known = table_in(model, stage, config), stats_in(model, stats)
    return filled(network(table, len(known.mean)), model).to(device), known, table


def _for_sampling(network: UNet1d, bf16: bool) -> UNet1d | FastUNet1d:
    """The fast form on a CPU, and wherever bfloat16 is asked for."""
    if bf16:
        return FastUNet1d(network, torch.bfloat16)
    return FastUNet1d(network) if network.enter.weight.device.type == "cpu" else network


def _device(network: nn.Module | FastUNet1d) -> torch.device:
    if isinstance(network, FastUNet1d):
        return network.device
    return next(network.parameters()).device
