"""The U-Net of `leo.networks.unet1d` for sampling on a CPU: the same maths in less time.

- Channels are last, so a convolution is one product of matrices, whose rows are a slot with both
  neighbours. The weights are laid out for it once.
- Where there are many slots, a convolution takes half of the multiplications: F(4,3) of `winograd`
  along the slots.
- What a step's embedding does to the blocks depends on the step (and label) alone. It is computed
  for all blocks at once, folded into their normalisation, and kept for the next window.

Letters: B batch, L slots, M code dimensions, C channels, K of an output, E embedding, N number of
labels (1 without), T channels of all blocks' second normalisations.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leo_bench.leo.networks.network_config import GROUPS
from leo_bench.leo.networks.unet1d import (
    Attention,
    Block,
    Conv3,
    Double,
    Halve,
    Level,
    Middle,
    UNet1d,
    check_inputs,
)
from leo_bench.leo.networks.winograd import FORM

_MANY = 256  # slots of a batch; with fewer, reading twice the weights costs what tiles save
_MADE, _SEEN = 4, 6  # slots that a tile computes, and reads


@dataclass(frozen=True)
class _Affine:
    """Weight and bias behind the blocks' second normalisations at one step.

    Args:
        weight: [N,T], or [B,T].
        bias: the same shape.
    """

    weight: Tensor
    bias: Tensor


_Part = Callable[[Tensor, _Affine], Tensor]  # [B,L,C] -> [B,L',K]


class FastUNet1d:
    """A `UNet1d` ready to run on its device, for inference only.

    Args:
        net: the network; later changes to it have no effect.
        dtype: of the computation; bfloat16 is approximate. None: the network's.
    """

    def __init__(self, net: UNet1d, dtype: torch.dtype | None = None) -> None:
        self._like = like = net.enter.weight.detach().new_empty(0, dtype=dtype)
        self._factor = net.factor
        self._step, self._label = deepcopy(net.step), deepcopy(net.label)
        self._kept: dict[int, _Affine] = {}
        norm, _, leave = net.leave
        with torch.no_grad():
            self._modulation = _Modulation(like)
            self._enter = _Conv3(net.enter, like)
            self._down = [self._fast(module) for module in net.down]
            self._middle = self._fast(net.middle)
            self._up = [self._fast(module) for module in net.up]
            self._norm = _Norm(cast("nn.GroupNorm", norm), like)
            self._leave = _Conv3(cast("Conv3", leave), like)

    @property
    def device(self) -> torch.device:
        """Of the weights, and of the inputs."""
        return self._like.device

    @torch.inference_mode()
    def __call__(
        self, sequence_BLM: Tensor, step_B: Tensor, label_B: Tensor | None = None
    ) -> Tensor:
        """As `UNet1d` gives it, [B,L,M], for a batch of one step.

        Raises:
            ValueError: as of `UNet1d`; or the steps differ.
        """
        check_inputs(self._factor, sequence_BLM, self._label, label_B)
        affine = self._affine(step_B, label_B)
        x_BLC = self._enter(sequence_BLM.to(self._like.dtype))
        skips = [x_BLC]
        for part in self._down:
            x_BLC = part(x_BLC, affine)
            skips.append(x_BLC)
        x_BLC = self._middle(x_BLC, affine)
        for part in self._up:
            if isinstance(part, _Level):
                x_BLC = torch.cat([x_BLC, skips.pop()], dim=2)
            x_BLC = part(x_BLC, affine)
        return self._leave(_activated(self._norm(x_BLC))).to(sequence_BLM.dtype)

    def _affine(self, step_B: Tensor, label_B: Tensor | None) -> _Affine:
        step, *others = set(step_B.tolist())
        if others:
            raise ValueError("the steps of a batch differ")
        if step not in self._kept:
            emb_NE = self._step(step_B[:1])
            if self._label is not None:
                emb_NE = emb_NE + self._label.weight
            self._kept[step] = self._modulation(F.silu(emb_NE))
        found = self._kept[step]
        return found if label_B is None else _Affine(found.weight[label_B], found.bias[label_B])

    def _fast(self, module: nn.Module) -> _Part:
        match module:
            case Level(block=block, attention=Attention() as attention):
                return _Level([self._block(block), _Attention(attention, self._like)])
            case Level(block=block):
                return _Level([self._block(block)])
            case Middle(before=before, attention=attention, after=after):
                attends = _Attention(attention, self._like)
                return _Level([self._block(before), attends, self._block(after)])
            case Halve(conv=conv):
                return _Resized(1, conv, self._like)
            case Double(conv=conv):
                return _Resized(2, conv, self._like)
        raise TypeError(f"no fast form of {type(module).__name__}")

    def _block(self, block: Block) -> "_Block":
        return _Block(block, self._modulation.add(block), self._like)


class _Modulation:
    """Embedding -> weight and bias behind all blocks' second normalisations."""

    def __init__(self, like: Tensor) -> None:
        self._like = like
        self._linears: list[nn.Linear] = []
        self._norms: list[nn.GroupNorm] = []

    def add(self, block: Block) -> slice:
        """Take in a block; its place among T."""
        begin = sum(norm.num_channels for norm in self._norms)
        self._linears.append(deepcopy(block.modulation))
        self._norms.append(deepcopy(block.norm))
        return slice(begin, begin + block.norm.num_channels)

    def __call__(self, emb_NE: Tensor) -> _Affine:
        """[N,E] -> [N,T] each."""
        both = [linear(emb_NE).chunk(2, dim=1) for linear in self._linears]
        scale_NT, shift_NT = (torch.cat(parts, dim=1) for parts in zip(*both, strict=True))
        weight_NT = torch.cat([norm.weight for norm in self._norms]) * (1 + scale_NT)
        bias_NT = torch.cat([norm.bias for norm in self._norms]) * (1 + scale_NT) + shift_NT
        return _Affine(weight_NT.to(self._like), bias_NT.to(self._like))


