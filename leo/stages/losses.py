"""The animator's losses: L1, a pyramid of pixels, non-saturating GAN.

As in LIA's training (wyhsirius/LIA before 3f1d865, trainer.py), but for the pyramid.
Pictures are float [B,3,H,W], -1..1; every loss is a scalar.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from leo_bench.leo.stages.reconstruction import MOVES

SCALES = (1, 2, 4, 8)  # each picture is compared at full size, a half, a quarter and an eighth

Perceptual = Callable[[Tensor, Tensor], Tensor]


def l1(fake: Tensor, real: Tensor) -> Tensor:
    """Mean absolute difference, weight 1."""
    return (fake - real).abs().mean()


def weights_where_it_moves(real: Tensor, source: Tensor, emphasis: float) -> Tensor:
    """1 + emphasis where real and source differ, else 1: [B,1,H,W].

    Ours: where a person hardly moves, nearly all pixels of the source are right already, and the
    few others would hardly be learned.
    """
    moves = ((real - source).abs().mean(dim=1, keepdim=True) > 2 * MOVES).to(real.dtype)
    return 1 + emphasis * moves


def weighted_l1(fake: Tensor, real: Tensor, weights: Tensor, mean: Tensor) -> Tensor:
    """L1 with `weights` [B,1,H,W] of the pixels over `mean` [], their mean in the global batch."""
    return ((fake - real).abs() * weights / mean).mean()


def pixel_pyramid(fake: Tensor, real: Tensor) -> Tensor:
    """L1 at a half, a quarter and an eighth of the size, summed: used where VGG-19 is absent.

    Ours: it gives coarse motion a gradient, and texture none.
    """
    return torch.stack([l1(shrink(fake, scale), shrink(real, scale)) for scale in SCALES[1:]]).sum()


def generator_adversarial(scores_of_fake: Tensor) -> Tensor:
    """Non-saturating: mean softplus(-D(fake))."""
    return F.softplus(-scores_of_fake).mean()


def discriminator_adversarial(scores_of_real: Tensor, scores_of_fake: Tensor) -> Tensor:
    """Mean softplus(-D(real)) + mean softplus(D(fake))."""
    return F.softplus(-scores_of_real).mean() + F.softplus(scores_of_fake).mean()


def shrink(pictures: Tensor, scale: int) -> Tensor:
    """Gaussian blur, then every `scale`-th pixel from 0 (as in the First Order Motion Model).

    sigma = (scale - 1) / 2, kernel side 2 round(4 sigma) + 1 (5, 13, 29), zero padding.
    """
    if scale == 1:
        return pictures
    kernel = blur_kernel(scale).to(pictures)
    channels, half = pictures.shape[1], kernel.numel() // 2
    # Separable, computed for the kept rows and columns only, and without autocast.
    rows = kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1)
    columns = kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1)
    with torch.autocast(pictures.device.type, enabled=False):
        tall = F.conv2d(pictures, rows, stride=(scale, 1), padding=(half, 0), groups=channels)
        return F.conv2d(tall, columns, stride=(1, scale), padding=(0, half), groups=channels)


def blur_kernel(scale: int) -> Tensor:
    """One axis of `shrink`'s kernel: float32 [5], [13] or [29] for scales 2, 4 and 8, sum 1."""
    sigma = (scale - 1) / 2
    half = round(4 * sigma)
    offsets = torch.arange(-half, half + 1, dtype=torch.float64)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
    return (kernel / kernel.sum()).float()
