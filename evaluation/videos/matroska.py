"""The structure of MKV and WebM: whether a file reaches its end, and its checksums agree.

An element may begin with a CRC-32 of the rest of it (RFC 8794, 11.3.1). FFmpeg writes one into
every Cluster, the description of the tracks and the indices, so that a changed bit anywhere in the
pictures, their times or their order is seen before anything is decoded.
"""

import os
import zlib
from typing import BinaryIO

from leo_bench.evaluation.videos.structure import NotWholeError, cut, take

EBML = b"\x1a\x45\xdf\xa3"

_SEGMENT = b"\x18\x53\x80\x67"
_CRC_32 = b"\xbf\x84"  # its identifier, and its size: 4 bytes
_CHUNK = 1 << 20

# What a Segment is made of (RFC 9559, 5.1). A damaged identifier hides what is in the element.
_PARTS = {
    bytes.fromhex("114d9b74"): "SeekHead",
    bytes.fromhex("1549a966"): "Info",
    bytes.fromhex("1654ae6b"): "Tracks",
    bytes.fromhex("1043a770"): "Chapters",
    bytes.fromhex("1f43b675"): "Cluster",
    bytes.fromhex("1c53bb6b"): "Cues",
    bytes.fromhex("1941a469"): "Attachments",
    bytes.fromhex("1254c367"): "Tags",
    b"\xec": "Void",
    b"\xbf": "CRC-32",
}


def matroska(file: BinaryIO, size: int) -> bool:
    """True where the file states its length and has it; False where it states none.

    Raises:
        NotWholeError: it is shorter, its structure is broken, or a checksum does not agree.
    """
    head = _length(file, EBML, size)
    if head is None:
        return False
    file.seek(head, os.SEEK_CUR)
    length = _length(file, _SEGMENT, size)
    if length is None:
        return False  # a live stream, or a writer that was killed
    _check_parts(file, file.tell() + length)
    return True


def _length(file: BinaryIO, identifier: bytes, size: int) -> int | None:
    """Bytes in the outermost element that begins here, which have to be there; None: not known."""
    if take(file, len(identifier)) != identifier:
        raise NotWholeError("the file's outermost structure is broken (no Segment)")
    length = _size(file, "Segment")
    if length is not None and file.tell() + length > size:
        raise cut(file.tell() + length, size)
    return length


def _check_parts(file: BinaryIO, end: int) -> None:
    while file.tell() < end:
        at = file.tell()
        part = _PARTS.get(_identifier(file))
        if part is None:
            raise NotWholeError(f"the file's structure is broken at byte {at:,}")
        length = _size(file, part)
        if length is None:
            return  # a Cluster that ends where the next begins: seen by decoding alone
        inside = file.tell()
        if inside + length > end:
            raise NotWholeError(f"the file's structure is broken: a {part} leaves its Segment")
        if length >= 6 and take(file, 2) == _CRC_32:
            stated = int.from_bytes(take(file, 4), "little")
            if _crc32(file, length - 6) != stated:
                raise NotWholeError(f"damaged: the checksum of the {part} at byte {at:,} differs")
        file.seek(inside + length)


def _crc32(file: BinaryIO, count: int) -> int:
    value = 0
    while count:
        piece = take(file, min(count, _CHUNK))
        value = zlib.crc32(piece, value)
        count -= len(piece)
    return value


def _identifier(file: BinaryIO) -> bytes:
    first = take(file, 1)
    return first + take(file, max(0, 8 - first[0].bit_length()))


def _size(file: BinaryIO, part: str) -> int | None:
    """The number of bytes behind it that belong to an element; None: not known."""
    first = take(file, 1)[0]
    length = 9 - first.bit_length()
    if length > 8:
        raise NotWholeError(f"the file's structure is broken (size of a {part})")
    rest = int.from_bytes(take(file, length - 1), "big")
    value = ((first & (0xFF >> length)) << 8 * (length - 1)) | rest
    return None if value == (1 << 7 * length) - 1 else value
