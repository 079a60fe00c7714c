"""Pixels as bytes and as the networks' numbers (LIA's convention, spec 1.8)."""

import torch
from torch import Tensor


def from_pixels(pixels: Tensor) -> Tensor:
    """uint8, 0..255 -> float32, -1..1, any shape."""
    return pixels.float() / 255 * 2 - 1


def to_pixels(numbers: Tensor) -> Tensor:
    """Floats, -1..1 and what lies beyond cut off -> uint8, rounded, any shape."""
    return ((numbers.clamp(-1, 1) + 1) / 2 * 255).round().to(torch.uint8)
