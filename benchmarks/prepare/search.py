"""Finds the files of a data set in a download; the error says what was looked for and where."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.container import SUFFIXES

ItemT = TypeVar("ItemT")


def first_with(download: Path, roots: Sequence[str], needed: Sequence[str]) -> Path:
    """The first folder `download`/root that holds any of the entries `needed`.

    Raises:
        InputError: none of them does.
    """
    for root in roots:
        folder = download / root
        if any((folder / name).exists() for name in needed):
            return folder
    places = ", ".join(str(download / root) for root in roots)
    raise InputError(f"none of {', '.join(needed)} in {places}")


def is_video(path: Path) -> bool:
    """Whether `path` is a file with the suffix of a video format."""
    return path.suffix.lower().removeprefix(".") in SUFFIXES and path.is_file()


def videos_below(folder: Path) -> list[Path]:
    """All video files below `folder`, sorted, without hidden files and folders."""
    return [path for path in _videos_of(folder) if not _is_hidden(path, folder)]


def hidden_notes(*folders: Path) -> tuple[str, ...]:
    """A note with the number of hidden video files below folders; () if there are none."""
    count = sum(_is_hidden(path, folder) for folder in folders for path in _videos_of(folder))
    return (f"hidden video files that were left out: {count:,}",) if count else ()


def _videos_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if is_video(path))


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def by_stem(paths: Iterable[Path]) -> dict[str, Path]:
    """Paths by file name without suffix.

    Raises:
        InputError: two files have the same name.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            raise InputError(f"{path} and {found[path.stem]} have one name: keep one of them")
        found[path.stem] = path
    return found


def found_some(found: Sequence[ItemT], what: str, where: Path) -> Sequence[ItemT]:
    """Return `found`.

    Raises:
        InputError: it is empty; the message says what was looked for and where.
    """
    if not found:
        raise InputError(f"{where}: found no {what}")
    return found


def metadata_file(given: Path | None, download: Path, name: str, source: str) -> Path:
    """The data set's own list: `given`, else `name` in the download or in the folder around it.

    Raises:
        InputError: there is none; the message says where to get it.
    """
    for path in [given] if given else [download / name, download.parent / name]:
        if path.exists():
            return path
    if given:
        raise InputError(f"{given}: no such file")
    raise InputError(f"{name} is not in {download}: get it from {source} and give it by --metadata")
