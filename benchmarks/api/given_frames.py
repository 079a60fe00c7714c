"""Pictures and videos that a caller of a LEO model hands over, as paths or in memory."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from leo_bench.benchmarks.api.sides import ValueRange, float_range
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.tensors import TensorVideos, Video

Given = str | Path | Video  # of an array or tensor, levels or floats


def checked(name: str, given: object, *axes: int) -> Video:
    """An array or a tensor with one of these numbers of axes.

    Raises:
        InputError: something else.
    """
    if not isinstance(given, np.ndarray | Tensor):
        raise InputError(f"{name}: {type(given).__name__}; expected a path, an array or a tensor")
    if given.ndim not in axes:
        numbers = " or ".join(map(str, axes))
        raise InputError(f"{name}: shape {list(given.shape)}; expected {numbers} axes")
    return given


def in_memory(name: str, videos: Sequence[Video], value_range: ValueRange | None) -> TensorVideos:
    """Videos in memory as a source, named by their number.

    Raises:
        InputError: another shape or type; floats of a range that is not stated.
    """
    floats = float_range(value_range)
    if floats is None and any("float" in str(video.dtype) for video in videos):
        raise InputError(f"{name}: floats; say value_range=(0, 1) or (-1, 1), or give uint8 0..255")
    named = {f"{i:06d}": video for i, video in enumerate(videos)}
    return TensorVideos(name, named, "round", floats)
