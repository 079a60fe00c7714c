"""Videos cropped to a square, around a face or a person as an animator's training data are.

    crop = Cropping(detector, framing)
    videos = CroppedVideos.of(source, crop)
    videos.crop(0).square              # found when it is first needed
    videos.read(0, [0])                # uint8 [1,3,S,S]

A video has one crop for all of its frames, so that a head moves inside a fixed frame. It follows
from the median box over some frames, in which one face or person is followed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from leo_bench.evaluation.embedders.boxes import Box, Detector
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import settings_digest
from leo_bench.evaluation.videos.source import VideoSource, WrappedVideos
from leo_bench.leo.data.squares import Square, cropped, middle_square, square_around
from leo_bench.leo.framing import Framing

VERSION = 1  # raise when the same options give other crops
SEARCHED = 9  # frames of a video that are searched
LARGEST = 1024  # pixels; the longer side of a frame that is searched


@dataclass(frozen=True)
class Crop:
    """The crop of one video.

    Args:
        square: in pixels of its frames.
        frame: the first frame in which somebody was found.
        boxes: all that were found in that frame, from left to right.
        chosen: which of them is followed; None: nobody was looked for.
        box: the median box of the one followed.
        size: height and width of the frames.
    """

    square: Square
    size: tuple[int, int]
    frame: int = 0
    boxes: tuple[Box, ...] = ()
    chosen: int | None = None
    box: Box | None = None

    def facts(self) -> dict[str, object]:
        """For a record: all in pixels of the frames, upright."""
        found: dict[str, object] = {
            "square": {"left": self.square.left, "top": self.square.top, "side": self.square.side},
            "of": {"width": self.size[1], "height": self.size[0]},
        }
        if self.box is not None and self.chosen is not None:
            found["box"] = [round(edge, 1) for edge in self.box]
            found["found"] = len(self.boxes)
            found["from_left"] = self.chosen + 1
        return found

    def kept(self) -> dict[str, object]:
        """All of it, for a file; `Crop.from_kept` reads it."""
        return {
            "square": list(self.square),
            "size": list(self.size),
            "frame": self.frame,
            "boxes": [list(box) for box in self.boxes],
            "chosen": self.chosen,
            "box": None if self.box is None else list(self.box),
        }

    @classmethod
    def from_kept(cls, kept: Mapping[str, Any]) -> "Crop":
        """The crop of `kept`.

        Raises:
            KeyError, TypeError: it is damaged.
        """
        height, width = kept["size"]
        return cls(
            Square(*kept["square"]),
            (height, width),
            kept["frame"],
            tuple(Box(*box) for box in kept["boxes"]),
            kept["chosen"],
            None if kept["box"] is None else Box(*kept["box"]),
        )


class Rule(Protocol):
    """How a crop is chosen: `Cropping`, `MiddleSquare`."""

    @property
    def facts(self) -> Mapping[str, object]:
        """All that a crop follows from, besides the video."""

    @property
    def which(self) -> str:
        """Which of several people is taken, for notes; "" where none is looked for."""

    def crop(self, source: VideoSource, index: int) -> Crop:
        """The crop of one video.

        Raises:
            InputError: nobody is found.
        """


@dataclass(frozen=True)
class MiddleSquare:
    """The middle square of every frame."""

    @property
    def facts(self) -> Mapping[str, object]:
        """See `Rule.facts`."""
        return {"crop": "square"}

    @property
    def which(self) -> str:
        """See `Rule.which`."""
        return ""

    def crop(self, source: VideoSource, index: int) -> Crop:
        """See `Rule.crop`."""
        size = source.sizes()[index]
        return Crop(middle_square(*size), size)


@dataclass(frozen=True)
class Cropping:
    """A crop around a face or a person.

    Args:
        detector: finds them.
        framing: how the box is to lie in the crop.
        number: which of several, from left to right, from 1; None: the largest.
        searched: how many frames of a video are searched, evenly spaced; 1: its first.
        numbered: whether --face can name another, for notes.
    """

    detector: Detector
    framing: Framing
    number: int | None = None
    searched: int = SEARCHED
    numbered: bool = True

    @property
    def facts(self) -> Mapping[str, object]:
        """See `Rule.facts`."""
        return {
            "crop": self.detector.what,
            "number": "largest" if self.number is None else self.number,
            "framing": self.framing.model_dump(),
            "detector": self.detector.name,
            "searched": self.searched,
            "version": VERSION,
        }

    @property
    def which(self) -> str:
        """See `Rule.which`."""
        which = "the largest" if self.number is None else f"number {self.number} from the left"
        advice = "; --face N takes another, numbered from left to right" if self.numbered else ""
        return which + advice

    def crop(self, source: VideoSource, index: int) -> Crop:
        """See `Rule.crop`."""
        what, where = self.detector.what, source.name
        if len(source.names) > 1:
            where = f"{where}: {source.names[index]}"
        count = source.frame_counts[index]
        frames = sorted({i * count // self.searched for i in range(self.searched)})
        first: tuple[int, tuple[Box, ...], int] | None = None
        followed: list[Box] = []
        for at, frame in zip(frames, source.each_frame(index, frames), strict=True):
            boxes = boxes_in(self.detector, frame)
            if not boxes:
                continue
            if not followed:
                chosen = self._chosen(boxes, where)
                first = (at, tuple(boxes), chosen)
                followed.append(boxes[chosen])
                continue
            nearest = max(boxes, key=followed[-1].overlap)
            if followed[-1].overlap(nearest):
                followed.append(nearest)
        if first is None:
            frames_said = f" in {len(frames)} frames" if len(frames) > 1 else ""
            raise NobodyFoundError(
                f"{where}: no {what} found{frames_said}; give one in which a {what} is larger and "
                "upright, crop it yourself, or use --crop square"
            )
        box = Box(*(median(edges) for edges in zip(*followed, strict=True)))
        square = square_around(box, self.framing)
        return Crop(square, source.sizes()[index], *first, box)

    def _chosen(self, boxes: Sequence[Box], where: str) -> int:
        if self.number is None:
            return max(range(len(boxes)), key=lambda i: boxes[i].area)
        if self.number > len(boxes):
            raise InputError(
                f"{where}: --face {self.number}: {len(boxes)} found, numbered from left to right; "
                "give a smaller number, or leave it out for the largest"
            )
        return self.number - 1


class NobodyFoundError(InputError):
    """No face or person is in a video."""


@dataclass(frozen=True)
class CroppedVideos(WrappedVideos):
    """Videos of another source, each cropped to a square of its own.

    Args:
        rule: chooses the crops.
        found: the crops that are known, by index; others are added.
    """

    rule: Rule = MiddleSquare()
    found: dict[int, Crop] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, base: VideoSource, rule: Rule) -> "CroppedVideos":
        """All videos of a source."""
        return cls(base, range(len(base.names)), base.name, rule)

    def crop(self, index: int) -> Crop:
        """The crop of one video; threads may ask at the same time.

        Raises:
            InputError: nobody is found, or the video cannot be read.
        """
        if index not in self.found:
            self.found[index] = self.rule.crop(self.base, self.indices[index])
        return self.found[index]

    @property
    def notes(self) -> Sequence[str]:
        """Those of the base, and `crop_notes`."""
        return (*self.base.notes, *self.crop_notes)

    @property
    def crop_notes(self) -> Sequence[str]:
        """Notes on the crops that are known by now."""
        known = {self.names[i]: self.found[i] for i in sorted(self.found)}
        return [*crop_notes(known, self.rule, one=len(self.names) == 1)]

    def sizes(self) -> Sequence[tuple[int, int]]:
        """Sides of the crops; looks for all of them."""
        return [(self.crop(i).square.side,) * 2 for i in range(len(self.names))]

    def digest(self, index: int) -> str:
        """Of the video and of the rule, so no crop need be known."""
        return settings_digest({"of": super().digest(index), **self.rule.facts})

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """See `VideoSource.read`."""
        return cropped(super().read(index, frames), self.crop(index).square)

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """See `VideoSource.each_frame`."""
        square = self.crop(index).square
        return (cropped(frame, square) for frame in super().each_frame(index, frames))


def boxes_in(detector: Detector, frame: Tensor) -> list[Box]:
    """All boxes in a frame, uint8 [3,H,W], from left to right.

    A frame with a side of more than LARGEST is searched at that size.
    """
    height, width = frame.shape[1:]
    scale = max(height, width) / LARGEST
    if scale <= 1:
        return sorted(detector.boxes(frame))
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    image = Image.fromarray(frame.permute(1, 2, 0).contiguous().numpy())
    smaller = torch.from_numpy(np.array(image.resize(size, Image.Resampling.BILINEAR)))
    across, down = width / size[0], height / size[1]
    return sorted(
        Box(box.left * across, box.top * down, box.right * across, box.bottom * down)
        for box in detector.boxes(smaller.permute(2, 0, 1))
    )


def crop_notes(crops: Mapping[str, Crop], rule: Rule, *, one: bool) -> Iterator[str]:
    """Notes on pictures with several people, and on crops that reach beyond the picture.

    Args:
        crops: by the name of the video.
        rule: chose them.
        one: the source has one video, so its name is not said.
    """
    several = {name: len(crop.boxes) for name, crop in crops.items() if len(crop.boxes) > 1}
    if several:
        name = max(several, key=lambda name: several[name])
        yield (
            f"{_named(name, one)}{several[name]} found where one {rule.facts['crop']} is used"
            f"{_alike(len(several))}: {rule.which}"
        )
    beyond = {name: out for name, crop in crops.items() if (out := crop.square.outside(*crop.size))}
    if beyond:
        share = {name: sum(out.values()) / crops[name].square.side for name, out in beyond.items()}
        name = max(share, key=lambda name: share[name])
        parts = " and ".join(f"{pixels} at the {edge}" for edge, pixels in beyond[name].items())
        side = crops[name].square.side
        yield (
            f"{_named(name, one)}the crop of {side}x{side} reaches beyond the picture (by {parts}),"
            f" where its edge is repeated{_alike(len(beyond))}"
        )


def _named(name: str, one: bool) -> str:
    return "" if one else f"{name}: "


def _alike(count: int) -> str:
    return f" (likewise in {count - 1} more)" if count > 1 else ""
