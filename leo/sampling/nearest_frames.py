"""Real first frames in place of drawn ones: the training frame whose code is nearest.

For training runs without a cDDPM, and for comparing motion models alone: the animator renders all
frames from a real one, whichever model drew the codes.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.source import VideoSource, fingerprint
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.data.videos import at_size
from leo_bench.leo.diffusion.gaussian import Key, Sampler


@dataclass(frozen=True)
class NearestFrames:
    """Frames of the training videos, found by their codes; no frame of a held-out video is used.

    Args:
        videos: the training videos.
        codes: of every frame.
        size: side of the returned frames.

    Raises:
        InputError: the codes are of other videos.
    """

    videos: VideoSource
    codes: CodeBook
    size: int

    def __post_init__(self) -> None:
        ours = (list(self.videos.names), list(self.videos.frame_counts))
        if ours != (list(self.codes.names), list(self.codes.lengths)):
            raise InputError(
                f"{self.videos.name}: the run's codes are of other videos; "
                "give those that it was trained on"
            )

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of the videos and of their codes."""
        return hashlib.sha256(
            f"{fingerprint(self.videos)}\0{self.codes.digest}".encode()
        ).hexdigest()

    def draw(self, codes: Tensor, keys: Sequence[Key], sampler: Sampler) -> Tensor:
        """Frames for codes, not normalised, float32 [B,M] -> uint8 [B,3,R,R]; nothing is random.

        Raises:
            BadVideoError: a video cannot be read.
        """
        return torch.cat([self._frame(place) for place in self.places(codes)])

    def places(self, codes: Tensor) -> list[int]:
        """For each code, float32 [B,M], the index of the nearest frame among the book's codes."""
        known = self._training
        near = [(self.codes.codes[known] - code).square().sum(1).argmin() for code in codes]
        return [int(known[found]) for found in near]

    def distances(self, codes: Tensor) -> Tensor:
        """Distance of each code to the nearest frame's code: float32 [B]."""
        off: Tensor = (self.codes.codes[self.places(codes)] - codes).norm(dim=1)
        return off

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(self.codes.lengths))

    @cached_property
    def _training(self) -> Tensor:
        """Indices of the training videos' frames among all: int64 [N]."""
        frames = [
            torch.arange(self._ends[video] - self.codes.lengths[video], self._ends[video])
            for video in self.codes.training
        ]
        return torch.cat(frames)

    def _frame(self, place: int) -> Tensor:
        video = bisect_right(self._ends, place)
        frame = place - (self._ends[video] - self.codes.lengths[video])
        return at_size(self.videos.read(video, [frame]), self.size)
