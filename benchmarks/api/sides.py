"""What a caller gives as one side of a measurement: folders, sources, arrays, tensors, clips.

Folders and sources go the way of the command line, by `benchmarks.sources.open`. Arrays and tensors
become the source `memory:NAME`, whose clips are named by their number, as those of an .npy file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from leo_bench.benchmarks.scores.plan import Opener, PlannedSide
from leo_bench.benchmarks.sources.locations import paths_source
from leo_bench.benchmarks.sources.open import SourceOptions
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.videos.arrays import MAX_VIDEOS
from leo_bench.evaluation.videos.float_range import FloatRange
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.evaluation.videos.tensors import FLOATS, TensorVideos, Video, colour_axis

Array: TypeAlias = NDArray[Any]
# A folder or a source; clips in one array or tensor, [N,T,H,W,3] or [N,T,3,H,W]; or a list.
Videos: TypeAlias = str | Path | Array | Tensor | Sequence[str | Path] | Sequence[Array | Tensor]
# (0, 1) and "01" for floats in [0,1]; (-1, 1) and "11" for floats in [-1,1].
ValueRange: TypeAlias = FloatRange | tuple[float, float]

RANGES: Mapping[tuple[float, float], FloatRange] = {(0.0, 1.0): "01", (-1.0, 1.0): "11"}


@dataclass(frozen=True)
class GivenSide:
    """One side as a request names it.

    Args:
        spec: the source, as on the command line; "memory:NAME" of videos in memory.
        opener: of videos in memory.
        has_floats: whether videos in memory hold floats.
    """

    spec: str
    opener: Opener | None = None
    has_floats: bool = False


@dataclass(frozen=True)
class GivenSides:
    """Both sides; None for one that was not given."""

    real: GivenSide | None
    fake: GivenSide | None

    @property
    def specs(self) -> dict[str, str | None]:
        """The sources, as requests name them."""
        return {
            name: None if side is None else side.spec
            for name, side in (("real", self.real), ("fake", self.fake))
        }

    @property
    def openers(self) -> dict[str, Opener]:
        """What opens the sources in memory, by their names in the request."""
        both = [side for side in (self.real, self.fake) if side is not None]
        return {side.spec: side.opener for side in both if side.opener is not None}

    def opened_by(self, side: PlannedSide) -> PlannedSide:
        """The planned side, opened from memory where its videos are there."""
        return replace(side, in_memory=self.openers.get(side.spec))

    def in_memory(self, name: str) -> GivenSide | None:
        """The side of this name, "real" or "fake", if its videos are in memory."""
        side = self.real if name == "real" else self.fake
        return None if side is None or side.opener is None else side


def given_side(videos: Videos, side: str, name: str, floats: FloatRange | None) -> GivenSide:
    """The side that a caller gave.

    Args:
        videos: what was given.
        side: "real" or "fake", for errors.
        name: of videos in memory.
        floats: the range that the caller states; None: no floats are accepted.

    Raises:
        InputError: videos that cannot be used; the message names the side and the clip.
    """
    if isinstance(videos, str | Path):
        return GivenSide(_spec(videos, side))
    clips = _clips(videos, side)
    paths = [clip for clip in clips if isinstance(clip, str | Path)]
    if paths and len(paths) == len(clips):
        specs = [_spec(path, side) for path in paths]
        return GivenSide(specs[0] if len(specs) == 1 else paths_source(specs))
    named = {f"{i:06d}": _checked(clip, f"{side} side: clip {i}") for i, clip in enumerate(clips)}
    of_floats = [i for i, clip in enumerate(named.values()) if _dtype(clip) != "uint8"]
    if of_floats and floats is None:
        raise InputError(
            f"{side} side: clip {of_floats[0]} is {_dtype(clips[of_floats[0]])}; say "
            "value_range=(0, 1) or (-1, 1), or give uint8 levels 0..255"
        )

    def opener(options: SourceOptions) -> VideoSource:
        rule = options.files.quantise or "round"
        try:
            return TensorVideos(name, named, rule, floats)
        except BadVideoError as error:  # whoever opens it names the side
            raise BadVideoError(error.video, error.reason) from None

    return GivenSide(f"memory:{name}", opener, has_floats=bool(of_floats))


def float_range(given: ValueRange | None) -> FloatRange | None:
    """The range of floats as requests state it.

    Raises:
        InputError: another range.
    """
    if given is None:
        return None
    said = tuple(given) if isinstance(given, tuple | list) else given
    for ends, name in RANGES.items():
        if isinstance(said, str | tuple) and said in (name, ends):
            return name
    raise InputError(f"value_range={given!r}: expected (0, 1) or (-1, 1), or '01' or '11'")


def _spec(path: str | Path, side: str) -> str:
    """A folder or source in words; a `Path` is never the name of a data set."""
    if isinstance(path, str):
        if not path:
            raise InputError(f"{side} side: is an empty string; give a folder or a source")
        return path
    if not path.exists():
        raise InputError(f"{side} side: {path}: no such file or folder")
    return str(path.absolute() if ":" in str(path) else path)


def _clips(videos: object, side: str) -> Sequence[Any]:
    """The clips of an array, or the elements of a list.

    Raises:
        InputError: neither, or none.
    """
    found: Sequence[Any]
    if isinstance(videos, np.ndarray | Tensor):
        axes = videos.ndim
        if axes not in (4, 5):
            raise InputError(
                f"{side} side: shape {list(videos.shape)}; expected clips [N,T,H,W,3] or "
                "[N,T,3,H,W], or one video of 4 axes"
            )
        found = [videos] if axes == 4 else [videos[i] for i in range(min(len(videos), MAX_VIDEOS))]
    elif isinstance(videos, list | tuple):
        found = videos
    else:
        raise InputError(
            f"{side} side: {type(videos).__name__}; expected a folder, a source, an array, a "
            "tensor, or a list of clips or paths"
        )
    if not len(found):
        raise InputError(f"{side} side: is empty; give 2 clips or more")
    if len(found) >= MAX_VIDEOS:
        raise InputError(f"{side} side: over {MAX_VIDEOS - 1:,} clips; give fewer")
    return found


def _checked(clip: object, where: str) -> Video:
    """One clip, if its type and shape can be read.

    Raises:
        InputError: they cannot.
    """
    if isinstance(clip, str | Path):
        raise InputError(f"{where} is a path among arrays; give paths alone, or arrays alone")
    if not isinstance(clip, np.ndarray | Tensor):
        raise InputError(f"{where} is of type {type(clip).__name__}; expected an array or a tensor")
    if clip.ndim == 5:
        raise InputError(
            f"{where} has shape {list(clip.shape)}, a batch of clips; concatenate the batches"
        )
    dtype = _dtype(clip)
    if dtype == "bfloat16":
        raise InputError(f"{where} is bfloat16; give clips.float()")
    if dtype != "uint8" and dtype not in FLOATS:
        raise InputError(
            f"{where} is {dtype}; expected uint8 levels 0..255, or floats with value_range="
        )
    try:
        colour_axis(clip.shape)
    except ValueError as error:
        hint = ""
        if clip.ndim == 4 and clip.shape[0] == 3 and "ambiguous" not in str(error):
            hint = "; for [N,3,T,H,W] give clips.swapaxes(1, 2), for [3,T,H,W] clip.swapaxes(0, 1)"
        raise InputError(f"{where}: {error}{hint}") from None
    return clip


def _dtype(clip: Video) -> str:
    return str(clip.dtype).removeprefix("torch.")
