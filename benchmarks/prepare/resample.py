"""The image resizing of the published preparations: OpenCV's, scikit-image's and Pillow's.

A separable resize of one frame is `rows @ frame @ columns.T`, with a row of weights for every
output pixel. Pillow's LANCZOS widens its kernel when it shrinks a picture; OpenCV's LANCZOS4 does
not, and aliases.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from leo_bench.evaluation.preprocess import shorter_side_lanczos_center_crop

Frame = NDArray[np.uint8]  # [H,W,3], RGB, 0..255
Weights = NDArray[np.float64]  # [out, in]

FIXED_POINT = 2048  # OpenCV 5.0.0 rounds the weights of 8-bit resizing to 11 bits


def lanczos4(frame: Frame, side: int) -> Frame:
    """uint8 [H,W,3] -> uint8 [side,side,3], OpenCV's LANCZOS4, as in preprocess_ffs.py."""
    return _resize(frame, side, lanczos4_weights)


def anti_aliased_linear(frame: Frame, side: int) -> Frame:
    """uint8 [H,W,3] -> uint8 [side,side,3], scikit-image's `resize(anti_aliasing=True)`.

    As in the TaichiHD loader; differs from it by one level where a value is an exact half.
    """
    return _resize(frame, side, anti_aliased_linear_weights)


def shorter_side_lanczos(frame: Frame, side: int) -> Frame:
    """uint8 [H,W,3] -> uint8 [side,side,3], Pillow's LANCZOS, then the central square.

    As in StyleGAN-V's and MoStGAN-V's `convert_videos_to_frames.py`.
    """
    video = torch.from_numpy(frame).permute(2, 0, 1)[None]
    square = shorter_side_lanczos_center_crop(video, side)[0]
    return np.ascontiguousarray(square.permute(1, 2, 0).numpy())


@lru_cache(maxsize=64)  # boxes of many sizes; half a megabyte each
def lanczos4_weights(size_in: int, size_out: int) -> Weights:
    """Eight taps of the Lanczos kernel of radius 4, edge replicated, rounded to 11 bits."""
    taps = np.arange(-3, 5)
    centre, first = _centres(size_in, size_out)
    offset = (centre - first)[:, None] - taps  # [out,8]
    kernel = np.sinc(offset) * np.sinc(offset / 4)
    kernel = np.rint(kernel / kernel.sum(axis=1, keepdims=True) * FIXED_POINT) / FIXED_POINT
    return _scatter(kernel, np.clip(first[:, None] + taps, 0, size_in - 1), size_in)


@lru_cache(maxsize=64)  # boxes of many sizes; half a megabyte each
def anti_aliased_linear_weights(size_in: int, size_out: int) -> Weights:
    """A Gaussian of sigma (factor - 1) / 2, cut at 4 sigma, then linear; edge reflected."""
    centre, first = _centres(size_in, size_out)
    fraction = centre - first
    linear = _scatter(
        np.stack([1 - fraction, fraction], axis=1),
        _mirror(first[:, None] + np.arange(2), size_in),
        size_in,
    )
    sigma = max(0.0, (size_in / size_out - 1) / 2)
    radius = int(4 * sigma + 0.5)
    if radius == 0:
        return linear
    reach = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (reach / sigma) ** 2)
    kernel = np.broadcast_to(kernel / kernel.sum(), (size_in, len(reach)))
    blur = _scatter(kernel, _mirror(np.arange(size_in)[:, None] + reach, size_in), size_in)
    return linear @ blur


def _resize(frame: Frame, side: int, weights: Callable[[int, int], Weights]) -> Frame:
    height, width, _ = frame.shape
    if (height, width) == (side, side):
        return frame
    rows, columns = weights(height, side), weights(width, side)
    planes = rows @ frame.transpose(2, 0, 1).astype(np.float64) @ columns.T  # [3,side,side]
    return np.clip(np.floor(planes + 0.5), 0, 255).astype(np.uint8).transpose(1, 2, 0)


def _centres(size_in: int, size_out: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Each output pixel's centre in input pixels, and the input pixel at or before it."""
    centre = (np.arange(size_out, dtype=np.float64) + 0.5) * (size_in / size_out) - 0.5
    return centre, np.floor(centre).astype(np.int64)


def _mirror(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Reflects indices outside 0..size-1 about the centres of the edge pixels."""
    period = max(1, 2 * (size - 1))
    index = np.abs(index) % period
    return np.minimum(index, period - index)


def _scatter(kernel: NDArray[np.float64], index: NDArray[np.int64], size_in: int) -> Weights:
    weights = np.zeros((len(kernel), size_in))
    np.add.at(weights, (np.arange(len(kernel))[:, None], index), kernel)
    return weights
