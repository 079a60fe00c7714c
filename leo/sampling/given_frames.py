"""Given frames, one a sample: those that samples begin with, and those whose pose they end in."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.data.videos import at_size
from leo_bench.leo.seeds import generator


@dataclass(frozen=True)
class GivenFrames:
    """A frame of each of some videos: number i is of video i, modulo their number.

    Args:
        videos: from which they are taken.
        place: (number, name of the video, its frames) -> which frame, from 0.
    """

    videos: VideoSource
    place: Callable[[int, str, int], int]

    def picture(self, number: int, side: int) -> Tensor:
        """The frame's central square at the model's size: uint8 [3,side,side].

        Raises:
            InputError: the video has no such frame.
            BadVideoError: the video cannot be read.
        """
        video, frame = self._of(number)
        return at_size(self.videos.read(video, [frame]), side)[0]

    def digest(self, number: int) -> str:
        """Digest of the video, the frame in it, and what decodes it.

        Raises:
            InputError: the video has no such frame.
        """
        video, frame = self._of(number)
        return f"{self.videos.digest(video)}:{frame}:{self.videos.medium.decoder}"

    def check_places(self, count: int) -> None:
        """Check that the first `count` numbers have a frame each; none is decoded.

        Raises:
            InputError: a video has no such frame.
        """
        for number in range(min(count, len(self.videos.names))):
            self._of(number)

    def check_unchanged(self, number: int) -> None:
        """Check the video of a number.

        Raises:
            InputError: it has changed since it was opened.
        """
        self.videos.check_unchanged(number % len(self.videos.names))

    def _of(self, number: int) -> tuple[int, int]:
        video = number % len(self.videos.names)
        return video, self.place(number, self.videos.names[video], self.videos.frame_counts[video])


def first_frame(_number: int, _name: str, _frames: int) -> int:
    """Frame 0."""
    return 0


def random_frame(seed: int) -> Callable[[int, str, int], int]:
    """A frame that follows from seed and number."""

    def place(number: int, _name: str, frames: int) -> int:
        return int(torch.randint(frames, (), generator=generator("start frame", seed, number)))

    return place


def frame_number(wanted: int) -> Callable[[int, str, int], int]:
    """Frame `wanted`, from 1, of every video.

    The place raises InputError where a video is shorter.
    """

    def place(_number: int, name: str, frames: int) -> int:
        if wanted > frames:
            raise InputError(f"--to-frame {wanted}: {name} ends at frame {frames}")
        return wanted - 1

    return place
