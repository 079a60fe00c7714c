"""A form of I3D for inference, several times as fast as `evaluation.extractors.i3d` on a CPU.

- Wide 3x3x3 convolutions and the stem take a sixth and a quarter of the multiplications, in tiles
  (`tiled`, `i3d_stem`); narrow ones, and all in bfloat16 or on a GPU, are direct.
- The first two stages, which have the largest outputs, run over a few frames at a time: memory is
  bounded by the 28x28 activations for any number of frames. Each is pooled before it is stored.
- Max-pools run over one dimension after another. Windows are cut off at the edge, so nothing is
  padded; this is also right before a ReLU, which therefore follows the pool, on a quarter of the
  values.
- Batch norm is folded into the kernels, in float64.
- In a mixed block the three 1x1 convolutions over its input are one, and each branch's ReLU writes
  into its part of the block's output, so nothing is concatenated.
- Arrays of the larger steps are kept from call to call (`scratch`).

Letters: B clips, C channels, T frames, H W positions.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.evaluation.extractors.channels_last import (
    DirectCube,
    Point,
    computes_products,
    halve_space,
    halve_time,
    max_of_neighbours,
)
from leo_bench.evaluation.extractors.i3d import I3D, SIZE, Mixed, Unit, check_clips
from leo_bench.evaluation.extractors.i3d_stem import DirectStem, TiledStem
from leo_bench.evaluation.extractors.scratch import Scratch
from leo_bench.evaluation.extractors.tiled import TiledCube

_SIDES = {"Mixed_3": SIZE // 8, "Mixed_4": SIZE // 16, "Mixed_5": SIZE // 32}

# Tiles are faster from here on (measured); with less, moving them costs what they save.
_STEM_CHANNELS = 32  # of the stem
_WIDE = 896  # channels times positions on the side of a frame, of a 3x3x3 convolution's input
_LEAST_SIDE = SIZE // 16  # of that frame


class FastI3D:
    """An I3D ready to run on `device` in `dtype`, for inference only.

    Args:
        net: the network, whose weights are copied.
        device: of the computation.
        dtype: float32; float64 (slow); bfloat16 (approximate).
    """

    def __init__(self, net: I3D, device: torch.device, dtype: torch.dtype) -> None:
        like = torch.empty(0, device=device, dtype=dtype)
        scratch = Scratch(like)
        stem, point = _folded(net.Conv3d_1a_7x7), _folded(net.Conv3d_2b_1x1)
        in_tiles = computes_products(like) and len(stem[0]) >= _STEM_CHANNELS
        self._first = (TiledStem if in_tiles else DirectStem)(stem, point, like, scratch)
        self._second = _cube(net.Conv3d_2c_3x3, SIZE // 4, like, scratch)
        self._scratch, self._second_outputs = scratch, net.Conv3d_2c_3x3.conv3d.out_channels
        self._blocks = {
            name: _FastMixed(block, _SIDES[name[:-1]], like, scratch)
            for name, block in net.named_children()
            if isinstance(block, Mixed)
        }
        head = net.logits.conv3d
        exact = torch.promote_types(dtype, torch.float32)
        self._logits = head.weight.flatten(1).to(device, exact, copy=True)
        self._logits_bias = _given(head.bias).to(device, exact, copy=True)

    @torch.inference_mode()
    def __call__(self, clips: Tensor) -> Tensor:
        """float32 [B,3,T,224,224], RGB, -1..1, T >= 9 -> float32 [B,classes] on the same device.

        Raises:
            InputError: the clips have another shape.
        """
        check_clips(clips)
        with self._scratch.held():
            return self._features(clips)

    def _features(self, clips: Tensor) -> Tensor:
        first = self._first(clips)
        batch, frames = first.shape[:2]
        x = self._scratch.take("second", batch, frames, SIZE // 8, SIZE // 8, self._second_outputs)
        self._second.pooled(first, x)
        x = self._mixed(x, "Mixed_3")
        x = halve_time(halve_space(x, 3), 3)
        x = self._mixed(x, "Mixed_4")
        x = halve_time(halve_space(x, 2), 2)
        x = self._mixed(x, "Mixed_5")
        # Average pool of 2x7x7, logits and the mean over time are linear, so the means come first.
        means = x.to(self._logits.dtype).mean(dim=(2, 3))
        pairs = (means[:, 1:] + means[:, :-1]) / 2
        return F.linear(pairs.mean(dim=1), self._logits, self._logits_bias)

    def _mixed(self, x: Tensor, prefix: str) -> Tensor:
        for name, block in self._blocks.items():
            if name.startswith(prefix):
                x = block(x)
        return x


class _FastMixed:
    """A mixed block: one 1x1 convolution over its input for three, outputs written in place."""

    def __init__(self, block: Mixed, side: int, like: Tensor, scratch: Scratch) -> None:
        weights, biases = zip(*map(_folded, (block.b0, block.b1a, block.b2a)), strict=True)
        self._points = Point(torch.cat(weights), torch.cat(biases), like, scratch)
        self._splits = [len(bias) for bias in biases]
        self._cubes = [_cube(unit, side, like, scratch) for unit in (block.b1b, block.b2b)]
        self._scratch = scratch
        self._after_pool = Point(*_folded(block.b3b), like, scratch)
        units = block.b0, block.b1b, block.b2b, block.b3b
        self._outputs = [unit.conv3d.out_channels for unit in units]

    def __call__(self, x: Tensor) -> Tensor:
        """[B,T,H,W,C], not negative -> the same with other channels."""
        out = x.new_empty(*x.shape[:-1], sum(self._outputs))
        place0, place1, place2, place3 = torch.split(out, self._outputs, dim=-1)
        straight, *reduced = torch.split(self._points(x), self._splits, dim=-1)
        torch.clamp_min(straight, 0, out=place0)
        for convolve, part, place in zip(self._cubes, reduced, (place1, place2), strict=True):
            convolve(part, place)
        pooled = max_of_neighbours(x, self._scratch)
        torch.clamp_min(self._after_pool(pooled), 0, out=place3)
        return out


def _cube(unit: Unit, side: int, like: Tensor, scratch: Scratch) -> DirectCube | TiledCube:
    """The faster form of a 3x3x3 convolution over frames of `side` x `side` positions."""
    weight, bias = _folded(unit)
    wide = weight.shape[1] * side >= _WIDE and side >= _LEAST_SIDE
    form = TiledCube if wide and computes_products(like) else DirectCube
    return form(weight, bias, like, scratch)


def _folded(unit: Unit) -> tuple[Tensor, Tensor]:
    """Weight and bias, in float64, of a convolution equal to `unit` without its ReLU."""
    bn = unit.bn
    variance, mean = _given(bn.running_var).double(), _given(bn.running_mean).double()
    gain = bn.weight.double() / torch.sqrt(variance + bn.eps)
    return unit.conv3d.weight.double() * gain.view(-1, 1, 1, 1, 1), bn.bias.double() - mean * gain


def _given(tensor: Tensor | None) -> Tensor:
    """A parameter that is optional in torch's types and present in this network."""
    if tensor is None:
        raise TypeError("this I3D lacks a parameter")
    return tensor
