"""Lists the files at a path: media by kind, told by their suffix, and a count of other files."""

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from operator import itemgetter
from pathlib import Path
from stat import S_ISREG
from typing import Literal, NamedTuple

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import check_regular
from leo_bench.evaluation.files.known_names import known_are
from leo_bench.evaluation.videos import arrays, container, frames, tensor_files
from leo_bench.evaluation.videos.ahead import in_order
from leo_bench.evaluation.videos.series import FrameChoice, left_out_notes
from leo_bench.evaluation.videos.stored import stat_state

Kind = Literal["video file", "frame", "array file", "tensor file", "zip file"]

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(container.SUFFIXES, "video file"),
    **dict.fromkeys(frames.SUFFIXES, "frame"),
    **dict.fromkeys(arrays.SUFFIXES, "array file"),
    **dict.fromkeys(tensor_files.SUFFIXES, "tensor file"),
    "zip": "zip file",
}
_THREADS = 8  # that list folders; they wait for the file system most of the time
_PIECE = 1024  # files of one folder that a thread looks at in one go


class Found(NamedTuple):
    """A media file; small, since a data set may have a million frames."""

    name: str  # relative to the root, '/'-separated
    state: str | None  # `stat_state`; None for a dangling link
    newest_ns: int  # time of modification, nanoseconds since 1970


@dataclass(frozen=True)
class Listing:
    """All files at and below a path."""

    files: dict[Kind, list[Found]] = field(default_factory=lambda: defaultdict(list))
    left_out: Counter[str] = field(default_factory=Counter)  # "txt", "hidden" -> how many
    loops: list[str] = field(default_factory=list)  # links to a folder that contains them
    not_chosen: Counter[str] = field(default_factory=Counter)  # suffix -> how many
    previews: list[str] = field(default_factory=list)  # pictures beside videos

    def kinds(self) -> list[Kind]:
        """The kinds of media that are there."""
        return [kind for kind, files in self.files.items() if files]

    def suffixes(self, kind: Kind) -> str:
        """Counts of the suffixes of a kind: "mp4 10, gif 2"."""
        count = Counter(found.name.rpartition(".")[2].lower() for found in self.files[kind])
        return ", ".join(f"{suffix} {n:,}" for suffix, n in count.most_common())

    def keep(self, choice: FrameChoice) -> None:
        """Leave out files that `choice` does not take; its pattern of frames is for pictures only.

        Files of tensors are kept only if there is nothing else: most .pt files are weights.
        """
        for kind, files in self.files.items():
            every = choice if kind == "frame" else replace(choice, frames=None)
            if not every:
                continue
            kept = [found for found in files if every.takes(found.name)]
            for found in set(files).difference(kept):
                if every.takes_suffix(found.name):
                    self.left_out[f"{_suffix(found.name)} of another name"] += 1
                else:
                    self.not_chosen[_suffix(found.name)] += 1
            self.files[kind] = kept
        if any(files for kind, files in self.files.items() if kind != "tensor file"):
            for found in self.files.pop("tensor file", []):
                self.left_out[_suffix(found.name)] += 1

    def leave_previews_out(self) -> None:
        """Leave out pictures that are previews of the videos beside them.

        A picture is one if its folder directly holds other media, and it is the folder's only
        picture or has the name of one of those files.
        """
        beside: dict[str, set[str]] = defaultdict(set)
        for kind in self.kinds():
            if kind != "frame":
                for found in self.files[kind]:
                    folder, stem = _parts(found.name)
                    beside[folder].add(stem)
        pictures = Counter(_parts(found.name)[0] for found in self.files["frame"])
        kept = []
        for found in self.files["frame"]:
            folder, stem = _parts(found.name)
            if folder in beside and (pictures[folder] == 1 or stem in beside[folder]):
                self.previews.append(found.name)
            else:
                kept.append(found)
        self.files["frame"] = kept

    def notes(self) -> list[str]:
        """What was left out, and why."""
        said = left_out_notes(self.left_out)
        if self.not_chosen:
            what = ", ".join(f"{n:,} {suffix}" for suffix, n in sorted(self.not_chosen.items()))
            said.append(f"--only left out: {what}")
        if self.previews:
            more = f" and {len(self.previews) - 1} more" if len(self.previews) > 1 else ""
            said.append(f"pictures beside videos were left out: {self.previews[0]}{more}")
        if self.loops:
            said.append(f"links that lead back were not followed: {', '.join(self.loops)}")
        return said


def suffixes_of(only: str | None) -> tuple[str, ...]:
    """The suffixes that `--only` names: "mp4", "npy", "frames" (all pictures), "videos", ...

    Args:
        only: words with commas between them; None: no choice.

    Raises:
        InputError: an unknown word.
    """
    groups = {"frames": frames.SUFFIXES, "videos": container.SUFFIXES}
    found: set[str] = set()
    for word in (part.strip().lower().removeprefix(".") for part in (only or "").split(",")):
        if word in groups:
            found |= groups[word]
        elif word in _KINDS:
            found.add(word)
        elif word or only is not None:
            raise InputError(
                f"--only {only}: expected suffixes of media with commas between them, as mp4,zip; "
                f"{known_are(word, (*groups, *sorted(_KINDS)))}"
            )
    return tuple(sorted(found))


def kind_of(name: str) -> Kind | None:
    """The kind of media that a file name promises."""
    return _KINDS.get(name.rpartition(".")[2].lower()) if "." in name else None


