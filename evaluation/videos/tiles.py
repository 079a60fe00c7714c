"""Videos that are grids of tiles, split so that each tile is a video of its own.

Samplers often save many samples as one tiled video, row after row. The pixels are those of the
tiled file: a .gif has lost colours and an .mp4 has lost more, which `medium` states.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from torch import Tensor

from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.videos.source import VideoSource, WrappedVideos, frame_rates

HELD_BYTES = 512 * 2**20  # of tiled frames that are cached, since every tile reads them
PIECE_BYTES = HELD_BYTES // 4  # of tiled frames that are read at one time


@dataclass(frozen=True)
class TileGrid:
    """How tiles are arranged in a frame; None: computed from the frame's size and the rest.

    Args:
        rows, cols: number of tiles below and beside each other.
        tile: side of a square tile, in pixels.
        padding: pixels between tiles.
        lead: pixels before the first tile. None: `padding` before the first and after the last
            (torchvision's `make_grid`). VideoGPT's `save_video_grid`, used by TATS and Latte, has
            0, and all of them after the last.
        count: number of tiles that are videos; later ones are blank. None: all.
    """

    rows: int | None = None
    cols: int | None = None
    tile: int | None = None
    padding: int = 0
    lead: int | None = None
    count: int | None = None

    def boxes(self, name: str, height: int, width: int) -> list["Box"]:
        """The boxes of the tiles in a frame of this size, row after row.

        Raises:
            BadVideoError: the size does not fit, or the number of tiles is not known.
        """
        rows, tile_height = self._along(name, height, self.rows, "rows")
        cols, tile_width = self._along(name, width, self.cols, "cols")
        lead = self.padding if self.lead is None else self.lead
        boxes = [
            Box(
                row,
                col,
                lead + row * (tile_height + self.padding),
                lead + col * (tile_width + self.padding),
                tile_height,
                tile_width,
            )
            for row in range(rows)
            for col in range(cols)
        ]
        if self.count is not None and self.count > len(boxes):
            raise BadVideoError(name, f"has {len(boxes)} tiles; count={self.count} was given")
        return boxes[: self.count]

    def _along(self, name: str, pixels: int, tiles: int | None, what: str) -> tuple[int, int]:
        """Number of tiles along one side, and their size."""
        inner = pixels - self.padding
        if tiles is None:
            if self.tile is None:
                raise BadVideoError(name, f"is a grid of unknown tiles: give {what}= or tile=")
            tiles = max(1, inner // (self.tile + self.padding))
        size = self.tile or inner // tiles - self.padding
        if size < 1 or tiles * (size + self.padding) != inner:
            raise BadVideoError(
                name,
                f"{pixels} pixels do not divide into {tiles} {what} of {size} with {self.padding} "
                "of padding around: give rows=, cols=, tile= and padding= as they were made; a "
                "picture that an encoder has stretched cannot be taken apart without loss",
            )
        return tiles, size


@dataclass(frozen=True)
class Box:
    """A tile: its row and column, and its upper left corner and size in pixels."""

    row: int
    col: int
    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Tiles(WrappedVideos):
    """Every tile of every video of another source, named "VIDEO/r0c3"; `tiles_of` makes it.

    Args:
        boxes: of each tile, in the frames of its video.
    """

    boxes: Sequence[Box]
    _held: "_Held" = field(default_factory=lambda: _Held())

    @cached_property
    def names(self) -> Sequence[str]:
        """The tiled video, row and column; padded with zeros, so that they sort row after row."""
        digits = len(str(max(max(box.row, box.col) for box in self.boxes)))
        return [
            f"{self.base.names[video]}/r{box.row:0{digits}d}c{box.col:0{digits}d}"
            for video, box in zip(self.indices, self.boxes, strict=True)
        ]

    @property
    def notes(self) -> Sequence[str]:
        """How many tiles of how many videos, then the base's."""
        tiled = len(self.base.names)
        of = "1 tiled video" if tiled == 1 else f"{tiled} tiled videos"
        return (f"{len(self.boxes):,} tiles of {of}", *self.base.notes)

    def sizes(self) -> Sequence[tuple[int, int]]:
        """Height and width of the tiles."""
        return [(box.height, box.width) for box in self.boxes]

    def rates(self) -> Sequence[float | None]:
        """Those of the tiled videos."""
        rates = frame_rates(self.base)
        return [rates[video] for video in self.indices]

    def digest(self, index: int) -> str:
        """Hex SHA-256 of the tiled video's digest and the tile's place in it."""
        box = self.boxes[index]
        whole = self.base.digest(self.indices[index])
        facts = f"tile {whole} {box.top} {box.left} {box.height} {box.width}"
        return hashlib.sha256(facts.encode()).hexdigest()

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """The tile's part of the frames: uint8 [len(frames),3,H,W]."""
        box = self.boxes[index]
        whole = self._held.read(self.base, self.indices[index], tuple(frames))
        part = whole[..., box.top : box.top + box.height, box.left : box.left + box.width]
        return part.clone()

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """The tile's part of each frame: uint8 [3,H,W]; whole frames are kept in pieces."""
        height, width = self.base.sizes()[self.indices[index]]
        at_once = max(1, PIECE_BYTES // (3 * height * width))
        for start in range(0, len(frames), at_once):
            yield from self.read(index, frames[start : start + at_once])


def tiles_of(base: VideoSource, grid: TileGrid, name: str) -> Tiles:
    """Take tiled videos apart.

    Args:
        base: the tiled videos.
        grid: how their tiles lie.
        name: of the source that results.

    Raises:
        BadVideoError: a video is of a size that the grid does not fit.
        InputError: there are no tiles.
    """
    found = [
        (video, box)
        for video, (height, width) in enumerate(base.sizes())
        for box in grid.boxes(base.names[video], height, width)
    ]
    if not found:
        raise InputError(f"{name}: no tiles")
    return Tiles(base, [video for video, _ in found], name, [box for _, box in found])


@dataclass
class _Held:
    """The frames of tiled videos that were read last, up to HELD_BYTES."""

    reads: OrderedDict[tuple[int, tuple[int, ...]], Tensor] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, base: VideoSource, video: int, frames: tuple[int, ...]) -> Tensor:
        with self.lock:  # other threads wait: they would decode the same frames
            key = (video, frames)
            if key not in self.reads:
                self.reads[key] = base.read(video, frames)
            self.reads.move_to_end(key)
            found = self.reads[key]
            while sum(map(Tensor.numel, self.reads.values())) > HELD_BYTES:
                self.reads.popitem(last=False)
            return found
