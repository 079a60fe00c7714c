"""A form of I3D for inference, more than twice as fast as `evaluation.extractors.i3d`.

The differences, with the share of the plain form's time that each concerns (one clip of 16 frames,
float32, two cores):

- Max-pools (28 %) run over one dimension after another. Windows are cut off at the edge, so nothing
  is padded; this is also right before a ReLU, which therefore follows the pool, on a quarter of the
  values.
- Convolutions (52 %) use oneDNN with channels last; large 3x3x3 ones use Winograd's form along
  time, with 4 products instead of 6. None takes torch's slow path for small single clips (10 %).
- Batch norm (4 %) is folded into the kernels, in float64.
- Padding (9 %) is done by the convolutions. Where it is asymmetric or along time, the preceding
  step writes into the middle of a larger array, so nothing is copied.
- In a mixed block the three 1x1 convolutions over its input are one, and each branch's ReLU writes
  into its part of the block's output, so nothing is concatenated (1 %).
- The first two stages, which have the largest outputs, run over eight frames at a time: memory is
  bounded by the 28x28 activations for any number of frames.

Letters: B clips, C channels, T frames, H W positions.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.evaluation.extractors.channels_last import (
    Convolution,
    Point,
    cube,
    halve_space,
    halve_time,
    max_of_three,
)
from leo_bench.evaluation.extractors.i3d import I3D, SIZE, Mixed, Unit, check_clips, same_padding

_CHUNK = 8  # frames of the first two stages' outputs computed at a time
_STEM_KERNEL, _STEM_STRIDE = 7, 2


class FastI3D:
    """An I3D ready to run on `device` in `dtype`, for inference only.

    Args:
        net: the network, whose weights are copied.
        device: of the computation.
        dtype: float32, or bfloat16 (approximate).
    """

    def __init__(self, net: I3D, device: torch.device, dtype: torch.dtype) -> None:
        self._like = like = torch.empty(0, device=device, dtype=dtype)
        self._stem = Convolution(*_folded(net.Conv3d_1a_7x7), like)
        self._second_point = Point(*_folded(net.Conv3d_2b_1x1), like)
        self._second_cube = cube(*_folded(net.Conv3d_2c_3x3), like)
        self._blocks = {
            name: _FastMixed(block, like)
            for name, block in net.named_children()
            if isinstance(block, Mixed)
        }
        head = net.logits.conv3d
        self._logits = head.weight.flatten(1).to(device, torch.float32, copy=True)
        self._logits_bias = _given(head.bias).to(device, torch.float32, copy=True)

    @torch.inference_mode()
    def __call__(self, clips: Tensor) -> Tensor:
        """float32 [B,3,T,224,224], RGB, -1..1, T >= 9 -> float32 [B,classes] on the same device.

        Raises:
            InputError: the clips have another shape.
        """
        check_clips(clips)
        x = self._second(self._first(clips))
        x = self._mixed(x, "Mixed_3")
        x = halve_time(halve_space(x, 3), 3)
        x = self._mixed(x, "Mixed_4")
        x = halve_time(halve_space(x, 2), 2)
        x = self._mixed(x, "Mixed_5")
        # Average pool of 2x7x7, logits and the mean over time are linear, so the means come first.
        frames = x.float().mean(dim=(2, 3))
        pairs = (frames[:, 1:] + frames[:, :-1]) / 2
        return F.linear(pairs.mean(dim=1), self._logits, self._logits_bias)

    def _first(self, clips: Tensor) -> Tensor:
        """Stem, pool and 1x1: [B,3,T,224,224] -> [B,1+T/2+1,56,56,C], zeros at both ends."""
        batch, _, frames, height, width = clips.shape
        count = -(-frames // _STEM_STRIDE)
        before, _ = same_padding(frames, _STEM_KERNEL, _STEM_STRIDE)
        margins = same_padding(SIZE, _STEM_KERNEL, _STEM_STRIDE)
        top, edges = margins[0], sum(margins)
        shape = (batch, count, height // 4, width // 4, self._second_point.outputs)
        out = _between_zero_frames(self._like, shape)
        for start, stop in _chunks(count):
            first = _STEM_STRIDE * start - before  # of the frames that these outputs see
            last = _STEM_STRIDE * (stop - 1) - before + _STEM_KERNEL
            padded = self._like.new_zeros(batch, last - first, height + edges, width + edges, 3)
            begin, end = max(first, 0), min(last, frames)
            inside = padded[:, begin - first : end - first, top : top + height, top : top + width]
            inside.copy_(clips[:, :, begin:end].movedim(1, -1))
            stem = self._stem(padded, padding=(0, 0, 0), stride=(_STEM_STRIDE,) * 3)
            pooled = halve_space(stem, 3).relu_()
            torch.clamp_min(self._second_point(pooled), 0, out=out[:, 1 + start : 1 + stop])
        return out

    def _second(self, x: Tensor) -> Tensor:
        """3x3x3 and pool: what `_first` gave -> [B,T/2,28,28,C]."""
        parts = [
            halve_space(self._second_cube(x[:, start : stop + 2]), 3).relu_()
            for start, stop in _chunks(x.shape[1] - 2)
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)

    def _mixed(self, x: Tensor, prefix: str) -> Tensor:
        for name, block in self._blocks.items():
            if name.startswith(prefix):
                x = block(x)
        return x


class _FastMixed:
    """A mixed block: one 1x1 convolution over its input for three, outputs written in place."""

    def __init__(self, block: Mixed, like: Tensor) -> None:
        weights, biases = zip(*map(_folded, (block.b0, block.b1a, block.b2a)), strict=True)
        self._points = Point(torch.cat(weights), torch.cat(biases), like)
        self._splits = [len(bias) for bias in biases]
        self._cubes = cube(*_folded(block.b1b), like), cube(*_folded(block.b2b), like)
        self._after_pool = Point(*_folded(block.b3b), like)
        units = block.b0, block.b1b, block.b2b, block.b3b
        self._outputs = [unit.conv3d.out_channels for unit in units]

    def __call__(self, x: Tensor) -> Tensor:
        """[B,T,H,W,C], not negative -> the same with other channels."""
        out = x.new_empty(*x.shape[:-1], sum(self._outputs))
        place0, place1, place2, place3 = torch.split(out, self._outputs, dim=-1)
        straight, *reduced = torch.split(self._points(x), self._splits, dim=-1)
        torch.clamp_min(straight, 0, out=place0)
        for convolve, part, place in zip(self._cubes, reduced, (place1, place2), strict=True):
            padded = _between_zero_frames(x, part.shape)
            torch.clamp_min(part, 0, out=padded[:, 1:-1])
            torch.clamp_min(convolve(padded), 0, out=place)
        pooled = max_of_three(max_of_three(max_of_three(x, 1), 2), 3)
        torch.clamp_min(self._after_pool(pooled), 0, out=place3)
        return out


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


def _between_zero_frames(like: Tensor, shape: Sequence[int]) -> Tensor:
    """An array for [B,T,H,W,C] with a frame of zeros before and after: [B,1+T+1,H,W,C]."""
    batch, frames, *rest = shape
    room = like.new_empty(batch, frames + 2, *rest)
    room[:, 0] = 0
    room[:, -1] = 0
    return room


def _chunks(count: int) -> Iterator[tuple[int, int]]:
    """`range(count)` in pieces: start and end of each."""
    for start in range(0, count, _CHUNK):
        yield start, min(start + _CHUNK, count)
