"""Arrays and tensors in memory as a video source, checked and read as those of files are."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.videos.array_files import Array
from leo_bench.evaluation.videos.arrays import Quantise, digest_and_span, levels, rule_text
from leo_bench.evaluation.videos.float_range import FloatRange, judge_range
from leo_bench.evaluation.videos.source import Medium, Skipped
from leo_bench.evaluation.videos.stored import Stored, check_caps

Video = Tensor | Array  # [T,H,W,3] or [T,3,H,W]

EXPECTED = "[T,H,W,3] or [T,3,H,W]"
FLOATS = ("float16", "float32", "float64")


def medium_of(quantise: Quantise, float_range: FloatRange | None) -> Medium:
    """How tensors become levels, as records state it."""
    unit = " of [0,1]" if float_range == "01" else ""
    decoder = f"torch {torch.__version__}, floats: {quantise}{unit}"
    return Medium("tensors", ("tensor",), decoder, lossy=False)


class TensorVideos:
    """Tensors or arrays by name, [T,3,H,W] or [T,H,W,3], as a source: levels or floats.

    Nothing is copied but the frames that are read, one at a time; of a tensor on another device,
    the frames of one clip. Digests are those of the same values in an array file.

    Args:
        name: of the source.
        videos: uint8, or float16 to float64; they must not change.
        quantise: how floats become levels: "round" as StyleGAN-V, "truncate" as DIGAN.
        float_range: range of the floats, "01" ([0,1]) or "11" ([-1,1]); None: see
            `evaluation.videos.float_range`.

    Raises:
        InputError: another shape or type, NaN, or floats in an unknown range.
    """

    def __init__(
        self,
        name: str,
        videos: Mapping[str, Video],
        quantise: Quantise,
        float_range: FloatRange | None = None,
    ) -> None:
        if not videos:
            raise InputError(f"{name}: holds no video")
        self.name = name
        self.skipped: Sequence[Skipped] = ()
        self._videos = [videos[key] for key in sorted(videos)]
        self._quantise, self._range = quantise, float_range
        self._rule_text = rule_text(quantise, float_range)
        with ThreadPoolExecutor() as pool:  # digests take longer than a GPU takes for the features
            self._stored = list(pool.map(self._described, sorted(videos), self._videos))
        self.notes = judge_range(self._stored, float_range, name)
        self.names = [video.name for video in self._stored]
        self.frame_counts = [video.frames for video in self._stored]
        self.medium = medium_of(quantise, float_range)

    @property
    def spans(self) -> Sequence[tuple[float, float] | None]:
        """The smallest and the largest value of each video's floats; None: levels."""
        return [video.span for video in self._stored]

    def sizes(self) -> Sequence[tuple[int, int]]:
        """Height and width of each video."""
        return [(video.height, video.width) for video in self._stored]

    def rates(self) -> Sequence[float | None]:
        """None for each video: nothing states a frame rate."""
        return [None] * len(self._stored)

    def digest(self, index: int) -> str:
        """Hex SHA-256 of a video's values, and of the rule for floats."""
        return self._stored[index].digest

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """Frames of one video: uint8 [len(frames),3,H,W]."""
        return torch.stack(list(self.each_frame(index, frames)))

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """The same frames one by one, uint8 [3,H,W] each."""
        video = self._videos[index]
        to_rows = (2, 0, 1) if colour_axis(video.shape) == 3 else (0, 1, 2)
        for frame in _frames_of(video, frames):
            if frame.dtype != np.uint8:
                frame = levels(frame, self._quantise, self._range == "01")
            yield torch.from_numpy(frame.transpose(to_rows).copy(order="C"))

    def check_unchanged(self, index: int) -> None:
        """Check that a video has not changed since the source was made.

        Raises:
            InputError: its values have changed.
        """
        found, _ = digest_and_span(_on_cpu(self._videos[index]), self._rule_text)
        if found != self.digest(index):
            raise InputError(f"{self.name}: {self.names[index]}: has changed while it was measured")

    def _described(self, key: str, video: Video) -> Stored:
        try:
            stored = _checked(video)
            axis = colour_axis(stored.shape)
            height, width = stored.shape[1:3] if axis == 3 else stored.shape[2:4]
            check_caps(key, len(stored), height, width)
            digest, span = digest_and_span(stored, self._rule_text)
        except BadVideoError as error:
            raise error.placed(self.name) from None
        except ValueError as error:
            raise BadVideoError(key, str(error)).placed(self.name) from None
        codecs = ("tensor",)
        return Stored(key, self.name, "", len(stored), height, width, codecs, digest, span=span)


def _checked(video: Video) -> Array:
    """The values on the CPU; of a tensor there, the same memory.

    Raises:
        ValueError: another type, or another shape.
    """
    dtype = str(video.dtype).removeprefix("torch.")
    if dtype != "uint8" and dtype not in FLOATS:
        raise ValueError(f"{dtype} {list(video.shape)}; give uint8 0..255, or float16 to float64")
    colour_axis(video.shape)
    return _on_cpu(video)


def colour_axis(shape: Sequence[int]) -> int:
    """Which axis holds the colours: 3 of [T,H,W,3], 1 of [T,3,H,W].

    Raises:
        ValueError: neither, or both.
    """
    axes = [axis for axis in (1, 3) if len(shape) == 4 and shape[axis] == 3]
    if len(axes) == 2:
        raise ValueError(f"ambiguous colour axis: shape {list(shape)}; expected {EXPECTED}")
    if not axes:
        raise ValueError(f"shape {list(shape)[:8]}; expected {EXPECTED}")
    return axes[0]


def _on_cpu(video: Video) -> Array:
    if not isinstance(video, Tensor):
        return video
    try:
        found: Array = video.detach().cpu().numpy()
    except (RuntimeError, TypeError):  # sparse, quantised, conjugate, without values
        raise ValueError("no plain tensor of numbers; give a dense one") from None
    return found


def _frames_of(video: Video, frames: Sequence[int]) -> Iterator[Array]:
    """Frames as they are: views, or of a tensor on another device, copied together."""
    if isinstance(video, Tensor) and video.device.type != "cpu":
        yield from _on_cpu(video[list(frames)])
        return
    values = _on_cpu(video)
    for frame in frames:
        yield values[frame]
