"""3x3x3 convolutions of many channels on a CPU with a sixth of the multiplications.

F(4x4, 3x3) of `evaluation.winograd` over height and width, and F(2, 3) along time: with input
frames d0..d3 and the kernel's temporal slices g0..g2, the products m0 = (d0-d2)*g0,
m1 = (d1+d2)*(g0+g1+g2)/2, m2 = (d2-d1)*(g0-g1+g2)/2 and m3 = (d1-d3)*g2 give y0 = m0+m1+m2 and
y1 = m1-m2-m3, where * is a 3x3 convolution. Work goes on in blocks, most of which a core's cache
holds.

Letters: B clips, T frames, H W positions, C channels in, K out; P positions in a tile, Q tiles.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor

from leo_bench.evaluation.extractors.scratch import Scratch, chunks
from leo_bench.evaluation.winograd import both, tiling

# Of the points tried, the ones of the smallest error: twice a direct convolution's.
_FORM = tiling(4, 3, [Fraction(n, d) for n, d in ((0, 1), (2, 3), (-2, 3), (3, 2), (-3, 2))])
_STEP, _SQUARES = _FORM.step, _FORM.side**2

# Sizes of a block, measured. A pair has two frames of outputs; a row of tiles is never divided.
_TILES = 28  # of a frame
_TILES_OF_PAIRS = 56


@dataclass(frozen=True)
class _Block:
    """Pairs of output frames, and rows of tiles, from the first to before the last."""

    pairs: tuple[int, int]
    rows: tuple[int, int]


class TiledCube:
    """ReLU of a 3x3x3 SAME convolution with bias, of the ReLU of its input.

    Args:
        weight: float64 [K,C,3,3,3].
        bias: float64 [K].
        like: a tensor of the device and dtype of the computation.
        scratch: shared with parts of the network that do not run meanwhile.
    """

    def __init__(self, weight: Tensor, bias: Tensor, like: Tensor, scratch: Scratch) -> None:
        self._outputs = len(weight)
        self._bias, self._scratch = bias.to(like), scratch
        g0, g1, g2 = weight.permute(2, 3, 4, 1, 0)
        moments = g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2
        self._weights = [_FORM.transformed(moment).to(like) for moment in moments]  # [P,C,K] each
        self._of_input, self._back = both(_FORM.of_input).to(like), both(_FORM.back).to(like)

    def __call__(self, x: Tensor, out: Tensor) -> None:
        """[B,T,H,W,C] -> `out`, [B,T,H,W,K]."""
        pairs, rows, _ = _grid(x)
        for clip, place in zip(x, out, strict=True):
            for some in pairs:
                for block in (_Block(some, these) for these in rows):
                    _put(self._convolved(clip, block).add_(self._bias), place, block, self._scratch)

    def pooled(self, x: Tensor, out: Tensor) -> None:
        """The same behind a 3x3 SAME max-pool of stride 2: `out` is [B,T,H/2,W/2,K].

        H and W are multiples of 4.
        """
        pairs, rows, columns = _grid(x)
        for clip, place in zip(x, out, strict=True):
            for some in pairs:
                count = some[1] - some[0]
                edge = self._scratch.take("edge", 2, count, 2, columns, self._outputs)
                edge.fill_(-math.inf)
                for block in (_Block(some, these) for these in reversed(rows)):
                    pooled = pool_tiles(self._convolved(clip, block), edge, self._scratch)
                    _put(pooled.add_(self._bias), place, block, self._scratch)

    def _convolved(self, clip: Tensor, block: _Block) -> Tensor:
        """A block of the convolution, without bias: [4,4,pairs,2,rows,columns,K]."""
        tiles = _FORM.tiles(self._moments(clip, block))  # [6,6,4,pairs,rows,columns,C]
        moments, *shape, channels = tiles.shape[2:]
        count = math.prod(shape)
        gathered = self._scratch.take("gathered", *tiles.shape).copy_(tiles)
        seen = self._scratch.take("seen", _SQUARES, moments, count, channels)
        torch.mm(self._of_input, gathered.view(_SQUARES, -1), out=seen.view(_SQUARES, -1))
        found = self._scratch.take("found", _SQUARES, count, self._outputs)
        back = self._scratch.take("back", moments, _STEP**2, count * self._outputs)
        for moment, (weight, place) in enumerate(zip(self._weights, back, strict=True)):
            torch.bmm(seen[:, moment], weight, out=found)
            torch.mm(self._back, found.flatten(1), out=place)
        m0, m1, m2, m3 = back
        m0.add_(m1).add_(m2)
        m1.sub_(m2).sub_(m3)
        frames = back[:2].view(2, _STEP, _STEP, *shape, self._outputs)
        return frames.permute(1, 2, 3, 0, 4, 5, 6)

    def _moments(self, clip: Tensor, block: _Block) -> Tensor:
        """What this block sees of the ReLU of a clip, zeros around: [4,pairs,H',W',C]."""
        frames, height, width, channels = clip.shape
        start, stop = 2 * block.pairs[0] - 1, 2 * block.pairs[1] + 1
        top, bottom = _STEP * block.rows[0] - 1, _STEP * block.rows[1] + 1
        across = _STEP * -(-width // _STEP) + 2
        seen = self._scratch.take("strip", stop - start, bottom - top, across, channels)
        begin, end = max(start, 0), min(stop, frames)
        first, last = max(top, 0), min(bottom, height)
        seen[: begin - start] = 0
        seen[end - start :] = 0
        seen[:, : first - top] = 0
        seen[:, last - top :] = 0
        seen[:, :, 0] = 0
        seen[:, :, 1 + width :] = 0
        inside = seen[begin - start : end - start, first - top : last - top, 1 : 1 + width]
        torch.clamp_min(clip[begin:end, first:last], 0, out=inside)
        even, odd = seen[0::2], seen[1::2]
        d0, d1, d2, d3 = even[:-1], odd[:-1], even[1:], odd[1:]
        moments = self._scratch.take("moments", 4, *d0.shape)
        torch.sub(d0, d2, out=moments[0])
        torch.add(d1, d2, out=moments[1])
        torch.sub(d2, d1, out=moments[2])
        torch.sub(d1, d3, out=moments[3])
        return moments


def pool_tiles(tiles: Tensor, edge: Tensor, scratch: Scratch) -> Tensor:
    """3x3 SAME max-pool of stride 2 over rows of tiles, [4,4,...,rows,columns,C].

    Args:
        tiles: the rows, from the bottom of the frame to its top over several calls.
        edge: [2,...,columns,C], what the call before left here for this one: of the row below, the
            upper edge, pooled along it; -inf below the last row.
        scratch: for the result.

    Returns:
        [2,2,...,rows,columns,C].
    """
    shape = tiles.shape[2:]
    along = scratch.take("along", _STEP, 2, *shape)
    left, right = along[:, 0], along[:, 1]
    torch.maximum(tiles[:, 0], tiles[:, 1], out=left)
    torch.maximum(left, tiles[:, 2], out=left)
    torch.maximum(tiles[:, 2], tiles[:, 3], out=right)
    inner = right[..., :-1, :]
    torch.maximum(inner, tiles[:, 0, ..., 1:, :], out=inner)
    pooled = scratch.take("pooled", 2, 2, *shape)
    upper, lower = pooled[0], pooled[1]
    torch.maximum(along[0], along[1], out=upper)
    torch.maximum(upper, along[2], out=upper)
    torch.maximum(along[2], along[3], out=lower)
    inner = lower[..., :-1, :, :]
    torch.maximum(inner, along[0][..., 1:, :, :], out=inner)
    last = lower[..., -1, :, :]
    torch.maximum(last, edge, out=last)
    edge.copy_(along[0][..., 0, :, :])
    return pooled


def _grid(x: Tensor) -> tuple[list[tuple[int, int]], list[tuple[int, int]], int]:
    """Of [B,T,H,W,C]: blocks of pairs of frames, of rows of tiles, and tiles in a row."""
    rows, columns = (-(-side // _STEP) for side in x.shape[2:4])
    height = min(rows, max(1, _TILES // columns))
    pairs = chunks(-(-x.shape[1] // 2), max(1, _TILES_OF_PAIRS // (height * columns)))
    return list(pairs), list(chunks(rows, height)), columns


def _put(tiles: Tensor, out: Tensor, block: _Block, scratch: Scratch) -> None:
    """ReLU of a block, [S,S,pairs,2,rows,columns,K], to its place in a clip, [T,H,W,K]."""
    step, _, pairs, _, rows, columns, channels = tiles.shape
    first = step * block.rows[0]
    place = out[2 * block.pairs[0] : 2 * block.pairs[1], first : first + step * rows]
    shape = 2 * pairs, step * rows, step * columns
    whole = place if place.shape[:3] == shape else scratch.take("whole", *shape, channels)
    squares = whole.view(pairs, 2, rows, step, columns, step, channels)
    torch.clamp_min(tiles, 0, out=squares.permute(3, 5, 0, 1, 2, 4, 6))
    if whole is not place:
        frames, height, width = place.shape[:3]
        place.copy_(whole[:frames, :height, :width])
