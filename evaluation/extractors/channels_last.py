"""Convolutions and max-pools over [B,T,H,W,C]: the parts of the fast I3D.

With channels last, every step is vectorised over channels and none converts the layout. On a CPU
convolutions call oneDNN directly: `F.conv3d` uses a slow fallback for small ones of a single clip.

Letters: B clips, T frames, H W positions, C channels.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.evaluation.extractors.i3d import same_padding
from leo_bench.evaluation.extractors.scratch import FRAMES, Scratch, chunks

# Values that a core's cache holds several times.
_CACHED = 2**18

# From this many channels on, oneDNN's 1x1 convolutions are slower than products (measured).
_PRODUCT_CHANNELS = 256


class Convolution:
    """A convolution with bias, in 2-D over [N,H,W,C] or in 3-D over [B,T,H,W,C].

    Args:
        weight: [out,in,*kernel].
        bias: [out], or None.
        like: a tensor of the device and dtype of the computation.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, like: Tensor) -> None:
        dims = weight.ndim - 2
        layout = torch.channels_last if dims == 2 else torch.channels_last_3d
        self.outputs = len(weight)
        self._weight = weight.to(like).contiguous(memory_format=layout)
        self._bias = None if bias is None else bias.to(like)
        self._dilation = (1,) * dims
        self._by_onednn = _onednn_serves(like)

    def __call__(self, x: Tensor, padding: Sequence[int], stride: Sequence[int]) -> Tensor:
        """[B,(T,)H,W,in] -> [B,(T',)H',W',out]."""
        x = x.movedim(-1, 1)
        if self._by_onednn:
            y = torch.mkldnn_convolution(
                x, self._weight, self._bias, padding, stride, self._dilation, 1
            )
        elif len(padding) == 2:
            y = F.conv2d(x, self._weight, self._bias, tuple(stride), tuple(padding))
        else:
            y = F.conv3d(x, self._weight, self._bias, tuple(stride), tuple(padding))
        return y.movedim(1, -1)


class Point:
    """A 1x1x1 convolution with bias.

    Args:
        weight: float64 [K,C,1,1,1].
        bias: float64 [K].
        like: a tensor of the device and dtype of the computation.
        scratch: shared with parts of the network that do not run meanwhile.
    """

    def __init__(self, weight: Tensor, bias: Tensor, like: Tensor, scratch: Scratch) -> None:
        self.outputs, self._scratch = len(weight), scratch
        self._convolution = Convolution(weight, bias, like)
        self._matrix, self._bias = weight.flatten(1).T.contiguous().to(like), bias.to(like)
        self._as_product = weight.shape[1] >= _PRODUCT_CHANNELS and computes_products(like)

    def __call__(self, x: Tensor) -> Tensor:
        """[B,T,H,W,C] -> [B,T,H,W,K], until this or another `Point` is called."""
        if self._as_product:
            made = self._scratch.take("points", *x.shape[:-1], self.outputs)
            flat = x.reshape(-1, x.shape[-1])
            torch.addmm(self._bias, flat, self._matrix, out=made.view(len(flat), -1))
            return made
        return self._convolution(x, padding=(0, 0, 0), stride=(1, 1, 1))


