"""The trained models of codes, as they are sampled: codes in, codes out, never normalised.

A model is made of what `leo.checkpoint.load_model` read, moved to a device. Codes come and go on
the CPU. Legend: B batch, L frames, M code dimensions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.checkpoint import Model
from leo_bench.leo.config import FrameDmConfig, LmdmConfig, TransitionConfig
from leo_bench.leo.diffusion.codes import CodeStats, FrameStats, TransitionStats
from leo_bench.leo.diffusion.conditioning import READINGS, Reading, window_noise
from leo_bench.leo.diffusion.gaussian import Denoiser, Key, Sampler, sample
from leo_bench.leo.diffusion.transition import departed
from leo_bench.leo.networks.code_mlp import CodeMlp
from leo_bench.leo.networks.unet1d import UNet1d


@dataclass(frozen=True)
class MotionModel:
    """Motion given its first code: the LMDM.

    Args:
        network: on its device, not training.
        stats: of the codes that it learned.
        config: what it is.
    """

    network: UNet1d
    stats: CodeStats
    config: LmdmConfig

    @staticmethod
    def of(model: Model, device: torch.device | str = "cpu") -> "MotionModel":
        """From `RUN/lmdm/model.safetensors`, as read.

        Raises:
            InputError: it is another stage's.
        """
        config = LmdmConfig.model_validate_json(_config(model, "lmdm"))
        stats = CodeStats(**model.stats)
        network = UNet1d(len(stats.mean), config.network)
        network.load_state_dict(model.network)
        return MotionModel(network.to(device).eval(), stats, config)

    @property
    def reading(self) -> Reading:
        """How it is conditioned."""
        return READINGS[self.config.condition]

    def windows(self, first_BM: Tensor, keys: Sequence[Key], sampler: Sampler) -> Tensor:
        """Motion from these codes on, themselves included: float32 [B,L,M].

        Raises:
            InputError: the model cannot begin with a given code, or as `sample`.
        """
        if not self.reading.begins:
            raise InputError(
                f"an LMDM of condition {self.config.condition!r} cannot begin with a given code"
            )
        window_BLM = self._draw(first_BM, keys, sampler)
        window_BLM[:, 0] = first_BM  # to the bit, whatever normalising there and back did
        return window_BLM

    def unconditional(self, keys: Sequence[Key], sampler: Sampler) -> Tensor:
        """Motion from nothing, for a model that begins with no code: float32 [B,L,M].

        Raises:
            InputError: the model needs a first code, or as `sample`.
        """
        if self.reading.begins:
            raise InputError(
                f"an LMDM of condition {self.config.condition!r} needs a code to begin with"
            )
        return self._draw(self.stats.mean.expand(len(keys), -1), keys, sampler)

    def _draw(self, first_BM: Tensor, keys: Sequence[Key], sampler: Sampler) -> Tensor:
        reading, device = self.reading, _device(self.network)
        low, high = reading.bounds(self.stats, self.config.length)
        low, high = low.to(device), high.to(device)

        def predict(state_BSM: Tensor, step_B: Tensor, first_BM: Tensor) -> Tensor:
            return reading.said(self.network(reading.fed(state_BSM, first_BM), step_B))

        def bound(clean_BSM: Tensor, first_BM: Tensor) -> Tensor:
            return reading.known(clean_BSM.clamp(low, high), first_BM)

        def noise(shape: Sequence[int], random: torch.Generator) -> Tensor:
            return window_noise(shape, self.config.length, random)

        denoiser = Denoiser(predict, bound, tuple(low.shape), self.config.diffusion, noise)
        first_BM = self.stats.normalised(first_BM)
        state_BSM = sample(denoiser, sampler, keys, first_BM, device=device).cpu()
        return self.stats.denormalised(reading.assembled(state_BSM, first_BM))


@dataclass(frozen=True)
class CodeModel:
    """Codes that videos begin with: the frame-wise DM.

    Args:
        network: on its device, not training.
        stats: of the codes that it learned.
        config: what it is.
    """

    network: CodeMlp
    stats: FrameStats
    config: FrameDmConfig

    @staticmethod
    def of(model: Model, device: torch.device | str = "cpu") -> "CodeModel":
        """From `RUN/frame-dm/model.safetensors`, as read.

        Raises:
            InputError: it is another stage's.
        """
        config = FrameDmConfig.model_validate_json(_config(model, "frame-dm"))
        stats = FrameStats(**model.stats)
        network = CodeMlp(len(stats.mean), config.width, config.blocks)
        network.load_state_dict(model.network)
        return CodeModel(network.to(device).eval(), stats, config)

    def codes(self, keys: Sequence[Key], sampler: Sampler) -> Tensor:
        """One code a key: float32 [B,M].

        Raises:
            InputError: as `sample`.
        """
        device = _device(self.network)
        low, high = self.stats.low.to(device), self.stats.high.to(device)

        def bound(clean_BM: Tensor) -> Tensor:
            return clean_BM.clamp(low, high)

        denoiser = Denoiser(self.network, bound, tuple(low.shape), self.config.diffusion)
        return self.stats.denormalised(sample(denoiser, sampler, keys, device=device).cpu())


@dataclass(frozen=True)
class TransitionModel:
    """Motion between two codes: the transition DM.

    Args:
        network: on its device, not training.
        stats: of the codes that it learned.
        config: what it is.
    """

    network: UNet1d
    stats: TransitionStats
    config: TransitionConfig

    @staticmethod
    def of(model: Model, device: torch.device | str = "cpu") -> "TransitionModel":
        """From `RUN/transition-dm/model.safetensors`, as read.

        Raises:
            InputError: it is another stage's.
        """
        config = TransitionConfig.model_validate_json(_config(model, "transition-dm"))
        stats = TransitionStats(**model.stats)
        network = UNet1d(len(stats.mean), config.network, len(config.strides))
        network.load_state_dict(model.network)
        return TransitionModel(network.to(device).eval(), stats, config)

    def between(
        self, start_BM: Tensor, end_BM: Tensor, keys: Sequence[Key], sampler: Sampler
    ) -> Tensor:
        """Motion from start to end, themselves included: float32 [B,L,M].

        Raises:
            InputError: as `sample`.
        """
        device = _device(self.network)
        bounds = self.stats.bounds.to(device)

        def predict(
            state_BSM: Tensor, step_B: Tensor, start_BM: Tensor, end_BM: Tensor, label_B: Tensor
        ) -> Tensor:
            fed_BLM = departed(state_BSM, start_BM, end_BM)
            said_BLM: Tensor = self.network(fed_BLM, step_B, label_B)
            return said_BLM[:, 1:-1]

        def bound(clean_BSM: Tensor, *_conditions: Tensor) -> Tensor:
            return clean_BSM.clamp(-bounds, bounds)

        denoiser = Denoiser(predict, bound, tuple(bounds.shape), self.config.diffusion)
        ends = self.stats.normalised(start_BM), self.stats.normalised(end_BM)
        label_B = self.stats.label(start_BM, end_BM)
        state_BSM = sample(denoiser, sampler, keys, *ends, label_B, device=device).cpu()
        window_BLM = self.stats.denormalised(departed(state_BSM, *ends))
        window_BLM[:, 0], window_BLM[:, -1] = start_BM, end_BM
        return window_BLM


def _config(model: Model, stage: str) -> str:
    found: Mapping[str, str] = model.metadata
    if stage not in found:
        raise InputError(f"a model of stage {found.get('stage')!r} was given as {stage!r}")
    return found[stage]


def _device(network: torch.nn.Module) -> torch.device:
    return next(network.parameters()).device