class _Level:
    """Blocks and attention one after another, at one length."""

    def __init__(self, parts: list[_Part]) -> None:
        self._parts = parts

    def __call__(self, x_BLC: Tensor, affine: _Affine) -> Tensor:
        for part in self._parts:
            x_BLC = part(x_BLC, affine)
        return x_BLC


class _Block:
    def __init__(self, block: Block, place: slice, like: Tensor) -> None:
        norm, _, enter = block.enter
        self._norm = _Norm(cast("nn.GroupNorm", norm), like)
        self._enter = _Conv3(cast("Conv3", enter), like)
        self._place = place
        self._leave = _Conv3(cast("Conv3", block.leave[-1]), like)
        skips = isinstance(block.skip, nn.Conv1d)
        self._skip = _Point(cast("nn.Conv1d", block.skip), like) if skips else None

    def __call__(self, x_BLC: Tensor, affine: _Affine) -> Tensor:
        h_BLC = self._enter(_activated(self._norm(x_BLC)))
        weight_NC, bias_NC = affine.weight[:, self._place], affine.bias[:, self._place]
        h_BLC = self._leave(_activated(_normalised(h_BLC, weight_NC, bias_NC)))
        return h_BLC.add_(x_BLC if self._skip is None else self._skip(x_BLC))


class _Attention:
    def __init__(self, attention: Attention, like: Tensor) -> None:
        self._heads = attention.heads
        self._norm = _Norm(attention.norm, like)
        self._qkv, self._out = _Point(attention.qkv, like), _Point(attention.out, like)

    def __call__(self, x_BLC: Tensor, _affine: _Affine) -> Tensor:
        qkv = self._qkv(self._norm(x_BLC)).view(*x_BLC.shape[:2], self._heads, 3, -1)
        q, k, v = qkv.permute(3, 0, 2, 1, 4)
        seen_BLC = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return self._out(seen_BLC).add_(x_BLC)


class _Resized:
    """Every slot `repeats` times, then a convolution, which may have a stride."""

    def __init__(self, repeats: int, conv: Conv3, like: Tensor) -> None:
        self._repeats, self._conv = repeats, _Conv3(conv, like)

    def __call__(self, x_BLC: Tensor, _affine: _Affine) -> Tensor:
        return self._conv(x_BLC.repeat_interleave(self._repeats, dim=1))


