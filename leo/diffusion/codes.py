"""Windows of motion codes, and the statistics that normalise them.

The paper says nothing of normalisation; residuals here have unit variance, as the noise schedule
expects, and the same scale serves the first code.

Legend: N frames in all, W windows, B batch, L frames of a window, M code dimensions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError

MARGIN = 1.1  # of bounds, times the largest value in training
FLOOR = 1e-4  # smallest scale


@dataclass(frozen=True)
class Windows:
    """All windows of `length` codes, `stride` frames apart, in some sequences.

    Args:
        codes: float32 [N,M], the sequences concatenated.
        starts: int64 [W], where each window begins.
        length: codes in a window, L.
        stride: frames from one code of a window to the next.
        sequences: int64 [W,2], where the sequence of each window begins, and where it ends.
    """

    codes: Tensor
    starts: Tensor
    length: int
    stride: int
    sequences: Tensor

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def code_size(self) -> int:
        """Dimensions of a code, M."""
        return self.codes.shape[1]

    def take(self, index_B: Tensor) -> Tensor:
        """The windows of these indices: float32 [B,L,M]."""
        offsets_L = torch.arange(self.length) * self.stride
        return self.codes[self.starts[index_B][:, None] + offsets_L]

    def before(self, index_B: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """The `count` codes of the same sequence before each window, and how many there are.

        Those that are not there are the window's first code.

        Returns:
            float32 [B,count,M], the last one next to the window; int64 [B], 0 to `count`.
        """
        starts_B = self.starts[index_B]
        there_B = (starts_B - self.sequences[index_B, 0]) // self.stride
        back_P = torch.arange(count, 0, -1)
        back_BP = back_P * (back_P <= there_B[:, None]) * self.stride
        return self.codes[starts_B[:, None] - back_BP], there_B.clamp(max=count)

    def anywhere(self, index_B: Tensor, place_B: Tensor) -> Tensor:
        """A code of each window's sequence, at a share of its length in [0,1): float32 [B,M]."""
        begin_B, end_B = self.sequences[index_B].unbind(1)
        return self.codes[begin_B + (place_B * (end_B - begin_B)).long()]

    def at(self, slot: int) -> Tensor:
        """The code in one slot (0 to L-1) of every window: float32 [W,M]."""
        return self.codes[self.starts + slot * self.stride]

    def spread(self, count: int) -> Tensor:
        """At most `count` windows, evenly spread over all: float32 [B,L,M]."""
        return self.take(self.spread_index(count))

    def spread_index(self, count: int) -> Tensor:
        """Indices of at most `count` windows, evenly spread over all: int64 [B]."""
        return torch.linspace(0, len(self) - 1, min(count, len(self))).round().long()


def code_windows(sequences: Sequence[Tensor], length: int, stride: int = 1) -> Windows:
    """All windows of these sequences (float32 [T,M] each).

    Raises:
        InputError: no sequence is long enough.
    """
    found = windows_that_fit(sequences, length, stride)
    if not len(found):
        longest = max((len(sequence) for sequence in sequences), default=0)
        raise InputError(
            f"{len(sequences)} code sequences, the longest of {longest} frames; windows of "
            f"{length} codes at frame stride {stride} need {(length - 1) * stride + 1}: "
            "give longer videos, or a smaller length or frame_stride in the config"
        )
    return found


def windows_that_fit(sequences: Sequence[Tensor], length: int, stride: int = 1) -> Windows:
    """As `code_windows`; there may be none."""
    span, first = (length - 1) * stride, 0
    starts, around = [torch.empty(0, dtype=torch.int64)], [torch.empty(0, 2, dtype=torch.int64)]
    for sequence in sequences:
        end = first + len(sequence)
        starts.append(torch.arange(first, max(first, end - span)))
        around.append(torch.tensor([[first, end]]).expand(len(starts[-1]), -1))
        first = end
    codes = torch.cat(list(sequences)) if sequences else torch.empty(0, 0)
    return Windows(codes, torch.cat(starts), length, stride, torch.cat(around))


class _Scaled:
    """Normalisation with `mean` and `scale`."""

    mean: Tensor
    scale: Tensor

    def normalised(self, codes: Tensor) -> Tensor:
        """[...,M] codes -> normalised codes."""
        return (codes - self.mean) / self.scale

    def denormalised(self, codes: Tensor) -> Tensor:
        """[...,M] normalised codes -> codes."""
        return codes * self.scale + self.mean


