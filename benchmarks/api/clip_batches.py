"""Batches of clips as a training loop holds them: checked, and opened as videos."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.arrays import Quantise
from leo_bench.evaluation.videos.float_range import FloatRange
from leo_bench.evaluation.videos.source import VideoSource, WrappedVideos
from leo_bench.evaluation.videos.tensors import TensorVideos, colour_axis


@dataclass(frozen=True)
class HeldStill(WrappedVideos):
    """Clips whose owner waits for what is made of them, so that nothing can change them."""

    @classmethod
    def of(cls, base: VideoSource) -> "HeldStill":
        """All videos of a source."""
        return cls(base, range(len(base.names)), base.name)

    def check_unchanged(self, index: int) -> None:
        """Nothing is hashed again."""


def open_batch(
    clips: Tensor, name: str, quantise: Quantise, floats: FloatRange | None
) -> TensorVideos:
    """The clips of a batch as videos of their own.

    Args:
        clips: uint8 0..255 or floats, [B,T,3,H,W] or [B,T,H,W,3], B at least 1.
        name: of the batch, for errors.
        quantise: how the protocol makes levels of floats.
        floats: their range; None: only uint8 is taken.

    Raises:
        InputError: another type, shape or range, or NaN.
    """
    check_batch(clips, name, floats)
    # NumPy has no bfloat16, and every value of it is one of float32.
    plain = clips.float() if clips.dtype == torch.bfloat16 else clips
    return TensorVideos(name, {f"{i:06d}": clip for i, clip in enumerate(plain)}, quantise, floats)


def check_batch(clips: Tensor, name: str, floats: FloatRange | None) -> None:
    """Check type and shape of a batch; it may have no clips.

    Raises:
        InputError: another type or shape.
    """
    if not isinstance(clips, Tensor):
        raise InputError(f"{name}: {type(clips).__name__}; expected a tensor of 5 axes")
    given = f"{name}: {str(clips.dtype).removeprefix('torch.')} {list(clips.shape)}"
    if clips.ndim != 5:
        raise InputError(f"{given}; expected [B,T,3,H,W] or [B,T,H,W,3]")
    try:
        colour_axis(clips.shape[1:])
    except ValueError as error:
        raise InputError(f"{name}: each clip has {error}") from None
    if clips.is_floating_point() and floats is None:
        raise InputError(f"{given}; say value_range=(0, 1) or (-1, 1), or give uint8 levels 0..255")
    if not clips.is_floating_point() and clips.dtype != torch.uint8:
        raise InputError(f"{given}; expected uint8 levels 0..255, or floats with value_range=")


def video_numbers(videos: Tensor | Sequence[int] | None, count: int) -> list[int]:
    """The number of each clip's video, from 0; -1 for each where the caller gives none.

    Raises:
        InputError: not `count` whole numbers from 0.
    """
    if videos is None:
        return [-1] * count
    numbers = torch.as_tensor(videos)
    whole = not numbers.is_floating_point() and numbers.dtype != torch.bool
    if numbers.shape != (count,) or not whole or bool((numbers < 0).any()):
        raise InputError(
            f"videos= has shape {list(numbers.shape)}; expected {count} whole numbers from 0, the "
            "video of each clip"
        )
    return [int(number) for number in numbers.tolist()]
