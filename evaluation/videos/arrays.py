"""Layout of array files: .npy and .npz with [T,H,W,3], [T,3,H,W] or N of them; tensors in .pt.

[N,3,T,H,W] is read where no other reading fits. An array [3,T,H,W] could also be three grey videos,
and is refused; a tensor of a .pt file (`evaluation.videos.tensor_files`) may have this shape.

Levels are uint8. Floats are a generator's output in [-1,1] and become levels by the rule that the
protocol names; both published rules clamp, so values outside are clamped here too, with a note.
Floats that the user states to be in [0,1] are read as 2x-1 (`evaluation.videos.float_range`).
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.files.given_files import listed, shortened
from leo_bench.evaluation.videos.array_files import Array, Header
from leo_bench.evaluation.videos.float_range import NAMES, FloatRange
from leo_bench.evaluation.videos.stored import Layout, Place, Stored, check_caps, stat_state

SUFFIXES = frozenset({"npy", "npz"})

MAX_VIDEOS = 1_000_000  # of one array: videos of 0 frames would not be bounded by its size

_EXPECTED = "expected [T,H,W,3], [T,3,H,W], [N,T,H,W,3], [N,T,3,H,W] or [N,3,T,H,W]"
_COLOURS = {"arrays": (1, 3), "tensors": (0, 1, 3)}  # axes that may hold the colours

Quantise = Literal["round", "truncate"]


def _round(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """x*127.5 + 128, clamped, truncated: generator mode of universome/stylegan-v@3fecd69."""
    levels: Array = np.clip(values * np.float32(127.5) + 128, 0, 255)
    return levels.astype(np.uint8)


def _truncate(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Clamped to [-1,1], (x+1)/2*255, truncated: sihyun-yu/digan@e822320."""
    levels: Array = (np.clip(values, -1, 1) + 1) / 2 * 255
    return levels.astype(np.uint8)


RULES: dict[Quantise, Callable[[NDArray[np.float32]], NDArray[np.uint8]]] = {
    "round": _round,
    "truncate": _truncate,
}


class Reader(Protocol):
    """Reads arrays by file and key: `ArrayReader`, `TensorReader`."""

    library: str  # and its version

    def headers(self, path: Path) -> dict[str, Header]:
        """The headers of a file's arrays by key; "" is the key of an array without a name."""

    def confirm(self, path: Path, key: str) -> None:
        """Raise if the file's own checksum of an array differs."""

    def array(self, path: Path, key: str) -> Array:
        """One array, memory-mapped where possible."""


class ArrayFiles(Layout):
    """Videos in array files; an .npy and an uncompressed .npz are memory-mapped, never loaded.

    Args:
        quantise: how floats become levels; None refuses them.
        files: reads the files.
        kind: "arrays" or "tensors"; tensors may have the colours first: [3,T,H,W].
        stated: the range of floats that the user states; None: [-1,1].
    """

    def __init__(
        self,
        quantise: Quantise | None,
        files: Reader,
        kind: Literal["arrays", "tensors"],
        stated: FloatRange | None = None,
    ) -> None:
        self.kind: str = kind
        self._quantise = quantise
        self._files = files
        # 2x-1 in float32, as the user would have stored it.
        self._from_unit = stated == "01"
        unit = f" of {NAMES['01']}" if self._from_unit else ""
        self.decoder = f"{files.library}, floats: {quantise or 'refused'}{unit}"
        # Digests of float arrays depend on the rule that makes levels of them.
        self._rule_text = rule_text(quantise, stated)
        self.reading = f"{kind} {self._rule_text}"

    def places(self, name: str, path: Path) -> list[Place]:
        """The place of each video of a file, or one place if the file cannot be read.

        Args:
            name: of the file in its source; "" where the file is the source.
            path: the file.
        """
        try:
            with _damage_named(name):
                stat = path.stat()
                state, newest = stat_state(stat), stat.st_mtime_ns
                return [
                    Place(own or path.name, str(path), str(part), state, newest)
                    for own, part in self._parts(name, path)
                ]
        except BadVideoError:
            return [Place(name or path.name, str(path))]  # `scan` raises the error

    def scan(self, place: Place) -> Stored:
        """See Layout.scan."""
        with _damage_named(place.name):
            if not place.inner:
                parts = list(self._parts("", place.path))
                raise ValueError(f"has changed while it was opened: {len(parts)} videos now")
            part = Part.parse(place.inner)
            self._files.confirm(place.path, part.key)
            stored = part.rows(self._files.array(place.path, part.key))
            video = part.colours_last(stored)
            count, height, width, _ = video.shape
            check_caps(place.name, count, height, width)
            if stored.dtype != np.uint8:
                self._rule(stored.dtype)
            digest, span = digest_and_span(stored, self._rule_text)
        return Stored(
            name=place.name,
            file=place.file,
            inner=place.inner,
            frames=count,
            height=height,
            width=width,
            codecs=(place.path.suffix[1:].lower(),),
            digest=digest,
            notes=tuple(_left_out(self._files.headers(place.path))),
            span=span,
        )

    def each_frame(self, video: Stored, frames: Sequence[int]) -> Iterator[Tensor]:
        """See Layout.each_frame."""
        with _damage_named(video.name):
            part = Part.parse(video.inner)
            stored = part.colours_last(part.rows(self._files.array(video.path, part.key)))
            if stored.shape != (video.frames, video.height, video.width, 3):
                raise ValueError(f"has another shape than at opening: {list(stored.shape)}")
            for number in frames:
                levels = self._levels(stored[number]).transpose(2, 0, 1)
                yield torch.from_numpy(levels.copy(order="C"))

    def _parts(self, name: str, path: Path) -> Iterator[tuple[str, "Part"]]:
        return _parts(name, self._files.headers(path), _COLOURS[self.kind])

    def _levels(self, frame: Array) -> NDArray[np.uint8]:
        if frame.dtype == np.uint8:
            return frame
        return levels(frame, self._rule(frame.dtype), self._from_unit)

    def _rule(self, dtype: np.dtype[Any]) -> Quantise:
        if dtype.kind != "f":
            raise ValueError(f"holds {dtype}; read are uint8, and floats in [-1,1]")
        if self._quantise is None:
            raise ValueError(
                f"holds {dtype}: say how it becomes levels, by 'round' (StyleGAN-V) or 'truncate'"
                " (DIGAN)"
            )
        return self._quantise


