"""Checks the output paths of a command before its work begins.

An option that names a file accepts a free path or an older file of the same kind; its folder is
made. One that names a folder accepts a free path, an empty folder, or a folder that the same
command made. Anything else is the user's and is refused: a folder of videos, a device, a pipe, a
foreign file. Symbolic links are followed. Does not import torch.
"""

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import kind_of, write_atomically
from leo_bench.evaluation.files.kinds import BESIDE, CLAIM, FileKind, FolderKind, claim_of

STDOUT = Path("-")  # of --json: one JSON document on standard output


@dataclass(frozen=True)
class Target:
    """An output option; `path` is None if it was not given."""

    option: str
    path: Path | None
    kind: FileKind | FolderKind


def check_targets(*targets: Target) -> None:
    """Check that every result can be written and destroys nothing; nothing is made or changed.

    Raises:
        InputError: something foreign is at a target, a folder cannot be made or written to, or two
            options name one path.
    """
    seen: dict[str, str] = {}
    for target in targets:
        if target.path is None:
            continue
        if target.path == STDOUT:
            _check_stdout(target)
            continue
        place = os.path.realpath(target.path)
        if place in seen:
            raise InputError(f"{target.option} {target.path}: is the path of {seen[place]}, too")
        seen[place] = target.option
        if isinstance(target.kind, FolderKind):
            _check_folder(target.option, target.path, target.kind)
        else:
            _check_file(target.option, target.path, target.kind)


def file_of(path: Path | None) -> Path | None:
    """The file that an option names; None if it is not given or is standard output."""
    return None if path == STDOUT else path


def check_free(*paths: Path) -> None:
    """Check that nothing is at paths that are about to be written.

    Raises:
        InputError: something is.
    """
    for path in paths:
        if os.path.lexists(path):  # a dangling link would be replaced too
            raise InputError(f"{path}: is there already; give another --out, or remove it")


@contextlib.contextmanager
def started(folder: Path, *slight: str) -> Iterator[None]:
    """Remove a new folder if an InputError stops the work at its start.

    Args:
        folder: of the work; it is kept if anything is in it now.
        slight: names of files that hold no work yet, such as a config.
    """
    made = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
    is_new = not (folder.is_dir() and any(folder.iterdir()))
    try:
        yield
    except InputError:
        if is_new:
            with contextlib.suppress(OSError):
                _take_away(folder, slight)
                for place in made:
                    place.rmdir()
        raise


@contextlib.contextmanager
def claimed(folder: Path, command: str) -> Iterator[None]:
    """Mark a folder as made by `command`, unless the work stops at its start (`started`).

    Raises:
        InputError: the folder cannot be written to.
    """
    with started(folder, CLAIM):
        write_atomically(folder / CLAIM, claim_of(command))
        yield


def _take_away(folder: Path, slight: Sequence[str]) -> None:
    """Empty a folder that contains only `slight` files, also in folders."""
    inside = sorted(folder.rglob("*"), reverse=True)  # contents before their folder
    if all(path.name in slight or path.is_dir() for path in inside):
        for path in inside:
            path.rmdir() if path.is_dir() else path.unlink()


def _check_stdout(target: Target) -> None:
    if isinstance(target.kind, FolderKind) or not target.kind.on_stdout:
        raise InputError(f"{target.option} -: standard output is for --json alone; name a path")


def _check_file(option: str, path: Path, kind: FileKind) -> None:
    _check_one(option, path, kind)
    place = Path(os.path.realpath(path))
    for ending in kind.beside:
        _check_one(option, place.with_suffix(ending), BESIDE[ending])
    _check_writable(option, place.parent)


def _check_one(option: str, path: Path, kind: FileKind) -> None:
    found = _looked_at(option, path)
    if found is None:
        return
    if not stat.S_ISREG(found.st_mode):
        hint = ", or - for standard output" if kind.on_stdout else ""
        empty = "an empty path or " if path == Path() else ""
        raise InputError(
            f"{option} {path}: is {empty}{kind_of(found.st_mode)}, no place for a {kind.name}; "
            f"give another path{hint}"
        )
    if not recognised(path, kind):
        raise InputError(
            f"{option} {path}: is there already, and no {kind.name} of leo-bench; give another "
            "path, or remove it"
        )


def recognised(path: Path, kind: FileKind) -> bool:
    """Whether a regular file is of a kind.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return kind.recognises(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def _check_folder(option: str, path: Path, kind: FolderKind) -> None:
    found = _looked_at(option, path)
    if found is None:
        _check_writable(option, path)
        return
    if not stat.S_ISDIR(found.st_mode):
        raise InputError(
            f"{option} {path}: is {kind_of(found.st_mode)}, and a folder is wanted; give another "
            "path"
        )
    try:
        is_empty = all(inner.name.startswith(".") for inner in path.iterdir())
        is_ours = kind.recognises(path)
    except OSError as error:
        raise InputError(f"{option} {path}: cannot be read: {error.strerror or error}") from None
    if not (is_empty or is_ours):
        raise InputError(
            f"{option} {path}: is not empty, and no {kind.name}; give a new or empty folder"
        )
    _check_writable(option, path)


def _looked_at(option: str, path: Path) -> os.stat_result | None:
    """The `stat` of what is at `path`, links followed; None: nothing."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{option} {path}: cannot be written: {reason}") from None


def _check_writable(option: str, folder: Path) -> None:
    """Check that files can be made in a folder, or in the closest one above that exists."""
    place = Path(os.path.realpath(folder))
    while not place.exists():
        place = place.parent
    probe = place / f".leo-bench-{os.getpid()}"
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"{option}: {place} cannot be written to: {error.strerror or error}"
        ) from None
