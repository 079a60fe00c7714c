"""Tensors in memory as a video source, checked and read as those of files are."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.arrays import Quantise, levels, span_of
from leo_bench.evaluation.videos.float_range import FloatRange, judge_range
from leo_bench.evaluation.videos.source import Medium, Skipped, read_in_pieces
from leo_bench.evaluation.videos.stored import Stored, check_caps


class TensorVideos:
    """A source of tensors [T,3,H,W] by name: uint8, or a generator's floats.

    Args:
        name: of the source.
        videos: the tensors; they are not copied, and must not change.
        quantise: how floats become levels: "round" as StyleGAN-V, "truncate" as DIGAN.
        float_range: range of the floats, "01" ([0,1]) or "11" ([-1,1]); None: see
            `evaluation.videos.float_range`.

    Raises:
        InputError: another shape or type, NaN, or floats in an unknown range.
    """

    def __init__(
        self,
        name: str,
        videos: Mapping[str, Tensor],
        quantise: Quantise,
        float_range: FloatRange | None = None,
    ) -> None:
        if not videos:
            raise InputError(f"{name}: holds no video")
        self.name = name
        self.skipped: Sequence[Skipped] = ()
        self._tensors = [videos[key] for key in sorted(videos)]
        self._rule, self._from_unit = quantise, float_range == "01"
        self._stored = [self._described(key, videos[key]) for key in sorted(videos)]
        self.notes = judge_range(self._stored, float_range, name)
        self.names = [video.name for video in self._stored]
        self.frame_counts = [video.frames for video in self._stored]
        unit = " of [0,1]" if self._from_unit else ""
        decoder = f"torch {torch.__version__}, floats: {quantise}{unit}"
        self.medium = Medium("tensors", ("tensor",), decoder, lossy=False)

    def sizes(self) -> Sequence[tuple[int, int]]:
        """Height and width of each video."""
        return [(video.height, video.width) for video in self._stored]

    def digest(self, index: int) -> str:
        """Hex SHA-256 of a video's values and of the rule for floats."""
        return self._stored[index].digest

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """The same frames one by one."""
        return read_in_pieces(self, index, frames)

    def check_unchanged(self, index: int) -> None:
        """Check that a video has not changed since the source was made.

        Raises:
            InputError: its values have changed.
        """
        found = self._described(self.names[index], self._tensors[index])
        if found.digest != self.digest(index):
            raise InputError(f"{self.name}: {self.names[index]}: has changed while it was measured")

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """Frames of one video: uint8 [len(frames),3,H,W]."""
        chosen = self._tensors[index][list(frames)].detach().cpu().contiguous()
        if chosen.dtype == torch.uint8:
            return chosen
        return torch.from_numpy(levels(chosen.numpy(), self._rule, self._from_unit))

    def _described(self, key: str, video: Tensor) -> Stored:
        floats = video.dtype in (torch.float16, torch.float32, torch.float64)
        if video.dim() != 4 or video.shape[1] != 3 or not (floats or video.dtype == torch.uint8):
            dtype = str(video.dtype).removeprefix("torch.")
            raise InputError(
                f"{self.name}: {key}: {dtype} {list(video.shape)}; expected uint8, or float16 to "
                "float64, [T,3,H,W]"
            )
        count, _, height, width = video.shape
        check_caps(key, count, height, width)
        values = video.detach().cpu().contiguous().numpy()
        digest = hashlib.sha256(f"{values.shape} {values.dtype.str}".encode())
        digest.update(values.data)
        span = None
        if floats:
            digest.update(f" {self._rule} {'01' if self._from_unit else '11'}".encode())
            try:
                span = span_of(values)
            except ValueError as error:
                raise InputError(f"{self.name}: {key}: {error}") from None
        path = Path(self.name)
        return Stored(
            key, path, "", count, height, width, ("tensor",), digest.hexdigest(), span=span
        )