def levels(values: Array, rule: Quantise, from_unit: bool) -> NDArray[np.uint8]:
    """Floats in [-1,1], or in [0,1] if `from_unit`, as levels; of any shape."""
    floats = values.astype(np.float32)
    return RULES[rule](2 * floats - 1 if from_unit else floats)


def rule_text(quantise: Quantise | None, stated: FloatRange | None) -> str:
    """What the digest of floats holds besides their values: how they become levels."""
    return f"{quantise} 01" if stated == "01" else f"{quantise}"


def digest_and_span(stored: Array, rule: str) -> tuple[str, tuple[float, float] | None]:
    """Hex SHA-256 of a video as stored, [T,...], and the span of its floats; None: levels.

    One frame is copied at a time, and none that lies in memory in one piece.

    Args:
        stored: uint8 or floats.
        rule: `rule_text`, which the digest of floats holds too.

    Raises:
        ValueError: a value is NaN or infinite.
    """
    digest = hashlib.sha256(f"{stored.shape} {stored.dtype.str}".encode())
    for frame in stored:
        digest.update(np.ascontiguousarray(frame).data)
    if stored.dtype == np.uint8:
        return digest.hexdigest(), None
    span = span_of(stored)
    digest.update(f" {rule}".encode())
    return digest.hexdigest(), span


def span_of(frames: Array) -> tuple[float, float]:
    """The smallest and the largest value of a video's floats, [T,...], a frame at a time.

    Raises:
        ValueError: a value is NaN or infinite.
    """
    lows, highs = zip(*((float(f.min()), float(f.max())) for f in frames), strict=True)
    if not all(map(math.isfinite, lows + highs)):
        raise ValueError("holds NaN or infinite values")
    return min(lows), max(highs)


@dataclass(frozen=True)
class Part:
    """One video of a file: its array, its row in the array, and its axis of colours."""

    key: str  # array of an .npz; "" in an .npy
    row: int | None  # of an [N,...] array; None where the array is one video
    colours: int  # axis of [3,T,H,W], [T,3,H,W] or [T,H,W,3]: 0, 1 or 3

    def __str__(self) -> str:
        return f"{self.key}|{'' if self.row is None else self.row}|{self.colours}"

    @classmethod
    def parse(cls, text: str) -> "Part":
        """The inverse of `str`."""
        key, row, colours = text.rsplit("|", 2)
        return cls(key, int(row) if row else None, int(colours))

    def rows(self, array: Array) -> Array:
        """The video in its array, as stored, [T,...]."""
        return array if self.row is None else array[self.row]

    def colours_last(self, video: Array) -> Array:
        """[T,H,W,3], a view."""
        return np.moveaxis(video, self.colours, 3)


def _parts(
    name: str, headers: dict[str, Header], colours: Sequence[int]
) -> Iterator[tuple[str, Part]]:
    """(name, part) of every video of a file; arrays of fewer than 4 axes are no videos."""
    shapes = {key: header.shape for key, header in headers.items() if len(header.shape) >= 4}
    if not shapes or any(len(shape) == 5 and shape[0] == 0 for shape in shapes.values()):
        raise ValueError(f"holds no video; {_EXPECTED}")
    for key, shape in shapes.items():
        axes = [axis for axis in colours if shape[-4:][axis] == 3]
        if not axes and len(shape) == 5 and shape[1] == 3:
            axes = [0]
        if len(shape) > 5 or len(axes) != 1:
            raise ValueError(f"an array of shape {list(shape)[:8]} is unclear; {_EXPECTED}")
        if len(shape) == 5 and shape[0] > MAX_VIDEOS:
            raise ValueError(f"{shape[0]:,} videos in one array; at most {MAX_VIDEOS:,} are read")
        base = [part for part in (name, key if len(shapes) > 1 else "") if part]
        if len(shape) == 4:
            yield "/".join(base), Part(key, None, axes[0])
        for row in range(shape[0] if len(shape) == 5 else 0):
            yield "/".join([*base, f"{row:06d}"]), Part(key, row, axes[0])


def _left_out(headers: dict[str, Header]) -> list[str]:
    others = sorted(key for key, header in headers.items() if len(header.shape) < 4)
    return [f"arrays that are no videos were left out ({listed(others)})"] if others else []


@contextmanager
def _damage_named(name: str) -> Iterator[None]:
    try:
        yield
    except BadVideoError:
        raise
    except Exception as error:  # damage makes NumPy, zipfile, zlib and torch raise many things
        raise BadVideoError(name, shortened(error, 200)) from None
