"""Trained models of first frames given their codes: the cDDPM and its super-resolution.

frames = StartingFrames(FrameModel.of(load_model(path), config.cddpm))
keys = [("start", seed, i) for i in range(len(codes))]
frames.draw(codes, keys, Sampler("ddim", 50))  # uint8 [B,3,R,R]

Picture i depends on codes[i] and keys[i] alone, to the bit on a CPU (`diffusion.gaussian.sample`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leo_bench.leo.checkpoint import Model
from leo_bench.leo.config import CddpmConfig
from leo_bench.leo.diffusion.codes import FrameStats
from leo_bench.leo.diffusion.gaussian import Denoiser, Key, Sampler, sample
from leo_bench.leo.models.opening import filled, stats_in
from leo_bench.leo.networks.layers import from_pixels, to_pixels
from leo_bench.leo.networks.unet2d import UNet2d
from leo_bench.leo.seeds import normal

MOST_NOISE = 0.2  # on the small pictures, -1..1, that super-resolution is trained with
NOISE_WHEN_DRAWING = 0.05


@dataclass(frozen=True)
class FrameModel:
    """A trained `UNet2d` with its table of the config and the statistics of its codes."""

    network: nn.Module
    config: CddpmConfig
    stats: FrameStats

    @staticmethod
    def of(model: Model, config: CddpmConfig) -> "FrameModel":
        """From `load_model` of the stage cddpm or super-resolution, and the stage's table.

        Raises:
            InputError: they do not fit each other.
        """
        stats = stats_in(model, FrameStats)
        # Super-resolution is also given the small picture and its level of noise (`concatenated`).
        given = 1 if model.metadata["stage"] == "super-resolution" else 0
        unet = UNet2d(config.network, config.resolution, len(stats.mean) + given, 3 * (1 + given))
        return FrameModel(filled(unet, model), config, stats)


@dataclass(frozen=True)
class StartingFrames:
    """Draws first frames for codes.

    Args:
        base: the cDDPM.
        finer: super-resolution, if any.
        guidance: weight of classifier-free guidance; other than 1 it costs twice, and needs a base
            trained with `condition_dropout`.
    """

    base: FrameModel
    finer: FrameModel | None = None
    guidance: float = 1.0

    @property
    def resolution(self) -> int:
        """Side of the pictures."""
        return (self.finer or self.base).config.resolution

    def draw(self, codes: Tensor, keys: Sequence[Key], sampler: Sampler) -> Tensor:
        """Frames for codes, not normalised, float32 [B,M] -> uint8 [B,3,R,R], on the CPU."""
        network, config = self.base.network, self.base.config

        def predict(state: Tensor, step: Tensor, code: Tensor) -> Tensor:
            given: Tensor = network(state, step, code)
            if self.guidance == 1.0:
                return given
            alone: Tensor = network(state, step, code, torch.zeros_like(step, dtype=torch.bool))
            return alone + self.guidance * (given - alone)

        shape = (3, config.resolution, config.resolution)
        denoiser = Denoiser(predict, _clipped, shape, config.diffusion)
        told = self.base.stats.normalised(codes)
        device = next(network.parameters()).device
        drawn = to_pixels(sample(denoiser, sampler, keys, told, device=device).cpu())
        return drawn if self.finer is None else enlarged(self.finer, drawn, codes, keys, sampler)


def enlarged(
    model: FrameModel, small: Tensor, codes: Tensor, keys: Sequence[Key], sampler: Sampler
) -> Tensor:
    """Super-resolution: uint8 [B,3,r,r] and their codes [B,M] -> uint8 [B,3,R,R], on the CPU."""

    def predict(state: Tensor, step: Tensor, code: Tensor, low: Tensor, level: Tensor) -> Tensor:
        state, code = concatenated(state, code, low, level)
        predicted: Tensor = model.network(state, step, code)
        return predicted

    config = model.config
    shape = (3, config.resolution, config.resolution)
    denoiser = Denoiser(predict, _clipped, shape, config.diffusion)
    noise = [normal(small.shape[1:], *key, "on the small picture") for key in keys]
    noised = from_pixels(small) + NOISE_WHEN_DRAWING * torch.stack(noise)
    level = torch.full((len(keys),), NOISE_WHEN_DRAWING)
    own = [(*key, "larger") for key in keys]
    device = next(model.network.parameters()).device
    told = model.stats.normalised(codes)
    drawn = sample(denoiser, sampler, own, told, noised, level, device=device)
    return to_pixels(drawn.cpu())


def concatenated(state: Tensor, code: Tensor, low: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
    """The inputs of super-resolution's network: picture channels and code are concatenated.

    Args:
        state: float32 [B,3,R,R].
        code: float32 [B,M].
        low: small pictures with noise, float32 [B,3,r,r].
        level: standard deviation of that noise, float32 [B].

    Returns:
        float32 [B,6,R,R] and [B,M+1].
    """
    large = F.interpolate(low, size=state.shape[-2:], mode="bilinear", align_corners=False)
    scaled = level[:, None] * (2 / MOST_NOISE) - 1
    return torch.cat([state, large], dim=1), torch.cat([code, scaled], dim=1)


def shrunk(frames: Tensor, side: int) -> Tensor:
    """uint8 [B,3,R,R] -> uint8 [B,3,side,side], bicubic, anti-aliased; unchanged if R is `side`."""
    if frames.shape[-1] == side:
        return frames
    small: Tensor = F.interpolate(frames.float(), size=(side, side), mode="bicubic", antialias=True)
    return small.round().clamp(0, 255).to(torch.uint8)


def upsampled(frames: Tensor, side: int) -> Tensor:
    """uint8 [B,3,r,r] -> uint8 [B,3,side,side], bilinear."""
    large: Tensor = F.interpolate(
        frames.float(), size=(side, side), mode="bilinear", align_corners=False
    )
    return large.round().to(torch.uint8)


def _clipped(clean: Tensor, *conditions: Tensor) -> Tensor:
    """Clip x0 to the range of pixels."""
    return clean.clamp(-1, 1)
