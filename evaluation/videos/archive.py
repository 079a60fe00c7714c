"""Zip files of frames, the layout of StyleGAN-V's data sets: root/video/frame, read in place.

Nothing is extracted. An archive that tries anything (names that lead outside, links, encryption,
names that occur twice, members that swell) is refused as a whole.
"""

import stat
import threading
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from torch import Tensor

from evaluation.errors import BadVideoError, InputError
from evaluation.videos.digests import stat_state
from evaluation.videos.frames import (
    FrameOrder,
    in_order,
    is_frame,
    nested_folders,
    read_pictures,
    reading_of,
    scan_pictures,
)
from evaluation.videos.pictures import pillow_version
from evaluation.videos.stored import Place, Stored

MAX_MEMBERS = 10_000_000
MAX_MEMBER_BYTES = 256 * 2**20  # of one member, unpacked
MAX_RATIO = 200  # unpacked to packed, of members over SMALL_BYTES: a black BMP swells 1000 times
SMALL_BYTES = 16 * 2**20


class ZippedFrames:
    """Every video a folder in one zip file."""

    kind = "zip of frames"

    def __init__(self, order: FrameOrder = "text") -> None:
        self._order: FrameOrder = order
        self._open: dict[Path, _Archive] = {}
        self._lock = threading.Lock()

    @property
    def decoder(self) -> str:
        """Pillow; what is around the pictures loses nothing."""
        return pillow_version()

    @property
    def reading(self) -> str:
        """Counts, sizes and digests depend on nothing but the file and the frames' order."""
        return reading_of("zipped pictures", self._order)

    def places(self, path: Path) -> list[Place]:
        """One place a folder of frames; names are relative to the one folder that holds all.

        Raises:
            InputError: not a zip file, a hostile one, or one without folders of frames.
        """
        archive = self._archive(path)
        file = path.stat()
        state, newest = stat_state(file), file.st_mtime_ns
        if list(archive.videos) == [""]:
            return [Place(path.name, path, "", state, newest)]
        common = _common_folder(archive.videos)
        return [
            Place(str(PurePosixPath(inner).relative_to(common)), path, inner, state, newest)
            for inner in archive.videos
        ]

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
        if len(members) != video.frames:
            raise BadVideoError(
                video.name, f"{len(members)} frames; there were {video.frames} at opening"
            )
        chosen = [members[i] for i in frames]
        return read_pictures(video, chosen, partial(archive.read, video.name))

    def state(self, video: Stored) -> str:
        """See Layout.state: of the whole zip file."""
        return stat_state(video.path.stat())

    def _archive(self, path: Path) -> "_Archive":
        with self._lock:
            if path not in self._open:
                self._open[path] = _Archive(path)
            return self._open[path]


class _Archive:
    """One open zip file: its members, found harmless, by the folder that holds them."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise InputError(f"{path}: cannot be read as a zip file: {error}") from None
        self._lock = threading.Lock()  # one file position for all threads
        members = self._zip.infolist()
        for problem in _problems(members):
            raise InputError(f"{path}: refused: {problem}")
        videos: dict[str, list[str]] = defaultdict(list)
        for member in sorted(m.filename for m in members):
            folder, _, name = member.rpartition("/")
            if is_frame(name) and "__MACOSX" not in folder.split("/"):
                videos[folder].append(member)
        if not videos:
            raise InputError(f"{path}: holds no frames ({_what_instead(members)})")
        self.videos = dict(sorted(videos.items()))
        if nested := nested_folders(self.videos):
            raise InputError(f"{path}: {nested}")

    def read(self, video: str, member: str) -> bytes:
        """A member's bytes, their checksum confirmed."""
        try:
            with self._lock:
                return self._zip.read(member)
        except Exception as error:  # damage makes zipfile and its decompressors raise many things
            raise BadVideoError(video, f"frame {member}: {error}") from None


def _problems(members: Sequence[zipfile.ZipInfo]) -> Iterator[str]:
    """What makes an archive one to refuse."""
    if len(members) > MAX_MEMBERS:
        yield f"{len(members):,} members; at most {MAX_MEMBERS:,} are read"
    seen: set[str] = set()
    for member in members:
        name = member.filename
        kind = stat.S_IFMT(member.external_attr >> 16)
        if name in seen:
            yield f"member {name!r} occurs twice"
        if name.startswith("/") or "\\" in name or name[1:2] == ":" or ".." in name.split("/"):
            yield f"member {name!r} has a name that leads outside"
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            yield f"member {name!r} is a link or a device"
        if member.flag_bits & 0x1:
            yield f"member {name!r} is encrypted"
        if member.file_size > MAX_MEMBER_BYTES:
            yield f"member {name!r} is over {MAX_MEMBER_BYTES:,} bytes"
        if member.file_size > max(SMALL_BYTES, MAX_RATIO * member.compress_size):
            yield f"member {name!r} swells more than {MAX_RATIO} times"
        seen.add(name)


def _common_folder(folders: dict[str, list[str]]) -> PurePosixPath:
    """The folder that holds all; of a single video, the one above it."""
    parents = [PurePosixPath(folder).parent for folder in folders]
    common = parents[0]
    while not all(parent.is_relative_to(common) for parent in parents):
        common = common.parent
    return common


def _what_instead(members: Sequence[zipfile.ZipInfo]) -> str:
    suffixes = sorted({Path(m.filename).suffix for m in members if not m.is_dir()} - {""})
    return (
        f"but {', '.join(suffixes)}: unpack it and open the folder" if suffixes else "it is empty"
    )