@dataclass(frozen=True)
class CodeStats(_Scaled):
    """Statistics of codes and of their residuals from the first code of a window.

    Bounds are 1.1 times the largest residual of each slot, as residuals grow along a window. No
    percentile: windows overlap, so one outlying frame is in many, and clipping it would clip real
    motion.

    Args:
        mean: float32 [M], of codes.
        scale: float32 [M], standard deviation of residuals; codes are divided by it too.
        bounds: float32 [L-1,M], largest normalised residual of slots 1 to L-1, with the margin.
        low: float32 [M], smallest normalised code.
        high: float32 [M], largest normalised code.
        covariance: float32, of residuals around a window, as `MotionPrior` takes it; None: the
            model's noise is white.
        sizes: float32, quantiles of how much windows move, likewise.
        size_correlation: float32 [], of the ranks of a window's two sizes, likewise.
    """

    mean: Tensor
    scale: Tensor
    bounds: Tensor
    low: Tensor
    high: Tensor
    covariance: Tensor | None = None
    sizes: Tensor | None = None
    size_correlation: Tensor | None = None

    @staticmethod
    def of(windows: Windows) -> "CodeStats":
        """Computed over every window."""
        slots = range(1, windows.length)
        scale, bounds = _scale_and_bounds(windows.at(slot) - windows.at(0) for slot in slots)
        mean = windows.codes.double().mean(0)
        low, high = ((windows.codes - mean) / scale).aminmax(dim=0)
        return CodeStats(mean.float(), scale.float(), bounds.float(), low.float(), high.float())

    def clamped(self, codes: Tensor) -> Tensor:
        """[...,M] codes -> codes clamped to the range of training."""
        return codes.clamp(self.denormalised(self.low), self.denormalised(self.high))


@dataclass(frozen=True)
class FrameStats(_Scaled):
    """Statistics of single codes: float32 [M] each.

    Args:
        mean: of codes.
        scale: standard deviation of codes.
        low: smallest normalised code.
        high: largest normalised code.
    """

    mean: Tensor
    scale: Tensor
    low: Tensor
    high: Tensor

    @staticmethod
    def of(codes_NM: Tensor) -> "FrameStats":
        """Computed over all codes."""
        codes = codes_NM.double()
        mean = codes.mean(0)
        scale = codes.std(0, correction=0).clamp(min=FLOOR)
        low, high = ((codes - mean) / scale).aminmax(dim=0)
        return FrameStats(mean.float(), scale.float(), low.float(), high.float())


@dataclass(frozen=True)
class TransitionStats(_Scaled):
    """Statistics of residuals from the straight line between a window's ends.

    Args:
        mean: float32 [M], of codes.
        scale: float32 [M], standard deviation of residuals; codes are divided by it too.
        bounds: float32 [L-2,M], largest normalised residual of slots 1 to L-2, with the margin.
        labels: int64 [S], indices of the config's strides that some training window has.
        distances: float32 [S], mean distance |alpha_L - alpha_1| in windows of these strides.
    """

    mean: Tensor
    scale: Tensor
    bounds: Tensor
    labels: Tensor
    distances: Tensor

    @staticmethod
    def of(fitting: dict[int, Windows]) -> "TransitionStats":
        """Computed over every window; `fitting` holds windows by label, none of them empty."""
        some = next(iter(fitting.values()))
        scale, bounds = _scale_and_bounds(
            torch.cat([_departure(windows, slot) for windows in fitting.values()])
            for slot in range(1, some.length - 1)
        )
        moved = [torch.sub(*_ends(windows)).norm(dim=1).mean() for windows in fitting.values()]
        return TransitionStats(
            mean=some.codes.double().mean(0).float(),
            scale=scale.float(),
            bounds=bounds.float(),
            labels=torch.tensor(list(fitting)),
            distances=torch.stack(moved).float(),
        )

    def label(self, start_BM: Tensor, end_BM: Tensor) -> Tensor:
        """Label of the stride whose mean distance is nearest to that from start to end: int64 [B].

        Codes are not normalised: LIA's directions are orthonormal, so distances of codes are those
        of latents.
        """
        moved_B1 = (end_BM - start_BM).norm(dim=1, keepdim=True)
        return self.labels[(moved_B1 - self.distances).abs().argmin(1)]


def to_tensors(stats: CodeStats | FrameStats | TransitionStats) -> dict[str, Tensor]:
    """Statistics by name, to be saved with a model; `CodeStats(**tensors)` is the inverse."""
    every = {field.name: getattr(stats, field.name) for field in fields(stats)}
    return {name: tensor for name, tensor in every.items() if tensor is not None}


def _scale_and_bounds(residuals: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Residuals [W,M] of slot after slot -> scale float64 [M], bounds float64 [slots,M]."""
    count, largest = 0, []
    total = squares = torch.zeros((), dtype=torch.float64)
    for residual_WM in residuals:
        residual_WM = residual_WM.double()
        count += len(residual_WM)
        total = total + residual_WM.sum(0)
        squares = squares + residual_WM.square().sum(0)
        largest.append(residual_WM.abs().amax(0))
    variance = squares / count - (total / count).square()
    scale = variance.clamp(min=0).sqrt().clamp(min=FLOOR)
    return scale, MARGIN * torch.stack(largest) / scale


def _departure(windows: Windows, slot: int) -> Tensor:
    """Residuals from the line between the ends, at one slot: [W,M]."""
    return windows.at(slot) - torch.lerp(*_ends(windows), slot / (windows.length - 1))


def _ends(windows: Windows) -> tuple[Tensor, Tensor]:
    return windows.at(0), windows.at(windows.length - 1)
