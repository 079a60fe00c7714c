"""I3D up to its first 1x1x1 convolution: the stem, in tiles or directly.

Letters: B clips, T frames, C channels of the stem, K of the 1x1x1 convolution.
"""

import math
from fractions import Fraction

import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.evaluation.extractors.channels_last import Convolution, Point, halve_space
from leo_bench.evaluation.extractors.i3d import SIZE, same_padding
from leo_bench.evaluation.extractors.scratch import FRAMES, Scratch, chunks
from leo_bench.evaluation.extractors.tiled import pool_tiles
from leo_bench.evaluation.winograd import both, tiling

_KERNEL, _STRIDE = 7, 2

# Of the points tried, the ones of the smallest error: 2.5 times a direct convolution's.
_FORM = tiling(4, 4, [Fraction(s * n, d) for n, d in ((1, 3), (4, 5), (5, 3)) for s in (1, -1)])
_STEP = _FORM.step

Layer = tuple[Tensor, Tensor]  # weight and bias, float64


class DirectStem:
    """7x7x7 convolution of stride 2, pool, 1x1x1, each with bias and ReLU.

    Args:
        stem: weight [C,3,7,7,7] and bias.
        point: weight [K,C,1,1,1] and bias.
        like: a tensor of the device and dtype of the computation.
        scratch: shared with parts of the network that do not run meanwhile.
    """

    def __init__(self, stem: Layer, point: Layer, like: Tensor, scratch: Scratch) -> None:
        self._stem, self._point = Convolution(*stem, like), Point(*point, like, scratch)
        self._scratch = scratch

    def __call__(self, clips: Tensor) -> Tensor:
        """[B,3,T,224,224] -> [B,T/2,56,56,K]."""
        batch, _, frames = clips.shape[:3]
        count = -(-frames // _STRIDE)
        margins = same_padding(SIZE, _KERNEL, _STRIDE)
        before, side = margins[0], SIZE + sum(margins)
        shape = batch, count, SIZE // 4, SIZE // 4, self._point.outputs
        out = self._scratch.take("first", *shape)
        for start, stop in chunks(count, FRAMES):
            first, last = _frames_seen(frames, start, stop)
            padded = self._scratch.take("padded", batch, last - first, side, side, 3)
            begin, end = max(first, 0), min(last, frames)
            padded[:, : begin - first] = padded[:, end - first :] = 0
            rows = padded[:, begin - first : end - first]
            rows[:, :, :before] = rows[:, :, before + SIZE :] = 0
            inside = rows[:, :, before : before + SIZE]
            inside[:, :, :, :before] = inside[:, :, :, before + SIZE :] = 0
            inside[:, :, :, before : before + SIZE].copy_(clips[:, :, begin:end].movedim(1, -1))
            stem = self._stem(padded, padding=(0, 0, 0), stride=(_STRIDE,) * 3)
            pooled = halve_space(stem, 3).relu_()
            torch.clamp_min(self._point(pooled), 0, out=out[:, start:stop])
        return out


class TiledStem:
    """The same on a CPU with a quarter of the stem's multiplications; arguments as `DirectStem`'s.

    Over squares of 2x2 pixels the kernel has 4x4 taps and stride 1: F(4x4, 4x4).
    """

    def __init__(self, stem: Layer, point: Layer, like: Tensor, scratch: Scratch) -> None:
        self.outputs, self._channels = point[0].shape[:2]
        # The eighth row and column of taps are zero. A tap of F(4x4, 4x4) is a square of 2x2.
        squares = F.pad(stem[0], (0, 1, 0, 1)).view(-1, 3, 7, 4, 2, 4, 2)
        taps = squares.permute(5, 3, 2, 4, 1, 6, 0).flatten(2, 5)  # [4,4,7*2*3*2,C], columns first
        self._weight = _FORM.transformed(taps).to(like)
        self._point = point[0].flatten(1).T.contiguous().to(like)
        self._bias, self._point_bias = stem[1].to(like), point[1].to(like)
        self._of_input, self._back = _FORM.of_input.to(like), both(_FORM.back).to(like)
        self._scratch = scratch

    def __call__(self, clips: Tensor) -> Tensor:
        """[B,3,T,224,224] -> [B,T/2,56,56,K]."""
        batch, _, frames = clips.shape[:3]
        count = -(-frames // _STRIDE)
        out = self._scratch.take("first", batch, count, SIZE // 4, SIZE // 4, self.outputs)
        # Pixels are read two at a time, side by side; one who calls with other strides pays a copy.
        for clip, place in zip(clips.contiguous(), out, strict=True):
            for start, stop in chunks(count, FRAMES):
                self._run(self._squares(clip, start, stop), place[start:stop])
        return out

    def _squares(self, clip: Tensor, start: int, stop: int) -> Tensor:
        """What these outputs see: [115,115,F*2*3*2], squares of pixels, zeros around."""
        frames = clip.shape[1]
        first, last = _frames_seen(frames, start, stop)
        side = (SIZE + sum(same_padding(SIZE, _KERNEL, _STRIDE)) + 1) // 2
        room = self._scratch.take("squares", side, side, last - first, 2, 3, 2)
        begin, end = max(first, 0), min(last, frames)
        inside = room[1 : 1 + SIZE // 2, 1 : 1 + SIZE // 2]
        room[0] = room[1 + SIZE // 2 :] = 0
        room[:, 0] = room[:, 1 + SIZE // 2 :] = 0
        inside[:, :, : begin - first] = 0
        inside[:, :, end - first :] = 0
        pixels = clip[:, begin:end].view(3, -1, SIZE // 2, 2, SIZE // 2, 2)
        # Two pixels at a time, as one complex number.
        pairs = torch.view_as_complex(pixels).permute(2, 4, 1, 3, 0)
        torch.view_as_complex(inside[:, :, begin - first : end - first]).copy_(pairs)
        return room.flatten(2)

    def _run(self, squares: Tensor, out: Tensor) -> None:
        """[115,115,F*12] -> `out`, [T,56,56,K]."""
        count = len(out)
        columns, places = SIZE // 2 // _STEP, _FORM.side**2
        edge = self._scratch.take("edges", 2, count, columns, self._channels)
        edge.fill_(-math.inf)
        seen = self._scratch.take("seen", places, columns, squares.shape[2])
        found = self._scratch.take("found", places, columns, self._channels)
        back = self._scratch.take("back", count, _STEP**2, columns * self._channels)
        # Seven frames of the input, side by side; the next output's begin two frames later.
        taps = self._weight.shape[1]
        step = _STRIDE * taps // _KERNEL
        windows = [seen[:, :, step * frame : step * frame + taps] for frame in range(count)]
        for row in reversed(range(columns)):
            self._see(squares[_STEP * row : _STEP * row + _FORM.side], seen)
            for window, place in zip(windows, back, strict=True):
                torch.bmm(window, self._weight, out=found)
                torch.mm(self._back, found.view(places, -1), out=place)
            shape = count, _STEP, _STEP, 1, columns, self._channels
            pooled = pool_tiles(back.view(shape).permute(2, 1, 0, 3, 4, 5), edge, self._scratch)
            pooled.add_(self._bias).clamp_min_(0)
            points = self._scratch.take("points", pooled.numel() // self._channels, self.outputs)
            torch.addmm(self._point_bias, pooled.view(-1, self._channels), self._point, out=points)
            place = out[:, 2 * row : 2 * row + 2].view(count, 2, columns, 2, self.outputs)
            place = place.permute(1, 3, 0, 2, 4)
            torch.clamp_min(points.view(place.shape), 0, out=place)

    def _see(self, rows: Tensor, out: Tensor) -> None:
        """Transformed tiles of [7,115,F*12] -> `out`, [7*7,28,F*12], columns before rows."""
        down = self._scratch.take("down", *rows.shape)
        torch.mm(self._of_input, rows.flatten(1), out=down.flatten(1))
        tiles = down.unfold(1, _FORM.side, _STEP).permute(3, 0, 1, 2)  # [7,7,28,F*12]
        gathered = self._scratch.take("gathered", *tiles.shape).copy_(tiles)
        torch.mm(self._of_input, gathered.flatten(1), out=out.view(_FORM.side, -1))


def _frames_seen(frames: int, start: int, stop: int) -> tuple[int, int]:
    """First frame that these outputs see, which may be negative, and the one behind the last."""
    first = _STRIDE * start - same_padding(frames, _KERNEL, _STRIDE)[0]
    return first, first + _STRIDE * (stop - start - 1) + _KERNEL
