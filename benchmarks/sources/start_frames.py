"""First frames of samples: a picture, a folder of pictures, or the videos of any source.

Elsewhere a folder that directly holds pictures is one video; here each picture is a first frame.
Pictures and videos are rotated as viewers show them; videos to be measured stay as stored.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from leo_bench.benchmarks.sources.broken_videos import NamedVideos, broken_videos_named
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.files.given_files import read_given
from leo_bench.evaluation.videos.frames import (
    MAX_PICTURE_BYTES,
    is_frame,
    read_pictures,
    scan_pictures,
)
from leo_bench.evaluation.videos.pictures import pillow_version
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.evaluation.videos.stored import (
    Layout,
    Place,
    Stored,
    StoredVideos,
    stat_state,
    video_notes,
)
from leo_bench.evaluation.videos.upright import upright, upright_videos

OpenSource = Callable[[str], VideoSource]

_ADVICE = "mend it, or leave it out of the first frames"


class Pictures(Layout):
    """A layout in which every picture file is a video of one frame."""

    kind = "pictures"
    reading = "single pictures"

    def __init__(self) -> None:
        self.decoder = pillow_version()

    def scan(self, place: Place) -> Stored:
        """See Layout.scan."""
        return scan_pictures(place, [(place.path.name, _content(place.path))])

    def each_frame(self, video: Stored, frames: Sequence[int]) -> Iterator[Tensor]:
        """See Layout.each_frame."""
        return read_pictures(video, [video.path.name], frames, lambda _name: _content(video.path))


def open_start_frames(spec: str, open_source: OpenSource) -> VideoSource:
    """Open a picture, a folder of pictures, or a source, upright.

    Errors of broken videos name the source, also when they are read later.

    Raises:
        InputError: there is nothing, or a picture is broken.
    """
    with broken_videos_named(spec, _ADVICE):
        found = upright(_opened(spec, open_source))
    return NamedVideos(found, range(len(found.names)), found.name, advice=_ADVICE)


def _opened(spec: str, open_source: OpenSource) -> VideoSource:
    path = Path(spec).expanduser()
    if path.is_dir():
        inside = sorted(inner for inner in path.iterdir() if is_frame(inner.name))
        return open_pictures(spec, inside) if inside else open_source(spec)
    return (
        open_pictures(spec, [path]) if path.is_file() and is_frame(path.name) else open_source(spec)
    )


def open_pictures(name: str, paths: Sequence[Path]) -> StoredVideos:
    """Picture files, upright, each as a video of one frame with the name of the file.

    Raises:
        BadVideoError: one of them is broken.
    """
    layout = Pictures()

    def scanned(path: Path) -> Stored:
        # For a dangling link `scan` raises the error.
        state = stat_state(path.stat()) if path.exists() else None
        return replace(layout.scan(Place(path.name, str(path))), state=state)

    found = tuple(scanned(path) for path in paths)
    note = f"{len(paths)} pictures"
    notes = video_notes(found)
    stored = StoredVideos(name, layout, found, skipped=(), notes=notes, layout_note=note)
    return upright_videos(stored)


def read_picture(path: Path) -> Tensor:
    """One picture, rotated as viewers show it: uint8 [3,H,W], RGB.

    Raises:
        InputError: there is none, or it is broken.
    """
    return noted_picture(path)[0]


def noted_picture(path: Path) -> tuple[Tensor, list[str]]:
    """The picture of `read_picture`, and notes on it.

    Raises:
        InputError: as `read_picture`.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such picture")
    with broken_videos_named(str(path), "give another picture"):
        found = open_pictures(str(path), [path])
        return found.read(0, [0])[0], [*found.videos[0].notes]


def _content(path: Path) -> bytes:
    try:
        return read_given(path, MAX_PICTURE_BYTES)
    except InputError as error:
        raise BadVideoError(path.name, str(error).removeprefix(f"{path}: ")) from None
