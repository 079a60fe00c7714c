"""From the media files of one kind, or of kinds that go together, to the places of their videos."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.archive import ZippedFrames
from leo_bench.evaluation.videos.array_files import ArrayReader
from leo_bench.evaluation.videos.arrays import ArrayFiles, Quantise
from leo_bench.evaluation.videos.container import VideoFiles
from leo_bench.evaluation.videos.float_range import FloatRange
from leo_bench.evaluation.videos.frames import (
    FrameFolders,
    FrameOrder,
    folder_place,
    nested_folders,
)
from leo_bench.evaluation.videos.listing import Found, Kind, Listing
from leo_bench.evaluation.videos.series import FrameChoice, check_series
from leo_bench.evaluation.videos.source import MIXED
from leo_bench.evaluation.videos.stored import Layout, Place, Stored
from leo_bench.evaluation.videos.tensor_files import TensorReader
from leo_bench.evaluation.videos.torchcodec_files import CONCEALED, TorchCodecFiles

DecoderName = Literal["pyav", "torchcodec"]  # of video files


@dataclass(frozen=True)
class Discovery:
    """The places of videos, and the layout that reads them."""

    layout: Layout
    places: list[Place]  # sorted by name
    layout_note: str
    notes: list[str]


@dataclass(frozen=True)
class Forms:
    """How files are read; see `discover.OpenOptions`."""

    frame_order: FrameOrder
    choice: FrameChoice
    quantise: Quantise | None
    float_range: FloatRange | None
    decoder: DecoderName = "pyav"


class MixedLayout(Layout):
    """Video files and zips of frames, told by the suffix of each."""

    def __init__(self, files: Layout, zips: ZippedFrames) -> None:
        self.kind = f"{MIXED}{files.kind}, {zips.kind}"
        self.decoder = f"{files.decoder}, {zips.decoder}"
        self.reading = f"{files.reading}, {zips.reading}"
        self._files, self._zips = files, zips

    def scan(self, place: Place) -> Stored:
        """See Layout.scan."""
        return self._of(place.path).scan(place)

    def each_frame(self, video: Stored, frames: Sequence[int]) -> Iterator[Tensor]:
        """See Layout.each_frame."""
        return self._of(video.path).each_frame(video, frames)

    def state(self, video: Stored) -> str:
        """See Layout.state."""
        return self._of(video.path).state(video)

    def _of(self, path: Path) -> Layout:
        return self._zips if path.suffix.lower() == ".zip" else self._files


def of_one_kind(root: Path, listing: Listing, kind: Kind, forms: Forms) -> Discovery:
    """The videos of a listing whose files are of one kind.

    Raises:
        InputError: they are no videos, or several series of pictures are in one folder.
    """
    if kind == "video file":
        return _video_files(root, listing, forms)
    if kind == "frame":
        return _frame_folders(root, listing, forms)
    if kind == "zip file":
        return (
            _zip_files(root, listing, forms) if root.is_dir() else _zip_file(root, listing, forms)
        )
    return _array_files(root, listing, kind, forms)


def of_files_and_zips(root: Path, listing: Listing, forms: Forms) -> Discovery:
    """Video files, and zips of frames that are one video each.

    Raises:
        InputError: a zip holds several videos, or has the name of a video file.
    """
    files, zips = _video_files(root, listing, forms), _zip_files(root, listing, forms)
    stems = {_stem(place.name): place.name for place in files.places}
    for place in zips.places:
        if (other := stems.get(_stem(place.name))) is not None:
            raise InputError(
                f"{root}: {other} and {place.name} may be one video twice: choose the one kind as "
                f"--only {other.rpartition('.')[2].lower()}, or the other as --only zip"
            )
    return Discovery(
        MixedLayout(files.layout, _zips(forms)),
        [*files.places, *zips.places],
        f"{files.layout_note}, {zips.layout_note}",
        list(dict.fromkeys([*files.notes, *zips.notes, "video files and zips of frames together"])),
    )


def _video_files(root: Path, listing: Listing, forms: Forms) -> Discovery:
    files = listing.files["video file"]
    folders = len({found.name.rpartition("/")[0] for found in files})
    note = f"{_count(len(files), 'video file')} in {_count(folders, 'folder')}"
    suffixes = listing.suffixes("video file")
    places, notes = _places(root, files), listing.notes()
    if forms.decoder == "torchcodec":
        notes = [*notes, CONCEALED]
        return Discovery(TorchCodecFiles(), places, f"{note} ({suffixes})", notes)
    return Discovery(VideoFiles(), places, f"{note} ({suffixes})", notes)


def _frame_folders(root: Path, listing: Listing, forms: Forms) -> Discovery:
    if root.is_file():
        raise InputError(f"{root}: one picture is no video; give the folder of its frames")
    by_folder: dict[str, list[tuple[str, str | None, int]]] = defaultdict(list)
    for found in listing.files["frame"]:
        folder, _, name = found.name.rpartition("/")
        by_folder[folder].append((name, found.state, found.newest_ns))
    if nested := nested_folders(by_folder):
        raise InputError(f"{root}: {nested}")
    odd = check_series(
        {folder: [name for name, *_ in inside] for folder, inside in by_folder.items()}, str(root)
    )
    places = [
        folder_place(folder or root.name, str(root / folder), inside)
        for folder, inside in by_folder.items()
    ]
    note = f"{_count(len(places), 'folder')} of frames ({listing.suffixes('frame')})"
    layout = FrameFolders(forms.frame_order, forms.choice, root)
    return Discovery(layout, places, note, [*listing.notes(), *odd])


def _array_files(root: Path, listing: Listing, kind: Kind, forms: Forms) -> Discovery:
    files = listing.files[kind]
    layout = (
        ArrayFiles(forms.quantise, ArrayReader(), "arrays", forms.float_range)
        if kind == "array file"
        else ArrayFiles(forms.quantise, TensorReader(), "tensors", forms.float_range)
    )
    places = [
        place
        for found in files
        for place in layout.places("" if root.is_file() else found.name, _path(root, found))
    ]
    suffixes = listing.suffixes(kind)
    note = f"{_count(len(files), kind)} ({suffixes}) of {_count(len(places), 'video')}"
    return Discovery(layout, places, note, listing.notes())


def _zip_file(root: Path, listing: Listing, forms: Forms) -> Discovery:
    layout = _zips(forms)
    places = layout.places(root)
    note = f"a zip of {_count(len(places), 'folder')} of frames"
    return Discovery(layout, places, note, [*listing.notes(), *layout.notes(root)])


def _zip_files(root: Path, listing: Listing, forms: Forms) -> Discovery:
    """Zips in a folder: each is one video, called as its file."""
    layout = _zips(forms)
    places, notes = [], listing.notes()
    for found in listing.files["zip file"]:
        inside = layout.places(_path(root, found))
        if len(inside) > 1:
            raise InputError(
                f"{root}: {found.name} holds {len(inside)} videos; of several files each zip is "
                "one video: open it by its path, or leave zips out with --only"
            )
        places.append(replace(inside[0], name=found.name))
        notes += layout.notes(_path(root, found))
    note = f"{_count(len(places), 'zip')} of frames"
    return Discovery(layout, places, note, list(dict.fromkeys(notes)))


def _zips(forms: Forms) -> ZippedFrames:
    """Chosen suffixes are those of files, not of the pictures in a zip."""
    return ZippedFrames(forms.frame_order, replace(forms.choice, suffixes=()))


def _places(root: Path, files: Sequence[Found]) -> list[Place]:
    if not root.is_dir():
        return [Place(f.name, str(root), "", f.state, f.newest_ns) for f in files]
    top = os.path.join(root, "")  # noqa: PTH118 - a Path drops the slash at the end
    return [Place(f.name, top + f.name, "", f.state, f.newest_ns) for f in files]


def _path(root: Path, found: Found) -> Path:
    return root / found.name if root.is_dir() else root


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
