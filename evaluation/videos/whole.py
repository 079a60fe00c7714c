"""Whether a video file is whole: it reaches the end that its outermost structure states.

A file cut off by an interrupted copy often still opens, counts and decodes, up to the cut; and a
cut between two pictures of a stream with B-frames even drops a frame from the middle. So the length
that the format states is compared with the length of the file before anything is decoded.

Checksums are compared too: the CRC-32 of every chunk of an APNG, and in MKV and WebM the CRC-32
with which an element may begin (RFC 8794, 11.3.1). FFmpeg writes one into every Cluster, the
description of the tracks and the indices, so that a changed bit anywhere in the pictures, their
times or their order is found.
"""

import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_PNG = b"\x89PNG\r\n\x1a\n"
_PS_PACK = b"\x00\x00\x01\xba"
_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_CRC_32 = b"\xbf\x84"  # its identifier, and its size: 4 bytes
_CHUNK = 1 << 20

# The elements of a Segment (RFC 9559, 5.1); any other identifier means damage.
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


class NotWholeError(Exception):
    """The file ends before the end that it states, is damaged, or its kind states no end at all."""


def states_its_length(path: Path) -> bool:
    """True where the file says how long it is and is; False where it does not say.

    Raises:
        NotWholeError: it is shorter than it says, broken in its outermost structure, or of a kind
            that a cut would not show in.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if size == 0:
        raise NotWholeError("the file is empty")
    with path.open("rb") as file:
        head = file.read(16)
        file.seek(0)
        check = _check_for(head)
        return False if check is None else check(file, size)


def _check_for(head: bytes) -> Callable[[BinaryIO, int], bool] | None:
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"):
        return _iso_boxes
    if head.startswith(_EBML):
        return _matroska
    if head.startswith(b"RIFF"):
        return _riff
    if head == _ASF:
        return _asf
    if head.startswith((b"GIF87a", b"GIF89a")):
        return _gif
    if head.startswith(_PNG):
        return _png
    if head.startswith(_PS_PACK):
        return _mpeg_program_stream
    if head.startswith(b"FLV") or head[:1] == b"\x47":
        return _endless
    return None


def _iso_boxes(file: BinaryIO, size: int) -> bool:
    """MP4, MOV, 3GP: boxes of stated size, one after the other (ISO/IEC 14496-12, 4.2)."""
    kinds, at = set(), 0
    while at < size:
        file.seek(at)
        head = _take(file, 8)
        length, kind, used = int.from_bytes(head[:4], "big"), head[4:], 8
        if length == 0:  # "to the end of the file"; zeros that pad the end read the same
            kinds.add(kind)
            break
        if length == 1:
            length, used = int.from_bytes(_take(file, 8), "big"), 16
        if length < used or not all(32 <= byte < 127 or byte == 0xA9 for byte in kind):
            break  # not a box: something was appended behind the last one
        kinds.add(kind)
        at += length
        if at > size:
            raise _cut(at, size)
    if b"moov" not in kinds:
        raise NotWholeError("the file has no index (moov box): it was cut off or never finished")
    return b"moof" not in kinds  # fragments follow each other with no total


def _matroska(file: BinaryIO, size: int) -> bool:
    """MKV, WebM: elements of stated size, one Segment (RFC 8794, RFC 9559)."""
    head = _length(file, _EBML, size)
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
    if _take(file, len(identifier)) != identifier:
        raise NotWholeError("the file's outermost structure is broken (no Segment)")
    length = _size(file, "Segment")
    if length is not None and file.tell() + length > size:
        raise _cut(file.tell() + length, size)
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
        if length >= 6 and _take(file, 2) == _CRC_32:
            stated = int.from_bytes(_take(file, 4), "little")
            if _crc32(file, length - 6) != stated:
                raise NotWholeError(f"damaged: the checksum of the {part} at byte {at:,} differs")
        file.seek(inside + length)


def _crc32(file: BinaryIO, count: int) -> int:
    value = 0
    while count:
        piece = _take(file, min(count, _CHUNK))
        value = zlib.crc32(piece, value)
        count -= len(piece)
    return value


def _identifier(file: BinaryIO) -> bytes:
    first = _take(file, 1)
    return first + _take(file, max(0, 8 - first[0].bit_length()))


def _size(file: BinaryIO, part: str) -> int | None:
    """The number of bytes behind it that belong to an element; None: not known."""
    first = _take(file, 1)[0]
    length = 9 - first.bit_length()
    if length > 8:
        raise NotWholeError(f"the file's structure is broken (size of a {part})")
    rest = int.from_bytes(_take(file, length - 1), "big")
    value = ((first & (0xFF >> length)) << 8 * (length - 1)) | rest
    return None if value == (1 << 7 * length) - 1 else value


def _riff(file: BinaryIO, size: int) -> bool:
    """AVI: one RIFF chunk, or several of up to 1 GB each (OpenDML)."""
    at = 0
    while at < size:
        file.seek(at)
        if at and file.read(4) != b"RIFF":
            break  # something was appended
        file.seek(at + 4)
        length = int.from_bytes(_take(file, 4), "little")
        if length in (0, 0xFFFFFFFF):
            return False
        at += 8 + length
        if at > size:
            raise _cut(at, size)
    return True


def _asf(file: BinaryIO, size: int) -> bool:
    """WMV: objects of stated size (Advanced Systems Format specification, 2.1)."""
    at = 0
    for _ in range(2):  # the header, and the data; an index may follow, or junk
        file.seek(at + 16)
        length = int.from_bytes(_take(file, 8), "little")
        if length < 24:
            return False
        at += length
        if at > size:
            raise _cut(at, size)
    return True


def _gif(file: BinaryIO, size: int) -> bool:
    """GIF: blocks up to the trailer (GIF89a specification, appendix A)."""

    def colour_table(packed: int) -> None:
        if packed & 0x80:
            _take(file, 3 << (packed & 7) + 1)

    def sub_blocks() -> None:
        while length := _take(file, 1)[0]:
            _take(file, length)

    colour_table(_take(file, 13)[10])
    while True:
        kind = _take(file, 1)
        if kind == b"\x3b":
            return True
        if kind == b"\x2c":
            colour_table(_take(file, 9)[8])
            _take(file, 1)
        elif kind == b"\x21":
            _take(file, 1)
        else:
            raise NotWholeError(f"no GIF block at byte {file.tell() - 1:,} of {size:,}")
        sub_blocks()


def _png(file: BinaryIO, size: int) -> bool:
    """APNG: chunks up to IEND, each with a CRC-32 of its kind and content (PNG, 5.3)."""
    at = len(_PNG)
    while True:
        file.seek(at)
        length, kind = int.from_bytes(_take(file, 4), "big"), _take(file, 4)
        if at + 12 + length > size:
            raise _cut(at + 12 + length, size)
        if zlib.crc32(kind + _take(file, length)) != int.from_bytes(_take(file, 4), "big"):
            raise NotWholeError(f"damaged: the checksum of the chunk at byte {at:,} differs")
        at += 12 + length
        if kind == b"IEND":
            return True


def _mpeg_program_stream(file: BinaryIO, size: int) -> bool:
    """MPG: packets of stated size (ISO/IEC 13818-1, 2.5). Whole ones may be missing: no total."""
    at = 0
    while at + 4 <= size:
        file.seek(at)
        start = _take(file, 4)
        if start == b"\x00\x00\x01\xb9" or start[:3] != b"\x00\x00\x01" or start[3] < 0xB9:
            break  # the end code, or something that was appended
        if start == _PS_PACK:
            head = _take(file, 10)
            at += 14 + (head[9] & 7) if head[0] >> 6 == 1 else 12  # MPEG-2, MPEG-1
        else:
            at += 6 + int.from_bytes(_take(file, 2), "big")
    if at > size:
        raise _cut(at, size)
    return False


def _endless(file: BinaryIO, size: int) -> bool:
    """FLV and MPEG-TS are made for streaming: any beginning of one looks whole."""
    raise NotWholeError(
        "FLV and MPEG-TS cannot be told from a cut-off one; copy the stream unchanged into .mkv"
    )


def _take(file: BinaryIO, count: int) -> bytes:
    """The next `count` bytes.

    Raises:
        NotWholeError: there are fewer.
    """
    data = file.read(count)
    if len(data) < count:
        raise NotWholeError(f"the file ends in mid-structure, at byte {file.tell():,}")
    return data


def _cut(stated: int, size: int) -> NotWholeError:
    """Of a file that states more bytes than it has."""
    return NotWholeError(f"the file is cut off: {size:,} bytes of the {stated:,} that it states")
