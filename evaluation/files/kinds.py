"""The kinds of files and folders that leo-bench writes, each recognised by its content.

Content decides what a command may replace or continue, never a name. Does not import torch.
"""

import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

CLAIM = ".leo-bench"  # file in a folder that names the command that made the folder

_LARGEST_RECORD = 1 << 28  # bytes; larger files are never records
_PROVENANCE = {"comparable", "caveats", "created", "versions", "commit", "dirty", "request"}
_HEAD = 4096  # bytes at a file's begin that identify it
FEATURES_MARK = "leo_bench.npy"  # in a file of features or statistics: how they were made
OLD_FEATURES = {"features.npy", "videos.npy"}  # all that is in one without the mark


@dataclass(frozen=True)
class FileKind:
    """A kind of file that leo-bench writes.

    Args:
        name: in messages: "record".
        recognises: whether a regular file is one.
        beside: endings (of `BESIDE`) of files written with it: `x.videos.csv` beside `x.json`.
        on_stdout: whether the path "-" means standard output.
    """

    name: str
    recognises: Callable[[Path], bool]
    beside: Sequence[str] = ()
    on_stdout: bool = False


@dataclass(frozen=True)
class FolderKind:
    """A kind of folder that a command makes and continues.

    Args:
        name: in messages: "folder of samples".
        recognises: whether a folder is one; a folder of hidden files only is always accepted.
    """

    name: str
    recognises: Callable[[Path], bool]


def made_by(command: str, *marks: str) -> FolderKind:
    """Folders that `files.targets.claimed` has marked, or that contain one of these files."""

    def recognises(folder: Path) -> bool:
        if _head(folder / CLAIM) == claim_of(command):
            return True
        return any((folder / mark).is_file() for mark in marks)

    return FolderKind(f"folder of `leo-bench {command}`", recognises)


def claim_of(command: str) -> bytes:
    """Content of the file CLAIM."""
    return f"leo-bench {command}\n".encode()


def _head(path: Path) -> bytes:
    """The first bytes of a file; b"" where there is none."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(_HEAD)


def _is_record(path: Path) -> bool:
    if path.stat().st_size > _LARGEST_RECORD:
        return False
    try:
        return _is_made_here(json.loads(path.read_bytes()))
    except (ValueError, RecursionError):
        return False


def is_cut_off(path: Path) -> bool:
    """Whether a file begins like a record and is incomplete JSON."""
    if not _head(path).startswith(b"{"):
        return path.stat().st_size == 0
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return True
    return False


def _is_made_here(content: object) -> bool:
    """Whether JSON is a result of leo-bench: a record, a document of records, or a list."""
    if isinstance(content, list):
        return bool(content) and all(map(_is_made_here, content))
    if not isinstance(content, dict):
        return False
    if content.keys() >= _PROVENANCE:
        return True
    return any(_is_made_here(content.get(key)) for key in ("records", "record", "extra"))


def _begins(*starts: bytes) -> Callable[[Path], bool]:
    return lambda path: _head(path).startswith(starts)


def _says(*words: bytes) -> Callable[[Path], bool]:
    return lambda path: all(word in _head(path) for word in words)


def members(path: Path) -> set[str]:
    """Names in a zip file; none if it is not a zip file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return set()


def _is_features(path: Path) -> bool:
    names = members(path)
    return FEATURES_MARK in names or names == OLD_FEATURES


def _is_bundle(path: Path) -> bool:
    names = members(path)
    return "manifest.json" in names and any(name.startswith("records/") for name in names)


def _holds_records(folder: Path) -> bool:
    if b"origin = " in _head(folder / "models.toml"):
        return True
    for depth in ("*.json", "*/*.json", "*/*/*.json"):
        if any(path.is_file() and _is_record(path) for path in folder.glob(depth)):
            return True
    return False


INFLUENCES = FileKind("table of influences", _begins(b"side,video,influence,in_halves\n"))
REPEATS = FileKind("table of repeats", _begins(b"video,start,of,lag,tempo,alike\n"))
VOTES = FileKind("table of votes", _begins(b"rater,slot,position,item,role,"))
RATERS = FileKind("table of raters", _begins(b"rater,slot,way,finished,"))
BESIDE = {".videos.csv": INFLUENCES, ".repeats.csv": REPEATS}  # what lies beside records
DOCUMENT = FileKind("record", _is_record, on_stdout=True)
RECORD = FileKind("record", _is_record, (".videos.csv",), on_stdout=True)
REPETITION = FileKind("record", _is_record, (".videos.csv", ".repeats.csv"), on_stdout=True)
FEATURES = FileKind("file of features", _is_features)
BUNDLE = FileKind("bundle", _is_bundle)
PAGE = FileKind("page", _says(b'<meta name="generator" content="leo-bench">'))
PICTURE = FileKind("picture", _says(b"\x89PNG\r\n\x1a\n", b"Software\0leo-bench"))
MARKDOWN = FileKind("Markdown", _begins(b"### leo-bench: ", b"<!-- leo-bench -->\n"))
ANY_TEXT = FileKind("text", lambda _path: True)  # that is added to, not replaced
JUNIT = FileKind("JUnit file", _says(b'<testsuite name="leo-bench regress"'))
RECORDS = FolderKind("folder of records", _holds_records)
NEW = FolderKind("folder to go on with", lambda _folder: False)  # nothing, or nothing in it
