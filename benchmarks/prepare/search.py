"""Finding things in a download; finding nothing is an error that says where one looked."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.container import SUFFIXES

ItemT = TypeVar("ItemT")


def first_with(download: Path, roots: Iterable[str], needed: Sequence[str]) -> Path:
    """The first of `download` / root that holds any of the entries `needed`.

    Raises:
        InputError: `download` is no folder, or none of them does.
    """
    if not download.is_dir():
        raise InputError(f"{download}: no such folder")
    roots = list(roots)
    for root in roots:
        folder = download / root
        if any((folder / name).exists() for name in needed):
            return folder
    places = ", ".join(str(download / root) for root in roots)
    raise InputError(f"none of {', '.join(needed)} in {places}")


def is_video(path: Path) -> bool:
    """Whether a file's name says that it is a video."""
    return path.suffix.lower().removeprefix(".") in SUFFIXES and path.is_file()


def videos_below(folder: Path) -> list[Path]:
    """Every video file below `folder`, by suffix, sorted; hidden files and folders left out."""
    return [path for path in _videos_of(folder) if not _is_hidden(path, folder)]


def hidden_notes(*folders: Path) -> tuple[str, ...]:
    """The note on hidden video files below folders, which `videos_below` leaves out; (): none."""
    count = sum(_is_hidden(path, folder) for folder in folders for path in _videos_of(folder))
    return (f"hidden video files that were left out: {count:,}",) if count else ()


def _videos_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if is_video(path))


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def by_stem(paths: Iterable[Path]) -> dict[str, Path]:
    """Paths by name without suffix.

    Raises:
        InputError: two have one name, so that it cannot be said which is meant.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            raise InputError(f"{path} and {found[path.stem]} have one name: keep one of them")
        found[path.stem] = path
    return found


def found_some(found: Sequence[ItemT], what: str, where: Path) -> Sequence[ItemT]:
    """`found`, if there is anything in it.

    Raises:
        InputError: there is not; the message says what was looked for and where.
    """
    if not found:
        raise InputError(f"{where}: found no {what}")
    return found


def metadata_file(given: Path | None, download: Path, name: str, source: str) -> Path:
    """The data set's own list: as given, else `name` in the download or beside it.

    Raises:
        InputError: it is nowhere; the message says where to get it.
    """
    for path in [given] if given else [download / name, download.parent / name]:
        if path.exists():
            return path
    if given:
        raise InputError(f"{given}: no such file")
    raise InputError(f"{name} is not in {download}: get it from {source} and give it by --metadata")