class _Norm:
    """A group normalisation with its own weight and bias."""

    def __init__(self, norm: nn.GroupNorm, like: Tensor) -> None:
        self._weight_1C, self._bias_1C = (
            tensor.detach().to(like, copy=True)[None] for tensor in (norm.weight, norm.bias)
        )

    def __call__(self, x_BLC: Tensor) -> Tensor:
        return _normalised(x_BLC, self._weight_1C, self._bias_1C)


class _Point:
    """A convolution of width 1."""

    def __init__(self, conv: nn.Conv1d, like: Tensor) -> None:
        self._weight_CK = conv.weight[..., 0].t().to(like).contiguous()
        self._bias_K = _bias(conv, like)

    def __call__(self, x_BLC: Tensor) -> Tensor:
        out = torch.addmm(self._bias_K, x_BLC.flatten(0, 1), self._weight_CK)
        return out.view(*x_BLC.shape[:2], -1)


class _Conv3:
    """A `Conv3`, by rows or by tiles."""

    def __init__(self, conv: Conv3, like: Tensor) -> None:
        self._stride, self._repeats = conv.stride[0], conv.repeats
        self._weight_3CK = conv.weight.permute(2, 1, 0).to(like).contiguous()
        self._bias_K = _bias(conv, like)

    def __call__(self, x_BLC: Tensor) -> Tensor:
        """[B,L,C] -> [B,L/stride,K]."""
        batch, length, channels = x_BLC.shape
        zero_B1C = x_BLC.new_zeros(batch, 1, channels)
        last_B1C = x_BLC[:, -1:] if self._repeats else zero_B1C
        padded = torch.cat([zero_B1C, x_BLC, last_B1C], dim=1)
        tiles = self._stride == 1 and length % _MADE == 0 and batch * length >= _MANY
        if tiles and x_BLC.dtype != torch.bfloat16:
            return self._by_tiles(padded)
        sizes = (batch, length // self._stride, 3 * channels)
        rows = padded.as_strided(sizes, (padded.stride(0), self._stride * channels, 1))
        out = torch.addmm(self._bias_K, rows.flatten(0, 1), self._weight_3CK.flatten(0, 1))
        return out.view(*sizes[:2], -1)

    def _by_tiles(self, padded: Tensor) -> Tensor:
        batch, channels, count = len(padded), padded.shape[2], padded.shape[1] // _MADE
        outer = padded.stride(0)
        tiles = padded.as_strided(
            (_SEEN, batch, count, channels), (channels, outer, _MADE * channels, 1)
        )
        seen = (FORM.of_input.to(padded) @ tiles.flatten(1)).view(_SEEN, batch * count, channels)
        found = torch.bmm(seen, self._tiled_weight)
        out = (FORM.back.to(padded) @ found.flatten(1)).view(_MADE, batch, count, -1)
        return (out.permute(1, 2, 0, 3) + self._bias_K).flatten(1, 2)

    @cached_property
    def _tiled_weight(self) -> Tensor:
        """The weight that tiles are multiplied with, made when it is first used."""
        weight = self._weight_3CK
        return (
            (FORM.of_weight @ weight.double().flatten(1)).to(weight).view(_SEEN, *weight.shape[1:])
        )


def _activated(x_BLC: Tensor) -> Tensor:
    return F.silu(x_BLC, inplace=True)


def _normalised(x_BLC: Tensor, weight_NC: Tensor, bias_NC: Tensor) -> Tensor:
    """Group normalisation; N is 1, or B where samples have weights of their own."""
    x = x_BLC.transpose(1, 2)[:, :, None]  # to torch a picture, channels last
    if len(weight_NC) == 1:
        return F.group_norm(x, GROUPS, weight_NC[0], bias_NC[0])[:, :, 0].transpose(1, 2)
    normalised_BLC = F.group_norm(x, GROUPS)[:, :, 0].transpose(1, 2)
    return torch.addcmul(bias_NC[:, None], normalised_BLC, weight_NC[:, None])


def _bias(conv: nn.Conv1d, like: Tensor) -> Tensor:
    bias = cast("nn.Parameter", conv.bias)
    return bias.detach().to(like, copy=True)