def list_media(root: Path) -> Listing:
    """List `root`, which is absolute: one file, or a folder with everything below it.

    Links are followed, except to a folder that contains them. Hidden files are left out.

    Raises:
        InputError: nothing is there, or a folder cannot be read.
    """
    listing = Listing()
    if not root.is_dir():
        try:
            stat = root.stat()
        except OSError as error:
            raise InputError(f"{root}: {error.strerror}") from None
        kind = kind_of(root.name)
        if kind is not None:
            check_regular(root)
        if kind is None:
            listing.left_out[_suffix(root.name)] += 1
        else:
            listing.files[kind].append(Found(root.name, stat_state(stat), stat.st_mtime_ns))
        return listing
    with ThreadPoolExecutor(_THREADS) as pool:
        _walk(root, listing, pool)
    listing.loops.sort()
    for found in listing.files.values():
        found.sort(key=itemgetter(0))
    return listing


def list_paths(root: Path, paths: Sequence[Path]) -> Listing:
    """List several files and folders below `root`; names are relative to it. All are absolute.

    Raises:
        InputError: as `list_media`.
    """
    together = Listing()
    for path in paths:
        one = list_media(path)
        own = path.relative_to(root).as_posix()
        above = "" if path == root else f"{own}/"
        is_folder = path.is_dir()
        for kind, files in one.files.items():
            for found in files:
                name = above + found.name if is_folder else own
                together.files[kind].append(found._replace(name=name))
        together.left_out.update(one.left_out)
        together.loops.extend(above + loop for loop in one.loops)
    for of_kind in together.files.values():
        of_kind.sort(key=itemgetter(0))
    return together


@dataclass(frozen=True)
class _Folder:
    """A folder below the root.

    Args:
        path: absolute.
        prefix: its name relative to the root, with a slash at its end; "" for the root.
        trail: device and inode of the folders above it.
    """

    path: str
    prefix: str
    trail: frozenset[tuple[int, int]]


@dataclass
class _Inside:
    """What a folder directly holds."""

    prefix: str  # of the folder
    files: list[tuple[Kind, Found]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    below: list[_Folder] = field(default_factory=list)
    loop: bool = False  # it contains itself
    rest: list["os.DirEntry[str]"] = field(default_factory=list)  # not looked at yet


def _walk(root: Path, listing: Listing, pool: ThreadPoolExecutor) -> None:
    """Add every file below `root`.

    Many folders, and many files of one folder, are asked for at once: on a network file system each
    answer takes a while.
    """
    level = [_Folder(str(root), "", frozenset())]
    while level:
        below: list[_Folder] = []
        with closing(in_order(pool, _inside, level, ahead=4 * _THREADS)) as folders:
            for folder in folders:
                inside = folder.result()
                _add(inside, listing)
                below += inside.below
                if inside.loop:
                    listing.loops.append(inside.prefix.rstrip("/"))
                pieces = [inside.rest[i : i + _PIECE] for i in range(0, len(inside.rest), _PIECE)]
                look = partial(_looked_at, inside.prefix)
                with closing(in_order(pool, look, pieces, ahead=4 * _THREADS)) as more:
                    for piece in more:
                        _add(piece.result(), listing)
        level = below


def _add(inside: _Inside, listing: Listing) -> None:
    for kind, found in inside.files:
        listing.files[kind].append(found)
    listing.left_out.update(inside.left_out)


def _inside(folder: _Folder) -> _Inside:
    inside, files = _Inside(folder.prefix), []
    try:
        stat = os.stat(folder.path)  # noqa: PTH116 - a Path costs more than the call
        identity = (stat.st_dev, stat.st_ino)
        if identity in folder.trail:
            inside.loop = True
            return inside
        trail = folder.trail | {identity}
        with os.scandir(folder.path) as entries:
            for entry in entries:
                if not entry.is_dir():
                    files.append(entry)
                elif entry.name.startswith(".") or entry.name == "__MACOSX":
                    inside.left_out["hidden"] += 1
                else:
                    name = f"{folder.prefix}{entry.name}/"
                    inside.below.append(_Folder(entry.path, name, trail))
    except OSError as error:
        raise InputError(f"{folder.path}: cannot be listed: {error.strerror}") from None
    _look_at(files[:_PIECE], inside)
    inside.rest = files[_PIECE:]
    return inside


def _looked_at(prefix: str, entries: Sequence["os.DirEntry[str]"]) -> _Inside:
    inside = _Inside(prefix)
    _look_at(entries, inside)
    return inside


def _look_at(entries: Sequence["os.DirEntry[str]"], inside: _Inside) -> None:
    """Add files of a folder, by kind."""
    for entry in entries:
        name = entry.name
        kind = kind_of(name)
        if name.startswith("."):
            inside.left_out["hidden"] += 1
        elif kind is None:
            inside.left_out[_suffix(name)] += 1
        else:
            try:
                stat = entry.stat()
            except OSError:  # a dangling link; `scan` raises the error
                inside.files.append((kind, Found(inside.prefix + name, None, 0)))
                continue
            if S_ISREG(stat.st_mode):
                found = Found(inside.prefix + name, stat_state(stat), stat.st_mtime_ns)
                inside.files.append((kind, found))
            else:
                inside.left_out["pipes and devices"] += 1


def _parts(name: str) -> tuple[str, str]:
    """Folder, and name without suffix."""
    folder, _, own = name.rpartition("/")
    return folder, own.rpartition(".")[0]


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else "without suffix"
