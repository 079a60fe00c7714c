"""Writes files atomically: a file is complete or not there. Does not import torch."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from leo_bench.evaluation.errors import InputError


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file atomically, and make its folder.

    A symbolic link is followed and stays.

    Raises:
        InputError: something other than a regular file is there; the folder cannot be written to,
            or the disk is full. Then nothing has changed.
    """
    write_together({path: content})


def write_together(files: Mapping[Path, bytes], aside: Mapping[Path, Path] | None = None) -> None:
    """Write files that belong together: none is put in place before all are on the disk.

    Args:
        files: content by path.
        aside: path -> new path, of files that are moved just before the new ones are put in place.

    Raises:
        InputError: as `write_atomically`.
    """
    first = next(iter([*files, *(aside or {})]), Path())
    waiting: list[tuple[Path, Path]] = []
    with contextlib.ExitStack() as undo:
        try:
            for path, content in files.items():
                place = place_of(path)
                undo.enter_context(_folder_of(place))
                # Unique among processes, threads and machines that share a network file system.
                unique = f"{os.getpid()}-{secrets.token_hex(8)}"
                temporary = place.with_name(f".{place.name}.{unique}.part")
                undo.callback(_forget, temporary)
                temporary.write_bytes(content)
                waiting.append((temporary, place))
            for old, new in (aside or {}).items():
                old.replace(new)
            for temporary, place in waiting:
                temporary.replace(place)
        except OSError as error:
            what = error.strerror or error
            raise InputError(f"{first}: cannot be written: {what}") from None


def place_of(path: Path) -> Path:
    """The path that is written for `path`: symbolic links are resolved.

    Raises:
        InputError: a folder, a device, a pipe or a socket is there; links form a circle.
    """
    try:
        found = path.stat()
    except FileNotFoundError:  # nothing, or a link to nothing
        pass
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    else:
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"{path}: is {kind_of(found.st_mode)}, no place for a file")
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def kind_of(mode: int) -> str:
    """The name of a file type, from a mode (`os.stat_result.st_mode`)."""
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFREG: "a file",
    }
    return kinds.get(stat.S_IFMT(mode), "no regular file")


@contextlib.contextmanager
def _folder_of(path: Path) -> Iterator[None]:
    """Make the folder of a file; folders that were made are removed if the body fails."""
    made = [parent for parent in path.parents if not os.path.lexists(parent)]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for folder in made:  # the innermost first
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def _forget(temporary: Path) -> None:
    with contextlib.suppress(OSError):
        temporary.unlink(missing_ok=True)
