"""Files that a user gives, opened within bounds: regular, of a bounded size, of a bounded depth.

Records, protocols, lists and tables come from strangers, too. A pipe would wait for ever, a link to
/dev/zero fill the memory, and a document of 100,000 brackets end in a traceback: each is one line.
JSON: `evaluation.files.json_files`. Knows nothing of torch.
"""

import os
import re
import stat
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from leo_bench.evaluation.errors import InputError

MAX_TEXT_BYTES = 256 * 2**20  # of a record, a list or a table: the largest of ours take a few MiB
MAX_TOML_BYTES = 4 * 2**20  # written by hand; Python's reader takes a second for each MiB
MAX_DEPTH = 64  # of brackets in brackets: ours have 6 at most

_SHOWN = 120  # characters of foreign text in one message

# Python's reader of TOML takes a time of the square of a key's parts.
_LONG_KEY = re.compile(rf"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')\s*\.\s*){{{MAX_DEPTH}}}""")


def check_regular(path: Path) -> os.stat_result:
    """See that a file is one that can be read to its end, before something else opens it.

    Links are followed: what they lead to counts.

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
        most: bytes that it may have.

    Raises:
        InputError: nothing is there, it cannot be read, is no regular file, or too large.
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
    """All of a file as UTF-8 text; a mark of byte order at its begin is no part of it.

    Raises:
        InputError: as `read_given`, or it is no such text.
    """
    try:
        return read_given(path, most).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not UTF-8 text: {error.reason} at byte {error.start:,}"
        ) from None


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file.

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
    except ValueError as error:  # its own, and that of an integer of thousands of digits
        raise InputError(f"{path}: not a TOML file: {shortened(error)}") from None
    return found


def shortened(what: object, most: int = _SHOWN) -> str:
    """Foreign text for a message: one line of at most so many characters."""
    line = " ".join(str(what).split()) or type(what).__name__
    return line if len(line) <= most else f"{line[: most - 3]}..."


def listed(names: Iterable[str], most: int = _SHOWN) -> str:
    """Names for a message, joined by commas; of a long list the first, and how many there are."""
    found = list(names)
    whole = ", ".join(found)
    if len(whole) <= most:
        return whole
    shown = [found[0]]
    while len(shown) < len(found) and len(", ".join(shown)) + len(found[len(shown)]) + 2 <= most:
        shown.append(found[len(shown)])
    return f"{shortened(', '.join(shown), most)}, ... ({len(found):,} in all)"


def _without_waiting(path: str, flags: int) -> int:
    """As `open` opens, but for a pipe that nobody writes to."""
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
    """See that tables and lists are nested at most MAX_DEPTH deep, without recursion.

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
