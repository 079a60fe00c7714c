"""`leo-bench animate`: animates a picture by a driving video, a few frames at a time."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.lib import format as npy
from PIL import Image
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Progress
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.data.cropping import CroppedVideos
from leo_bench.leo.models.animator import ImageAnimator, relative
from leo_bench.leo.sampling.continuation import Continuation

FPS = 25.0  # where the driving video states no rate: folders of frames, arrays
_FRAMES = 16  # batch size


@dataclass(frozen=True)
class Picture:
    """The picture to animate.

    Args:
        name: for notes, such as its path.
        pixels: uint8 [3,H,W].
        notes: on its file.
    """

    name: str
    pixels: Tensor
    notes: Sequence[str]


@dataclass(frozen=True)
class Animation:
    """A source picture and a driving video, opened.

    Args:
        animator: of the checkpoint.
        source: the picture, uint8 [3,H,H], at the animator's size.
        driving: a source with one video.
        relative: transfer only the motion relative to the first driving frame.
        notes: notes on the checkpoint, the picture and the video.
        fps: frames a second of the driving video; FPS where it states none.
        continuation: motion that is drawn after the driving video; None: none.
        crops: picture and driving video, where they are cropped.
    """

    animator: ImageAnimator
    source: Tensor
    driving: VideoSource
    relative: bool
    notes: list[str]
    fps: float = FPS
    continuation: Continuation | None = None
    crops: Sequence[CroppedVideos] = ()

    @property
    def count(self) -> int:
        """Number of frames."""
        return self._driven + (
            0 if self.continuation is None else self.continuation.sampling.frames
        )

    @property
    def _driven(self) -> int:
        return self.driving.frame_counts[0]

    def frames(self, progress: Progress | None = None) -> Iterator[Tensor]:
        """The animated frames, float32 [3,H,H] each, about -1..1, in constant memory.

        With a continuation, the codes of the driving video are kept, too.

        `progress` is called with (frames done, frames in all).

        Raises:
            BadVideoError: the driving video cannot be decoded to its end.
        """
        look, done = self.animator.appearance(self.source), 0
        for codes in self.codes():
            yield from self.animator.frames(look, codes)
            done += len(codes)
            if progress is not None:
                progress(done, self.count)

    def codes(self) -> Iterator[Tensor]:
        """Codes of all frames, float32 [n,M] each, n at most _FRAMES."""
        own = self.animator.codes(self.source[None])[0] if self.relative else None
        start: Tensor | None = None
        driven = []
        for begin in range(0, self._driven, _FRAMES):
            indices = range(begin, min(begin + _FRAMES, self._driven))
            stored = self.driving.each_frame(0, indices)
            frames = [_resized(frame, self.animator.size) for frame in stored]
            codes = self.animator.codes(torch.stack(frames))
            if own is not None:
                start = codes[0] if start is None else start
                codes = relative(codes, start, own)
            yield codes
            if self.continuation is not None:
                driven.append(codes)
        if self.continuation is not None:
            for drawn in self.continuation.after(torch.cat(driven)):
                yield from torch.split(drawn, _FRAMES)


def animation_of(
    animator: ImageAnimator, picture: Picture, driving: VideoSource, *, relative: bool
) -> Animation:
    """The animation of a picture by a source with one video, both resized to the animator's size.

    The frame rate is FPS.
    """
    (height, width), side = driving.sizes()[0], animator.size
    given = [
        (picture.name, picture.pixels.shape[1], picture.pixels.shape[2]),
        (driving.name, height, width),
    ]
    return Animation(
        animator,
        _resized(picture.pixels, side),
        driving,
        relative,
        [
            *(f"{picture.name}: {note}" for note in picture.notes),
            *(f"{driving.name}: {note}" for note in driving.notes),
            *(_resizing(*one, side) for one in given if one[1:] != (side, side)),
        ],
    )


def write_floats(path: Path, animation: Animation, progress: Progress) -> int:
    """Write frames as the network returns them to an .npy file, float32 [T,3,H,W].

    Returns:
        The number of frames.

    Raises:
        InputError: the file cannot be written.
    """
    side = animation.animator.size
    header = {"shape": (animation.count, 3, side, side), "fortran_order": False, "descr": "<f4"}
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            npy.write_array_header_1_0(file, header)
            for frame in animation.frames(progress):
                file.write(np.ascontiguousarray(frame.numpy(), dtype="<f4").data)
        unfinished.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        unfinished.unlink(missing_ok=True)
    return animation.count


def _resizing(name: str, height: int, width: int, side: int) -> str:
    """A note on what `_resized` does to frames of this size."""
    how = f"to {side}x{side} by Pillow's bicubic"
    if height == width:
        return f"{name}: {width}x{height} is resized {how}"
    narrow = "width" if width > height else "height"
    share = 1 - min(height, width) / max(height, width)
    lost = f"{share:.0%}".replace("%", " %")
    return (
        f"{name}: {width}x{height} is stretched {how}: nothing is cut off, but its {narrow} "
        f"shrinks by {lost} against the other side; crop it to a square first to keep its shape"
    )


def _resized(frame: Tensor, side: int) -> Tensor:
    """uint8 [3,H,W] -> uint8 [3,side,side], both sides stretched by Pillow's bicubic.

    As LIA's demo resizes the picture, `img.resize((size, size))` (wyhsirius/LIA@b9f15fb,
    run_demo.py:25). That demo does not resize driving videos.
    """
    if frame.shape[1:] == (side, side):
        return frame
    image = Image.fromarray(frame.permute(1, 2, 0).numpy())
    resized = np.array(image.resize((side, side), Image.Resampling.BICUBIC))
    return torch.from_numpy(resized).permute(2, 0, 1)
