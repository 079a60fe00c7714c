"""Layout of folders of pictures, one video a folder; the reading is shared with zip files.

A folder that directly holds pictures is one video. The protocol states the order of its frames
(`FrameOrder`):
text                     names sorted as text, as StyleGAN-V, Latte and DIGAN read them
                         (universome/stylegan-v@3fecd69, src/training/dataset.py): frame10 comes
                         before frame2, which gives a note and makes a number not comparable
number-after-underscore  by the integer between the last underscore of the name and its first dot,
                         as TATS and cd-fvd read them (songweige/TATS@03bbce1 tats/data.py:558,
                         songweige/content-debiased-fvd@a1e037a cdfvd/utils/data_utils.py:253)
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.files.given_files import read_given
from leo_bench.evaluation.videos.pictures import picture_facts, picture_pixels, pillow_version
from leo_bench.evaluation.videos.series import FrameChoice
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.evaluation.videos.stored import Layout, Place, Stored, check_caps, stat_state

if TYPE_CHECKING:  # importing torch takes seconds, and processes that only scan do without
    from torch import Tensor

SUFFIXES = frozenset({"png", "jpg", "jpeg", "bmp", "webp", "tif", "tiff", "ppm"})

MAX_PICTURE_BYTES = 256 * 2**20  # of one stored picture
_DIGITS = re.compile(r"(\d+)")

FrameOrder = Literal["text", "number-after-underscore"]

# Begin of the note on frames that are not in the order of their numbers.
OUT_OF_ORDER = "frames were scored out of order"


class FrameFolders(Layout):
    """Folders that directly hold the frames of a video."""

    kind = "frame folders"
    scans_apart = True

    def __init__(
        self,
        order: FrameOrder = "text",
        choice: FrameChoice | None = None,
        root: Path | None = None,
    ) -> None:
        """Frames are the pictures that `choice` takes, by their names below `root`."""
        self.decoder = pillow_version()
        self.reading = reading_of("pictures", order, choice)
        self._order: FrameOrder = order
        self._choice = choice or None
        self._root = root

    def scan(self, place: Place) -> Stored:
        """See Layout.scan."""
        names = in_order(place.name, self._frame_names(place.path), self._order)

        def read(name: str) -> bytes:
            return _read_file(place.name, place.path / name)

        return scan_pictures(place, ((name, read(name)) for name in names), self._order)

    def each_frame(self, video: Stored, frames: Sequence[int]) -> Iterator["Tensor"]:
        """See Layout.each_frame."""
        names = in_order(video.name, self._frame_names(video.path), self._order)
        return read_pictures(video, names, frames, lambda n: _read_file(video.name, video.path / n))

    def state(self, video: Stored) -> str:
        """As `Layout.state`, of every frame of the folder."""
        names = self._frame_names(video.path)
        stats = [(name, (video.path / name).stat()) for name in names]
        frames = [(name, stat_state(stat), stat.st_mtime_ns) for name, stat in stats]
        return folder_place(video.name, video.file, frames).state or ""

    def _frame_names(self, folder: Path) -> list[str]:
        names = _frame_names(folder)
        if self._choice is None:
            return names
        above = "" if folder == self._root else f"{os.path.relpath(folder, self._root)}/"
        return [name for name in names if self._choice.takes(above + name)]


def is_frame(name: str) -> bool:
    """Whether a file of this name is a frame."""
    return not name.startswith(".") and name.rpartition(".")[2].lower() in SUFFIXES


def reading_of(what: str, order: FrameOrder, choice: FrameChoice | None) -> str:
    """`Layout.reading` of pictures: it tells orders and choices of frames apart."""
    by_order = "" if order == "text" else f" by {order}"
    return f"{what}{by_order}{choice or ''}"


def out_of_order(source: VideoSource) -> list[str]:
    """The notes of a source on frames that are not in the order of their numbers."""
    return [note for note in source.notes if note.startswith(OUT_OF_ORDER)]


def in_order(video: str, names: Iterable[str], order: FrameOrder) -> list[str]:
    """Sort the names of a video's frames, of which the last parts count, in the order stated.

    Raises:
        BadVideoError: by number: a name without a number, or two with the same one, which the
            original would leave in the order of the file system.
    """
    if order == "text":
        return sorted(names)
    numbered: dict[int, str] = {}
    for name in sorted(names):
        stem = name.rpartition("/")[2].partition(".")[0]
        try:
            number = int(stem.rpartition("_")[2])
        except ValueError:
            raise BadVideoError(
                video,
                f"frame {name}: no number behind the last _ of its name, by which this protocol's "
                "original orders frames; rename it, as in frame_10.png",
            ) from None
        if number in numbered:
            raise BadVideoError(
                video, f"frames {numbered[number]} and {name} have the same number: which is first?"
            )
        numbered[number] = name
    return [numbered[number] for number in sorted(numbered)]


def nested_folders(folders: Iterable[str]) -> str | None:
    """The error if a folder of frames contains another one; None: none does."""
    known = set(folders)
    for folder in sorted(known):
        above = folder
        while above:
            above = above.rpartition("/")[0]
            if above in known:
                return (
                    f"{above or 'its top folder'} holds frames, and so does {folder} in it;"
                    " a video is one folder that holds its frames directly"
                )
    return None


def folder_place(name: str, folder: str, frames: Iterable[tuple[str, str | None, int]]) -> Place:
    """The place of a folder of frames, given as (name, `stat_state`, time of modification)."""
    state, newest = hashlib.sha256(), 0
    for frame, of_frame, modified in sorted(frames, key=itemgetter(0)):
        if of_frame is None:  # a dangling link: `scan` raises the error
            return Place(name, folder)
        state.update(f"{frame}\0{of_frame}\n".encode("utf-8", "surrogateescape"))
        newest = max(newest, modified)
    return Place(name, folder, "", state.hexdigest(), newest)


def scan_pictures(
    place: Place, pictures: Iterable[tuple[str, bytes]], order: FrameOrder = "text"
) -> Stored:
    """Count, measure and hash frames, given as (name, stored bytes) in their order.

    The digest covers names and bytes in that order, so that other orders have other cache keys.

    Raises:
        BadVideoError: no frames, an unreadable header, or a frame of another size than the first.
    """
    digest, codecs, turns, names = hashlib.sha256(), set(), set(), []
    notes: dict[str, None] = {}  # each once, in the order of the frames
    size: tuple[int, int] | None = None
    for name, data in pictures:
        for part in (name.encode("utf-8", "surrogateescape"), data):
            digest.update(len(part).to_bytes(8, "little") + part)
        with _damage_named(place.name, name):
            facts = picture_facts(data)
            codecs.add(facts.codec)
            turns.add(facts.turn)
            notes |= dict.fromkeys(facts.notes)
            size = size or (facts.width, facts.height)
            if (facts.width, facts.height) != size:
                found = "{}x{}, the first frame {}x{}"
                raise ValueError(found.format(facts.width, facts.height, *size))
        names.append(name)
    width, height = size or (0, 0)
    check_caps(place.name, len(names), height, width)
    return Stored(
        name=place.name,
        file=place.file,
        inner=place.inner,
        frames=len(names),
        height=height,
        width=width,
        codecs=tuple(sorted(codecs)),
        digest=digest.hexdigest(),
        notes=(*(_order_notes(names) if order == "text" else ()), *notes),
        turn=turns.pop() if len(turns) == 1 else "",
    )


def read_pictures(
    video: Stored, names: Sequence[str], frames: Sequence[int], read: Callable[[str], bytes]
) -> Iterator["Tensor"]:
    """Read frames one by one: uint8 [3,H,W], RGB.

    Args:
        video: as it was at opening.
        names: of all its frames, in order.
        frames: indices of those to read.
        read: gives the stored bytes of a frame by name.

    Raises:
        BadVideoError: there are more or fewer frames than at opening; a frame is damaged, or of
            another size than at opening.
    """
    import torch

    if len(names) != video.frames:
        raise BadVideoError(
            video.name, f"{len(names)} frames; there were {video.frames} at opening"
        )
    for name in (names[i] for i in frames):
        data = read(name)
        with _damage_named(video.name, name):
            pixels = picture_pixels(data)
            height, width, _ = pixels.shape
            if (height, width) != (video.height, video.width):
                at_opening = f"{video.width}x{video.height} at opening"
                raise ValueError(f"{width}x{height}; {at_opening}")
        yield torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


@contextmanager
def _damage_named(video: str, frame: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a damaged picture makes Pillow's parsers raise anything
        raise BadVideoError(video, f"frame {frame}: {error or type(error).__name__}") from None


def _frame_names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            # A dangling link is a missing frame; a pipe is no frame.
            return sorted(
                e.name
                for e in entries
                if is_frame(e.name) and (e.is_file() or not Path(e.path).exists())
            )
    except OSError as error:
        raise BadVideoError(folder.name, f"cannot be listed: {error.strerror}") from None


def _read_file(video: str, path: Path) -> bytes:
    try:
        return read_given(path, MAX_PICTURE_BYTES)
    except InputError as error:
        missing = "No such file or directory"  # a dangling link
        reason = str(error).removeprefix(f"{path}: ") if path.exists() else missing
        raise BadVideoError(video, f"frame {path.name}: {reason}") from None


def _order_notes(names: Sequence[str]) -> Iterator[str]:
    """The note if names sort differently as text and by number; names of one length do not."""
    if len({len(name) for name in names}) == 1:
        return
    by_number = sorted(
        names, key=lambda n: [(int(p), "") if p.isdecimal() else (0, p) for p in _DIGITS.split(n)]
    )
    if by_number != list(names):
        yield f"{OUT_OF_ORDER}: in that of their names as text, not of the numbers in them"