class DirectCube:
    """ReLU of a 3x3x3 SAME convolution with bias, of the ReLU of its input.

    Args:
        weight: float64 [K,C,3,3,3].
        bias: float64 [K].
        like: a tensor of the device and dtype of the computation.
        scratch: shared with parts of the network that do not run meanwhile.
    """

    def __init__(self, weight: Tensor, bias: Tensor, like: Tensor, scratch: Scratch) -> None:
        self._convolution = Convolution(weight, bias, like)
        self._scratch = scratch

    def __call__(self, x: Tensor, out: Tensor) -> None:
        """[B,T,H,W,C] -> `out`, [B,T,H,W,K]."""
        torch.clamp_min(self._convolved(x, 0, x.shape[1]), 0, out=out)

    def pooled(self, x: Tensor, out: Tensor) -> None:
        """The same behind a 3x3 SAME max-pool of stride 2: `out` is [B,T,H/2,W/2,K]."""
        for start, stop in chunks(x.shape[1], FRAMES):
            pooled = halve_space(self._convolved(x, start, stop), 3)
            torch.clamp_min(pooled, 0, out=out[:, start:stop])

    def _convolved(self, x: Tensor, start: int, stop: int) -> Tensor:
        """The convolution at these frames, which sees one more on either side."""
        batch, frames, *rest = x.shape
        seen = self._scratch.take("seen", batch, stop - start + 2, *rest)
        first, last = max(start - 1, 0), min(stop + 1, frames)
        inside = seen[:, first - start + 1 : last - start + 1]
        seen[:, : first - start + 1] = 0
        seen[:, last - start + 1 :] = 0
        torch.clamp_min(x[:, first:last], 0, out=inside)
        return self._convolution(seen, padding=(0, 1, 1), stride=(1, 1, 1))


def max_of_neighbours(x: Tensor, scratch: Scratch) -> Tensor:
    """3x3x3 SAME max-pool of stride 1 over [B,T,H,W,C] that is not negative."""
    batch, frames, height, width, channels = x.shape
    size = max(1, _CACHED // x[:, 0].numel()) if x.device.type == "cpu" else frames
    out = scratch.take("neighbours", *x.shape)
    for start, stop in chunks(frames, size):
        room = scratch.take("room", batch, stop - start, height + 2, width + 2, channels)
        room[:, :, 0] = room[:, :, -1] = 0
        room[:, :, :, 0] = room[:, :, :, -1] = 0
        inside = room[:, :, 1:-1, 1:-1]
        begin, end = max(start, 1), min(stop, frames - 1)
        inside[:, : begin - start] = x[:, start:begin]
        torch.maximum(x[:, begin:stop], x[:, begin - 1 : stop - 1], out=inside[:, begin - start :])
        earlier = inside[:, : end - start]
        torch.maximum(earlier, x[:, start + 1 : end + 1], out=earlier)
        across = scratch.take("across", batch, stop - start, height + 2, width, channels)
        torch.maximum(room[:, :, :, :-2], room[:, :, :, 1:-1], out=across)
        torch.maximum(across, room[:, :, :, 2:], out=across)
        pooled = out[:, start:stop]
        torch.maximum(across[:, :, :-2], across[:, :, 1:-1], out=pooled)
        torch.maximum(pooled, across[:, :, 2:], out=pooled)
    return out


def halve_space(x: Tensor, kernel: int) -> Tensor:
    """SAME max-pool of stride 2 over even H and W; the padding is at the end."""
    batch, frames, height, width, channels = x.shape
    images = x.reshape(batch * frames, height, width, channels).movedim(3, 1)
    pooled = F.max_pool2d(images, kernel, stride=2, ceil_mode=True).movedim(1, 3)
    return pooled.reshape(batch, frames, height // 2, width // 2, channels)


def halve_time(x: Tensor, kernel: int) -> Tensor:
    """SAME max-pool of stride 2 over T."""
    frames = x.shape[1]
    before, _ = same_padding(frames, kernel, 2)
    starts = range(-before, frames - before, 2)
    windows = [x[:, max(start, 0) : start + kernel] for start in starts]
    return torch.stack([window.amax(dim=1) for window in windows], dim=1)


def computes_products(like: Tensor) -> bool:
    """Whether products of matrices may be faster: bfloat16 has units that convolve directly."""
    return like.device.type == "cpu" and like.dtype in (torch.float32, torch.float64)


def _onednn_serves(like: Tensor) -> bool:
    """Whether oneDNN supports this device and dtype: bfloat16 needs AVX-512."""
    has_onednn: Callable[[], bool] = torch.backends.mkldnn.is_available  # torch leaves it untyped
    if like.device.type != "cpu" or not has_onednn():
        return False
    if like.dtype == torch.bfloat16:
        return torch.backends.cpu.get_cpu_capability() == "AVX512"
    return like.dtype == torch.float32
