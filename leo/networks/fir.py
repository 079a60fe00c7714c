"""The FIR filter of LIA's networks, [1,3,3,1] by [1,3,3,1], as a depthwise convolution.

Its gradient is the same filter over the outputs' gradient with zeros between: on CPUs several times
faster than the general gradient of a convolution of stride 2.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def fir(
    x: Tensor, total: float, padding: int, stride: int = 1, bias: Tensor | None = None
) -> Tensor:
    """Every channel filtered, zeros around, in the precision of `x`.

    Args:
        x: [B,C,H,W].
        total: sum of the kernel.
        padding: zeros on every side.
        stride: 2 keeps every second pixel.
        bias: [C], added to the result.
    """
    filtered: Tensor = _Fir.apply(x, bias, total, padding, stride)
    return filtered


class _Fir(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, bias: Tensor | None, total: float, padding: int, stride: int
    ) -> Tensor:
        ctx.side, ctx.total, ctx.padding, ctx.stride = x.shape[-2:], total, padding, stride
        return _filtered(x, total, padding, stride, None if bias is None else bias.to(x.dtype))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        of_bias = gradient.sum(dim=(0, 2, 3)) if ctx.needs_input_grad[1] else None
        if ctx.stride > 1:
            height, width = (side + 2 * ctx.padding - 3 for side in ctx.side)
            shape = (*gradient.shape[:2], height, width)
            spread = torch.empty(
                shape,
                dtype=gradient.dtype,
                device=gradient.device,
                memory_format=torch.channels_last,
            ).zero_()
            spread[:, :, :: ctx.stride, :: ctx.stride] = gradient
            gradient = spread
        return _filtered(gradient, ctx.total, 3 - ctx.padding, 1), of_bias, None, None, None


def _filtered(
    x: Tensor, total: float, padding: int, stride: int, bias: Tensor | None = None
) -> Tensor:
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=x.dtype, device=x.device)
    kernel = (torch.outer(taps, taps) * (total / 64)).expand(x.shape[1], 1, 4, 4)
    x = x.contiguous(memory_format=torch.channels_last)
    with torch.autocast(x.device.type, enabled=False):
        return F.conv2d(x, kernel, bias, padding=padding, stride=stride, groups=x.shape[1])
