"""The denoiser of pictures given a code: diffusers' `UNet2DModel`, as in improved-diffusion.

The code enters where a class embedding would: embedding = time_mlp(t) + code_mlp(code). One
difference to openai/improved-diffusion, unet.py: all attention heads have the width of the last
level's, so a narrower level has fewer heads. `patch` is ours: with 2, a picture of 64 pixels costs
as much as one of 32.
"""

from collections.abc import Callable
from typing import Any

from diffusers import UNet2DModel
from diffusers.models.attention_processor import Attention
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, float32, nn
from torch.nn import functional as F

from leo_bench.leo.networks.network_config import UNet2dConfig

GROUPS = 32  # of group normalisation, at most (improved-diffusion nn.py, `normalization`)


class UNet2d(nn.Module):
    """Noised picture, diffusion step and code -> prediction.

    Args:
        config: widths, levels, attention.
        resolution: side of the pictures in pixels.
        code: dimensions of a code.
        channels_in: 3, or more where other pictures are concatenated to the noised one.

    Raises:
        ValueError: the picture cannot be halved so often, or heads do not fit a level.
    """

    def __init__(
        self, config: UNet2dConfig, resolution: int, code: int = 20, channels_in: int = 3
    ) -> None:
        super().__init__()
        self.patch = config.patch
        widths = [config.channels * multiplier for multiplier in config.multipliers]
        attended = config.attended(resolution)
        area, embedding = config.patch**2, 4 * config.channels
        make: Callable[..., Any] = UNet2DModel  # it has no types
        self.unet: nn.Module = make(
            sample_size=config.side(resolution),
            in_channels=channels_in * area,
            out_channels=3 * area,
            block_out_channels=tuple(widths),
            down_block_types=tuple("AttnDownBlock2D" if at else "DownBlock2D" for at in attended),
            up_block_types=tuple("AttnUpBlock2D" if at else "UpBlock2D" for at in attended[::-1]),
            layers_per_block=config.blocks,
            attention_head_dim=config.head_width(resolution),
            norm_num_groups=_groups(widths),
            attn_norm_num_groups=_groups(widths),
            resnet_time_scale_shift="scale_shift",
            class_embed_type="identity",
            dropout=config.dropout,
        )
        self.code_mlp = nn.Sequential(
            nn.Linear(code, embedding), nn.SiLU(), nn.Linear(embedding, embedding)
        )
        self._start_from_zero()

    def _start_from_zero(self) -> None:
        """Make every residual branch and the output 0 (improved-diffusion's `zero_module`)."""
        last = [self.unet.get_submodule("conv_out")]
        for module in self.unet.modules():
            if isinstance(module, ResnetBlock2D):
                last.append(module.conv2)
            elif isinstance(module, Attention):
                last.append(module.to_out[0])
        for layer in last:
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)

    def forward(
        self, picture: Tensor, step_B: Tensor, code_BM: Tensor, told_B: Tensor | None = None
    ) -> Tensor:
        """The prediction for a noised picture: float32 [B,3,H,W].

        Args:
            picture: float [B,channels_in,H,W], the noised picture first.
            step_B: int64 [B], diffusion steps.
            code_BM: normalised codes.
            told_B: bool [B]; False where the code is withheld. None: all are given.
        """
        condition = self.code_mlp(code_BM)
        if told_B is not None:
            condition = condition * told_B[:, None]
        patches = F.pixel_unshuffle(picture, self.patch)
        predicted: Tensor = self.unet(patches, step_B, condition).sample
        return F.pixel_shuffle(predicted.to(float32), self.patch)


def _groups(widths: list[int]) -> int:
    """The largest number up to `GROUPS` that divides all widths."""
    return max(n for n in range(1, GROUPS + 1) if all(width % n == 0 for width in widths))
