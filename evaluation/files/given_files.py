"""Reads files that a user gives: regular files of bounded size and nesting; TOML and text.

Records, protocols, lists and tables may come from strangers. A pipe would block for ever, a link to
/dev/zero would fill the memory, and a document of 100,000 brackets would end in a traceback: each
gives a one-line error instead. JSON: `evaluation.files.json_files`. Does not import torch.
"""

import os
import re
import stat
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from leo_bench.evaluation.errors import InputError

MAX_TEXT_BYTES = 256 * 2**20  # of a record, a list or a table; usual ones have a few MiB
MAX_TOML_BYTES = 4 * 2**20  # Python's parser takes a second for each MiB
MAX_DEPTH = 64  # of nested brackets; this project's files have 6 at most

_SHOWN = 120  # characters of foreign text in one message

# The time of Python's TOML parser is quadratic in the number of a key's parts.
_LONG_KEY = re.compile(rf"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')\s*\.\s*){{{MAX_DEPTH}}}""")


def check_regular(path: Path) -> os.stat_result:
    """Check that a path is a regular file, before another library opens it -> its `stat`.

    Links are followed.

    Raises:
        InputError: nothing is there, or a folder, a pipe or a device.
    """
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    _refuse_what_is_no_file(path, found)
    return found


def read_given(path: Path, most: int = MAX_TEXT_BYTES) -> bytes:
    """All bytes of a file.

    Args:
        path: the file, or a link to it.
        most: largest number of bytes allowed.

    Raises:
        InputError: nothing is there; it cannot be read, is no regular file, or is too large.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            found = os.fstat(file.fileno())
            _refuse_what_is_no_file(path, found)
            content = file.read(most + 1) if found.st_size <= most else b""
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if max(found.st_size, len(content)) > most:
        raise InputError(f"{path}: over {most:,} bytes, which is more than such a file can have")
    return content


def read_given_text(path: Path, most: int = MAX_TEXT_BYTES) -> str:
    """A file's text, UTF-8, without a leading byte order mark.

    Raises:
        InputError: as `read_given`, or it is not UTF-8.
    """
    try:
        return read_given(path, most).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not UTF-8 text: {error.reason} at byte {error.start:,}"
        ) from None


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        InputError: as `read_given_text`; not TOML; nested more than MAX_DEPTH deep.
    """
    text = read_given_text(path, MAX_TOML_BYTES)
    try:
        if _LONG_KEY.search(text):
            raise RecursionError
        found = tomllib.loads(text)
        _check_depth(found)
    except RecursionError:
        raise InputError(f"{path}: nested too deep; {MAX_DEPTH} levels are read") from None
    except ValueError as error:  # TOMLDecodeError, or an integer of thousands of digits
        raise InputError(f"{path}: not a TOML file: {shortened(error)}") from None
    return found


def shortened(what: object, most: int = _SHOWN) -> str:
    """Foreign text for a message: one line of at most `most` characters."""
    line = " ".join(str(what).split()) or type(what).__name__
    return line if len(line) <= most else f"{line[: most - 3]}..."


def listed(names: Iterable[str], most: int = _SHOWN) -> str:
    """Names for a message, joined by commas; a long list is cut and its length given."""
    found = list(names)
    whole = ", ".join(found)
    if len(whole) <= most:
        return whole
    shown = [found[0]]
    while len(shown) < len(found) and len(", ".join(shown)) + len(found[len(shown)]) + 2 <= most:
        shown.append(found[len(shown)])
    return f"{shortened(', '.join(shown), most)}, ... ({len(found):,} in all)"


def _without_waiting(path: str, flags: int) -> int:
    """An opener for `open` that does not wait for a pipe's writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _unreadable(path: Path, error: OSError | ValueError) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError(f"{path}: no such file")
    return InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}")


def _refuse_what_is_no_file(path: Path, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path}: cannot be read: Is a directory")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path}: is a pipe or a device, not a file: copy what it holds into one")


def _check_depth(found: object) -> None:
    """Check, without recursion, that tables and lists are nested at most MAX_DEPTH deep.

    Raises:
        RecursionError: they are not.
    """
    waiting = [(found, 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            if depth >= MAX_DEPTH:
                raise RecursionError
            waiting += [(inner, depth + 1) for inner in value]
