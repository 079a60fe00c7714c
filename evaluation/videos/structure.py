"""What reading a file's structure shares: bytes that have to be there, and what to say if not."""

from typing import BinaryIO


class NotWholeError(Exception):
    """The file ends before the end that it states, is damaged, or its kind states no end at all."""


def take(file: BinaryIO, count: int) -> bytes:
    """The next `count` bytes.

    Raises:
        NotWholeError: there are fewer.
    """
    data = file.read(count)
    if len(data) < count:
        raise NotWholeError(f"the file ends in mid-structure, at byte {file.tell():,}")
    return data


def cut(stated: int, size: int) -> NotWholeError:
    """Of a file that states more bytes than it has."""
    return NotWholeError(f"the file is cut off: {size:,} bytes of the {stated:,} that it states")
