"""Bounds the number of members of a zip file from its end record, before it is opened.

Python's reader takes seconds and a gigabyte for a directory of a million members. The end record
states their number (PKWARE APPNOTE 4.3.14 to 4.3.16).
"""

from pathlib import Path
from typing import BinaryIO, NamedTuple

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import check_regular

_END, _END_BYTES = b"PK\x05\x06", 22
_LOCATOR, _LOCATOR_BYTES = b"PK\x06\x07", 20
_END_64, _END_64_BYTES = b"PK\x06\x06", 56
_LONGEST_COMMENT = 0xFFFF
_CENTRAL, _LOCAL = 46, 30  # bytes of a member's two headers, without its name

_MANY = 100_000  # members, above which they need content
_LEAST_BYTES = 64  # a member then has on average: the smallest PNG has 67


class _End(NamedTuple):
    members: int
    directory: int  # bytes of the central directory
    size: int  # of the file


def check_members(path: Path, most: int) -> None:
    """Check that a zip file has at most `most` members.

    A file without an end record passes: opening it raises the error.

    Raises:
        InputError: not a regular file; more members than `most`; very many empty members.
    """
    check_regular(path)
    try:
        with path.open("rb") as file:
            end = _end_of(file)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if end is None:
        return
    if end.members > most:
        raise InputError(f"{path}: {end.members:,} members; at most {most:,} are read")
    names = end.directory - _CENTRAL * end.members
    values = end.size - end.directory - names - _LOCAL * end.members
    if end.members > _MANY and values < _LEAST_BYTES * end.members:
        raise InputError(f"{path}: {end.members:,} members, most of which hold next to nothing")


def _end_of(file: BinaryIO) -> _End | None:
    size = file.seek(0, 2)
    start = file.seek(max(0, size - _END_BYTES - _LONGEST_COMMENT))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        return None
    members = int.from_bytes(tail[at + 10 : at + 12], "little")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    file.seek(max(0, start + at - _LOCATOR_BYTES))
    locator = file.read(_LOCATOR_BYTES)
    if locator.startswith(_LOCATOR):
        file.seek(int.from_bytes(locator[8:16], "little"))
        end = file.read(_END_64_BYTES)
        if end.startswith(_END_64):
            members = int.from_bytes(end[32:40], "little")
            directory = int.from_bytes(end[40:48], "little")
    return _End(members, directory, size)
