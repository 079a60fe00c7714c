"""Turns videos and pictures as their files state it, as players and viewers do."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from torch import Tensor

from leo_bench.evaluation.videos.source import Selection, VideoSource
from leo_bench.evaluation.videos.stored import Layout, Place, Stored, StoredVideos, video_notes
from leo_bench.evaluation.videos.turning import applied, not_applied, turned, turned_size


def upright(source: VideoSource) -> VideoSource:
    """The source, with stored videos turned as their files state; rendered ones stay as they are.

    Notes say what was turned. A turned video has another digest than the stored one.
    """
    if isinstance(source, Selection):
        return replace(source, base=upright(source.base))
    return upright_videos(source) if isinstance(source, StoredVideos) else source


def upright_videos(source: StoredVideos) -> StoredVideos:
    """`upright` of stored videos."""
    if not any(video.turn for video in source.videos):
        return source
    as_stored = {video.name: video for video in source.videos}
    videos = tuple(map(_upright, source.videos))
    own = set(video_notes(source.videos))
    notes = [note for note in source.notes if note not in own]
    return replace(
        source,
        layout=_Turning(source.layout, as_stored),
        videos=videos,
        notes=[*notes, *video_notes(videos)],
    )


def _upright(video: Stored) -> Stored:
    if not video.turn:
        return video
    height, width = turned_size(video.height, video.width, video.turn)
    notes = [applied(video.turn) if n == not_applied(video.turn) else n for n in video.notes]
    digest = hashlib.sha256(f"turned {video.turn} {video.digest}".encode()).hexdigest()
    return replace(video, height=height, width=width, digest=digest, notes=tuple(notes), turn="")


class _Turning(Layout):
    """A layout whose frames are turned after they are read.

    Args:
        base: reads them.
        as_stored: the videos by name, as `base` knows them.
    """

    def __init__(self, base: Layout, as_stored: Mapping[str, Stored]) -> None:
        self.kind, self.decoder = base.kind, base.decoder
        self.reading = f"{base.reading}, turned"
        self._base = base
        self._as_stored = as_stored

    def scan(self, place: Place) -> Stored:
        """See Layout.scan."""
        return _upright(self._base.scan(place))

    def each_frame(self, video: Stored, frames: Sequence[int]) -> Iterator[Tensor]:
        """See Layout.each_frame."""
        stored = self._as_stored[video.name]
        for frame in self._base.each_frame(stored, frames):
            yield turned(frame, stored.turn).contiguous()

    def state(self, video: Stored) -> str:
        """See Layout.state."""
        return self._base.state(self._as_stored[video.name])
