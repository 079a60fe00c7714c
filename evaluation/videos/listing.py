"""Lists the files at a path: media by kind, told by their suffix, and a count of other files."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from pathlib import Path
from typing import Literal, NamedTuple

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import check_regular
from leo_bench.evaluation.files.known_names import known_are
from leo_bench.evaluation.videos import arrays, container, frames, tensor_files
from leo_bench.evaluation.videos.series import FrameChoice, left_out_notes

Kind = Literal["video file", "frame", "array file", "tensor file", "zip file"]

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(container.SUFFIXES, "video file"),
    **dict.fromkeys(frames.SUFFIXES, "frame"),
    **dict.fromkeys(arrays.SUFFIXES, "array file"),
    **dict.fromkeys(tensor_files.SUFFIXES, "tensor file"),
    "zip": "zip file",
}


class Found(NamedTuple):
    """A media file; of cheap types, since a data set may have a million frames."""

    name: str  # relative to the root, '/'-separated
    path: str  # absolute
    stat: os.stat_result | None  # None for a dangling link


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
            kept = [found for found in files if every.takes(found.name)] if every else files
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
            listing.files[kind].append(Found(root.name, str(root), stat))
        return listing
    for name, entry in _walk(root, listing):
        kind = kind_of(entry.name)
        if entry.name.startswith("."):
            listing.left_out["hidden"] += 1
        elif kind is None:
            listing.left_out[_suffix(entry.name)] += 1
        elif entry.is_file() or not Path(entry.path).exists():
            listing.files[kind].append(Found(name, entry.path, _stat(entry)))
        else:
            listing.left_out["pipes and devices"] += 1
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
        prefix = path.relative_to(root)
        for kind, files in one.files.items():
            for found in files:
                name = prefix / found.name if path.is_dir() else prefix
                together.files[kind].append(found._replace(name=name.as_posix()))
        together.left_out.update(one.left_out)
        together.loops.extend((prefix / loop).as_posix() for loop in one.loops)
    for of_kind in together.files.values():
        of_kind.sort(key=itemgetter(0))
    return together


def _walk(root: Path, listing: Listing) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """(name, entry) of every file below `root`."""
    above: list[tuple[str, str, frozenset[tuple[int, int]]]] = [(str(root), "", frozenset())]
    while above:
        folder, prefix, trail = above.pop()
        try:
            stat = os.stat(folder)  # noqa: PTH116 - paths of 100,000 frames cost more than the call
            identity = (stat.st_dev, stat.st_ino)
            if identity in trail:
                listing.loops.append(prefix.rstrip("/"))
                continue
            with os.scandir(folder) as entries:
                for entry in entries:
                    if not entry.is_dir():
                        yield prefix + entry.name, entry
                    elif entry.name.startswith(".") or entry.name == "__MACOSX":
                        listing.left_out["hidden"] += 1
                    else:
                        above.append((entry.path, f"{prefix}{entry.name}/", trail | {identity}))
        except OSError as error:
            raise InputError(f"{folder}: cannot be listed: {error.strerror}") from None


def _stat(entry: "os.DirEntry[str]") -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:
        return None


def _parts(name: str) -> tuple[str, str]:
    """Folder, and name without suffix."""
    folder, _, own = name.rpartition("/")
    return folder, own.rpartition(".")[0]


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else "without suffix"
