"""Layout of zip files of frames (root/video/frame), as StyleGAN-V's data sets; read in place.

Nothing is extracted. An archive with paths that lead outside, links, encryption, duplicate names or
members of suspicious compression ratio is refused as a whole. Backslashes in names, which some
programs on Windows write, separate folders as slashes do.
"""

import stat
import threading
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from torch import Tensor

from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.files.given_files import listed, shortened
from leo_bench.evaluation.files.zip_files import check_members
from leo_bench.evaluation.videos.frames import (
    FrameOrder,
    in_order,
    is_frame,
    nested_folders,
    read_pictures,
    reading_of,
    scan_pictures,
)
from leo_bench.evaluation.videos.pictures import pillow_version
from leo_bench.evaluation.videos.series import FrameChoice, check_series, left_out_notes
from leo_bench.evaluation.videos.stored import Layout, Place, Stored, stat_state

MAX_MEMBERS = 10_000_000
MAX_MEMBER_BYTES = 256 * 2**20  # of one member, unpacked
MAX_RATIO = 200  # unpacked to packed, of members over SMALL_BYTES: a black BMP swells 1000 times
SMALL_BYTES = 16 * 2**20


class ZippedFrames(Layout):
    """Folders of frames in a zip file, one video each."""

    kind = "zip of frames"

    def __init__(self, order: FrameOrder = "text", choice: FrameChoice | None = None) -> None:
        self.decoder = pillow_version()
        self.reading = reading_of("zipped pictures", order, choice)
        self._order: FrameOrder = order
        self._choice = choice
        self._open: dict[Path, _Archive] = {}
        self._lock = threading.Lock()

    def notes(self, path: Path) -> list[str]:
        """Notes on an archive: what was left out, and unusual names."""
        return self._archive(path).notes

    def places(self, path: Path) -> list[Place]:
        """The place of each folder of frames, named relative to the folder that contains all.

        Raises:
            InputError: not a zip file, a malicious one, or one without folders of frames.
        """
        archive = self._archive(path)
        file = path.stat()
        state, newest = stat_state(file), file.st_mtime_ns
        if list(archive.videos) == [""]:
            return [Place(path.name, str(path), "", state, newest)]
        start = _length_of_common_folder(archive.videos)
        return [Place(inner[start:], str(path), inner, state, newest) for inner in archive.videos]

    def scan(self, place: Place) -> Stored:
        """See Layout.scan."""
        archive = self._archive(place.path)
        members = in_order(place.name, archive.videos[place.inner], self._order)
        pictures = ((member, archive.read(place.name, member)) for member in members)
        return scan_pictures(place, pictures, self._order)

    def each_frame(self, video: Stored, frames: Sequence[int]) -> Iterator[Tensor]:
        """See Layout.each_frame."""
        archive = self._archive(video.path)
        members = in_order(video.name, archive.videos.get(video.inner, []), self._order)
        return read_pictures(video, members, frames, partial(archive.read, video.name))

    def _archive(self, path: Path) -> "_Archive":
        with self._lock:
            if path not in self._open:
                self._open[path] = _Archive(path, self._choice)
            return self._open[path]


class _Archive:
    """One open zip file: its checked members by the folder that contains them."""

    def __init__(self, path: Path, choice: FrameChoice | None) -> None:
        check_members(path, MAX_MEMBERS)
        try:
            self._zip = zipfile.ZipFile(path)
        except Exception as error:  # damage makes zipfile raise many things
            raise InputError(f"{path}: cannot be read as a zip file: {shortened(error)}") from None
        self._lock = threading.Lock()  # one file position for all threads
        members = self._zip.infolist()
        for problem in _problems(members):
            raise InputError(f"{path}: refused: {problem}")
        # Name with slashes -> name as stored.
        self._stored = {_slashed(m.filename): m.filename for m in members}
        videos: dict[str, list[str]] = defaultdict(list)
        left_out: Counter[str] = Counter()
        for member in sorted(self._stored):
            folder, _, name = member.rpartition("/")
            suffix = name.rpartition(".")[2].lower()
            if not name:
                continue  # a folder
            if name.startswith(".") or "__MACOSX" in folder.split("/"):
                left_out["hidden"] += 1
            elif not is_frame(name):
                left_out[suffix if "." in name else "without suffix"] += 1
            elif choice and not choice.takes(member):
                left_out[f"{suffix} of another name"] += 1
            else:
                videos[folder].append(member)
        if not videos:
            raise InputError(f"{path}: holds no frames ({_what_instead(left_out)})")
        self.videos = dict(sorted(videos.items()))
        if nested := nested_folders(self.videos):
            raise InputError(f"{path}: {nested}")
        self.notes = [
            *left_out_notes(left_out),
            *check_series(
                {folder: [m.rpartition("/")[2] for m in v] for folder, v in self.videos.items()},
                str(path),
            ),
        ]

    def read(self, video: str, member: str) -> bytes:
        """A member's bytes, verified by their checksum."""
        try:
            with self._lock:
                return self._zip.read(self._stored[member])
        except Exception as error:  # damage makes zipfile and its decompressors raise many things
            raise BadVideoError(video, f"frame {member}: {shortened(error)}") from None


def _slashed(name: str) -> str:
    return name.replace("\\", "/")


def _shown(member: zipfile.ZipInfo) -> str:
    return shortened(repr(member.filename), 80)


def _problems(members: Sequence[zipfile.ZipInfo]) -> Iterator[str]:
    """The reasons to refuse an archive."""
    seen: set[str] = set()
    for member in members:
        name = _slashed(member.filename)
        kind = stat.S_IFMT(member.external_attr >> 16)
        if name in seen:
            yield f"member {_shown(member)} occurs twice"
        if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
            yield f"member {_shown(member)} has a name that leads outside"
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            yield f"member {_shown(member)} is a link or a device"
        if member.flag_bits & 0x1:
            yield f"member {_shown(member)} is encrypted"
        if member.file_size > MAX_MEMBER_BYTES:
            yield f"member {_shown(member)} is over {MAX_MEMBER_BYTES:,} bytes"
        if member.file_size > max(SMALL_BYTES, MAX_RATIO * member.compress_size):
            yield f"member {_shown(member)} swells more than {MAX_RATIO} times"
        seen.add(name)


def _length_of_common_folder(folders: Iterable[str]) -> int:
    """Length of the folder that contains all, with its slash; of a single one, of its parent."""
    found = [folder.split("/") for folder in folders]
    # The first and the last in order differ the earliest of all.
    first, last = min(found), max(found)
    common = 0
    while common < min(len(first), len(last)) - 1 and first[common] == last[common]:
        common += 1
    return sum(len(part) + 1 for part in first[:common])


def _what_instead(left_out: Counter[str]) -> str:
    suffixes = listed(f".{suffix}" for suffix in sorted(left_out) if " " not in suffix)
    if not left_out:
        return "it is empty"
    if any(name.endswith("of another name") for name in left_out):
        return "no picture is of a name that was asked for"
    if left_out.keys() == {"hidden"}:
        return f"but {left_out['hidden']:,} hidden files"
    return f"but {suffixes or 'other files'}: unpack it and open the folder"
