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

# From this many input channels on, Winograd's form of a 3x3x3 convolution is faster (measured).
_WINOGRAD_CHANNELS = 64


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
    """A 1x1x1 convolution with bias."""

    def __init__(self, weight: Tensor, bias: Tensor, like: Tensor) -> None:
        self._convolution = Convolution(weight, bias, like)
        self.outputs = self._convolution.outputs

    def __call__(self, x: Tensor) -> Tensor:
        """[B,T,H,W,in] -> [B,T,H,W,out]."""
        return self._convolution(x, padding=(0, 0, 0), stride=(1, 1, 1))


# A 3x3x3 convolution with bias, of an input with an additional frame at each end: [B,1+T+1,H,W,in]
# -> [B,T,H,W,out]. It pads H and W itself.
Cube = Callable[[Tensor], Tensor]


def cube(weight: Tensor, bias: Tensor, like: Tensor) -> Cube:
    """The fastest form of a 3x3x3 convolution for these weights, device and dtype."""
    large = weight.shape[1] >= _WINOGRAD_CHANNELS
    if large and like.dtype == torch.float32 and _onednn_serves(like):
        return _WinogradCube(weight, bias, like)
    return _DirectCube(weight, bias, like)


class _DirectCube:
    def __init__(self, weight: Tensor, bias: Tensor, like: Tensor) -> None:
        self._convolution = Convolution(weight, bias, like)

    def __call__(self, x: Tensor) -> Tensor:
        return self._convolution(x, padding=(0, 1, 1), stride=(1, 1, 1))


class _WinogradCube:
    """Two output frames from four products of frames instead of six: F(2,3) along time.

    Winograd 1980; Lavin and Gray, arXiv 1509.09308, section 4.1. With input frames d0..d3 and the
    kernel's temporal slices g0..g2, the products m0 = (d0-d2)*g0, m1 = (d1+d2)*(g0+g1+g2)/2,
    m2 = (d2-d1)*(g0-g1+g2)/2 and m3 = (d1-d3)*g2 give y0 = m0+m1+m2 and y1 = m1-m2-m3, where * is
    a 3x3 convolution. The rounding error is no larger than the direct form's.
    """

    def __init__(self, weight: Tensor, bias: Tensor, like: Tensor) -> None:
        g0, g1, g2 = weight.double().unbind(dim=2)
        self.outputs = len(weight)
        self._m0 = Convolution(g0, None, like)
        self._m1 = Convolution((g0 + g1 + g2) / 2, bias, like)  # enters y0 and y1, both with +
        self._m2 = Convolution((g0 - g1 + g2) / 2, None, like)
        self._m3 = Convolution(g2, None, like)

    def __call__(self, x: Tensor) -> Tensor:
        frames = x.shape[1] - 2
        if frames % 2:
            x = F.pad(x, (0, 0, 0, 0, 0, 0, 0, 1))
        batch, _, height, width, _ = x.shape
        even, odd = x[:, 0::2], x[:, 1::2]
        d0, d1, d2, d3 = even[:, :-1], odd[:, :-1], even[:, 1:], odd[:, 1:]

        def product(convolution: Convolution, inputs: Tensor) -> Tensor:
            y = convolution(inputs.flatten(0, 1), padding=(1, 1), stride=(1, 1))
            return y.view(batch, -1, *y.shape[1:])

        m1, m2 = product(self._m1, d1 + d2), product(self._m2, d2 - d1)
        out = x.new_empty(batch, d0.shape[1], 2, height, width, self.outputs)
        y0, y1 = out[:, :, 0], out[:, :, 1]
        torch.sub(m1, m2, out=y1)
        torch.add(m1.add_(m2), product(self._m0, d0 - d2), out=y0)
        y1.sub_(product(self._m3, d1 - d3))
        return out.flatten(1, 2)[:, :frames]


def max_of_three(x: Tensor, dim: int) -> Tensor:
    """Maximum with both neighbours along `dim`; at an edge there is one.

    Over three dimensions in turn this is the 3x3x3 SAME max-pool of stride 1.
    """
    length = x.shape[dim]
    out = torch.empty_like(x)
    pairs = out.narrow(dim, 0, length - 1)
    torch.maximum(x.narrow(dim, 0, length - 1), x.narrow(dim, 1, length - 1), out=pairs)
    out.narrow(dim, length - 1, 1).copy_(x.narrow(dim, length - 1, 1))
    later = out.narrow(dim, 1, length - 1)
    torch.maximum(later, x.narrow(dim, 0, length - 1), out=later)
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


def _onednn_serves(like: Tensor) -> bool:
    """Whether oneDNN supports this device and dtype: bfloat16 needs AVX-512."""
    has_onednn: Callable[[], bool] = torch.backends.mkldnn.is_available  # torch leaves it untyped
    if like.device.type != "cpu" or not has_onednn():
        return False
    return like.dtype == torch.float32 or torch.backends.cpu.get_cpu_capability() == "AVX512"
