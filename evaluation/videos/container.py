"""Layout of video files: each file is one video, read through PyAV."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from leo_bench.evaluation.videos.decoding import damage_named
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.evaluation.videos.file_frames import frames_of
from leo_bench.evaluation.videos.seeking import FrameTimes, Listed, frames_at
from leo_bench.evaluation.videos.stored import Layout, Place, Stored

if TYPE_CHECKING:  # importing torch takes seconds, and processes that only scan do without
    from torch import Tensor

SUFFIXES = frozenset(
    {"mp4", "m4v", "mov", "3gp", "mkv", "webm", "avi", "mpg", "mpeg", "gif", "apng", "wmv", "asf"}
    | {"flv", "ts", "m2ts"}  # refused, with the reason (evaluation.videos.whole)
)


class VideoFiles(Layout):
    """Video files, one video each."""

    kind = "video files"
    scans_apart = True

    def __init__(self) -> None:
        import av

        codec, scale = (
            ".".join(map(str, av.library_versions[name])) for name in ("libavcodec", "libswscale")
        )
        self.decoder = f"PyAV {av.__version__} / libavcodec {codec} / libswscale {scale}"
        self.reading = self.decoder  # counts and stamps are what these libraries read

    def scan(self, place: Place) -> Stored:
        """See Layout.scan."""
        with damage_named(place.name):
            digest = file_sha256(place.path)
            found = frames_of(place.path)
        return Stored(
            name=place.name,
            file=place.file,
            inner=place.inner,
            frames=found.count,
            height=found.height,
            width=found.width,
            codecs=(found.codec,),
            digest=digest,
            index=found.times.pack(),
            notes=found.notes,
            rate=found.rate,
            turn=found.turn,
        )

    def each_frame(self, video: Stored, frames: Sequence[int]) -> Iterator["Tensor"]:
        """See Layout.each_frame."""
        import torch

        times = FrameTimes.unpack(video.index)
        file = Listed(video.path, times, video.frames, video.height, video.width)
        with damage_named(video.name), closing(frames_at(file, frames)) as run:
            for pixels in run:
                yield torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))
