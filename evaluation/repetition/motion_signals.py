"""Motion signals, [T,D] a video: small grey frames, principal axes of motion, smoothing.

grid = Luminance()                         # a `FrameEmbedder`, for `evaluation.features.of_frames`
axes = principal_axes(signals)             # of real videos' departures from their own means
signal = values @ axes                     # [T,256] -> [T,20]

There is neither optical flow nor a network. What all frames of a video have in common, such as the
person, cancels out in every comparison within it (`evaluation.repetition.recurrence`).

Letters: T frames, D dimensions, K axes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from leo_bench.evaluation.embedders import Embedded
from leo_bench.evaluation.errors import InputError

SIDE = 16  # of the grey pictures
AXES = 20  # as many as LEO's codes have numbers

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class Luminance:
    """The central square in grey, averaged to SIDE x SIDE values in 0..1."""

    name: str = f"luminance-{SIDE}"
    dim: int = SIDE * SIDE
    weights: str = "none"
    weights_verified: bool = True
    device: str = "cpu"

    def __call__(self, frames: Tensor) -> Embedded:
        """uint8 [T,3,H,W] -> [T,256]."""
        height, width = frames.shape[-2:]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        # In place: stored frames may be large.
        square = frames[:, :, top : top + side, left : left + side].double().div_(255)
        grey = square.mul_(torch.tensor(LUMA, dtype=torch.float64)[:, None, None]).sum(1)
        small = F.adaptive_avg_pool2d(grey, SIDE).flatten(1)
        return Embedded(small.float(), torch.ones(len(frames), dtype=torch.bool))


def principal_axes(signals: Iterable[Tensor], count: int = AXES) -> Tensor:
    """Principal axes of videos' deviations from their own means: [T,D] each -> [D,K].

    K is `count`, or less if fewer axes have a variance above rounding.

    Raises:
        InputError: nothing moves in the videos, or values are not finite.
    """
    scatter = torch.zeros((), dtype=torch.float64)
    for signal in signals:
        centred = signal.double() - signal.double().mean(0)
        scatter = scatter + centred.T @ centred
    if scatter.ndim == 0 or not bool(torch.isfinite(scatter).all()) or not scatter.any():
        raise InputError("nothing moves in the calibration videos (they are still, or empty)")
    sizes, axes = torch.linalg.eigh(scatter)
    largest_first: Tensor = axes.flip(1)[:, :count]
    return largest_first[:, sizes.flip(0)[:count] > 1e-9 * sizes[-1]]


def scaled_axes(centred: Sequence[Tensor], variance: float) -> Tensor:
    """Principal axes that explain a share of the variance, with all dimensions scaled alike.

    Args:
        centred: float64 [T,D] a video, of mean 0, not all of them 0.
        variance: the share, in (0, 1].

    Returns:
        float64 [D,K], not normalised to the variance along each axis.
    """
    scatter = torch.stack([signal.T @ signal / len(signal) for signal in centred]).mean(0)
    spread = scatter.diagonal().sqrt()
    # A constant dimension is not scaled, to avoid a division by 0.
    scale = torch.where(spread > 0, spread, torch.ones_like(spread))
    sizes, directions = torch.linalg.eigh(scatter / scale[:, None] / scale[None])
    held = sizes.flip(0).cumsum(0)
    count = int((held < (variance - 1e-9) * held[-1]).sum()) + 1
    axes: Tensor = directions.flip(1)[:, :count] / scale[:, None]
    return axes


def smoothed(signal: Tensor, width: int) -> Tensor:
    """Smooth a signal by a Hann window of `width` frames, truncated at the ends: [T,D] -> [T,D].

    An even width is increased by one, so that the window is symmetric.
    """
    reach = width // 2
    if reach == 0:
        return signal
    window = torch.hann_window(2 * reach + 3, periodic=False, dtype=signal.dtype)[1:-1]
    padded = F.pad(signal.T[:, None], (reach, reach))
    inside = F.pad(torch.ones(1, 1, len(signal), dtype=signal.dtype), (reach, reach))
    sums, weights = (F.conv1d(x, window[None, None]) for x in (padded, inside))
    return (sums / weights)[:, 0].T


def centred_signal(signal: Tensor) -> Tensor:
    """The signal less its mean, float64.

    Raises:
        InputError: values that are not finite.
    """
    if not bool(torch.isfinite(signal).all()):
        raise InputError("a motion signal holds numbers that are not finite")
    return signal.double() - signal.double().mean(0)
