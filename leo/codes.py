"""Windows of motion codes, and the statistics that bring them to unit scale (spec 3.1, 3.2).

Legend: N frames in all, W windows, B batch, L frames of a window, M code dimensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from evaluation.errors import InputError

MARGIN = 1.1  # of bounds around what was seen (spec 3.2)
FLOOR = 1e-4  # of scales


@dataclass(frozen=True)
class Windows:
    """Every window of `length` frames, `stride` apart, that fits into some sequences.

    Args:
        codes: float32 [N,M], the sequences one after another.
        starts: int64 [W], where each window begins.
        length: codes in a window.
        stride: frames from one code of a window to the next.
    """

    codes: Tensor
    starts: Tensor
    length: int
    stride: int

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, index_B: Tensor) -> Tensor:
        """The windows of these numbers: float32 [B,L,M]."""
        offsets_L = torch.arange(self.length) * self.stride
        return self.codes[self.starts[index_B][:, None] + offsets_L]

    def at(self, slot: int) -> Tensor:
        """The code in one slot (0 to L-1) of every window: float32 [W,M]."""
        return self.codes[self.starts + slot * self.stride]

    def spread(self, count: int) -> Tensor:
        """At most `count` windows, evenly spread over all: float32 [B,L,M]."""
        return self.take(torch.linspace(0, len(self) - 1, min(count, len(self))).round().long())


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
    """As `code_windows`, but there may be none."""
    span, first, starts = (length - 1) * stride, 0, [torch.empty(0, dtype=torch.int64)]
    for sequence in sequences:
        starts.append(torch.arange(first, first + max(0, len(sequence) - span)))
        first += len(sequence)
    codes = torch.cat(list(sequences)) if sequences else torch.empty(0, 0)
    return Windows(codes, torch.cat(starts), length, stride)


@dataclass(frozen=True)
class CodeStats:
    """What a data set's codes and their residuals from a window's first code are like.

    Bounds are 1.1 times the largest seen, per slot: residuals grow with time, and a bound that is
    right for the last slot would let the first step jump (spec 3.2). No percentile: windows
    overlap, so one outlying frame is in many of them, and cutting it off would cut real motion.

    Args:
        mean: float32 [M], of codes.
        scale: float32 [M], standard deviation of residuals; codes are divided by it too.
        bounds: float32 [L-1,M], largest normalised residual of slots 1 to L-1, with the margin.
        low: float32 [M], smallest normalised code.
        high: float32 [M], largest normalised code.
    """

    mean: Tensor
    scale: Tensor
    bounds: Tensor
    low: Tensor
    high: Tensor

    @staticmethod
    def of(windows: Windows) -> "CodeStats":
        """Computed over every window."""
        slots = range(1, windows.length)
        residuals = ((windows.at(slot) - windows.at(0)).double() for slot in slots)
        total = squares = torch.zeros((), dtype=torch.float64)
        largest = []
        for residual_WM in residuals:
            total = total + residual_WM.sum(0)
            squares = squares + residual_WM.square().sum(0)
            largest.append(residual_WM.abs().amax(0))
        count = len(windows) * len(slots)
        scale = (squares / count - (total / count).square()).clamp(min=0).sqrt().clamp(min=FLOOR)
        mean = windows.codes.double().mean(0)
        low, high = windows.codes.double().aminmax(dim=0)
        return CodeStats(
            mean=mean.float(),
            scale=scale.float(),
            bounds=(MARGIN * torch.stack(largest) / scale).float(),
            low=((low - mean) / scale).float(),
            high=((high - mean) / scale).float(),
        )

    def normalised(self, codes: Tensor) -> Tensor:
        """[...,M] codes -> normalised codes."""
        return (codes - self.mean.to(codes.device)) / self.scale.to(codes.device)

    def denormalised(self, codes: Tensor) -> Tensor:
        """[...,M] normalised codes -> codes."""
        return codes * self.scale.to(codes.device) + self.mean.to(codes.device)

    def clamped(self, codes: Tensor) -> Tensor:
        """[...,M] codes -> codes no further out than those that were seen."""
        low, high = (self.denormalised(bound.to(codes.device)) for bound in (self.low, self.high))
        return codes.clamp(low, high)

    def tensors(self) -> dict[str, Tensor]:
        """To be saved with a model."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @staticmethod
    def from_tensors(tensors: dict[str, Tensor]) -> "CodeStats":
        """As `tensors` gave them; others are left alone."""
        return CodeStats(**{field.name: tensors[field.name] for field in fields(CodeStats)})
