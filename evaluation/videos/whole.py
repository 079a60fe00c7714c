"""Whether a container file reaches the end that it states, from its outermost structure alone.

A file cut off by an interrupted copy often still opens, counts and decodes, up to the cut; and a
cut between two pictures of a stream with B-frames even drops a frame from the middle. So the length
that the format states is checked against the length that the file has, before anything is decoded.
So are the checksums of MKV (`evaluation.videos.matroska`) and of APNG.
"""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from leo_bench.evaluation.videos.matroska import EBML, matroska
from leo_bench.evaluation.videos.structure import NotWholeError, cut, take

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_PNG = b"\x89PNG\r\n\x1a\n"
_PS_PACK = b"\x00\x00\x01\xba"


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
    if head.startswith(EBML):
        return matroska
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
        head = take(file, 8)
        length, kind, used = int.from_bytes(head[:4], "big"), head[4:], 8
        if length == 0:  # "to the end of the file"; zeros that pad the end read the same
            kinds.add(kind)
            break
        if length == 1:
            length, used = int.from_bytes(take(file, 8), "big"), 16
        if length < used or not all(32 <= byte < 127 or byte == 0xA9 for byte in kind):
            break  # not a box: something was appended behind the last one
        kinds.add(kind)
        at += length
        if at > size:
            raise cut(at, size)
    if b"moov" not in kinds:
        raise NotWholeError("the file has no index (moov box): it was cut off or never finished")
    return b"moof" not in kinds  # fragments follow each other with no total


def _riff(file: BinaryIO, size: int) -> bool:
    """AVI: one RIFF chunk, or several of up to 1 GB each (OpenDML)."""
    at = 0
    while at < size:
        file.seek(at)
        if at and file.read(4) != b"RIFF":
            break  # something was appended
        file.seek(at + 4)
        length = int.from_bytes(take(file, 4), "little")
        if length in (0, 0xFFFFFFFF):
            return False
        at += 8 + length
        if at > size:
            raise cut(at, size)
    return True


def _asf(file: BinaryIO, size: int) -> bool:
    """WMV: objects of stated size (Advanced Systems Format specification, 2.1)."""
    at = 0
    for _ in range(2):  # the header, and the data; an index may follow, or junk
        file.seek(at + 16)
        length = int.from_bytes(take(file, 8), "little")
        if length < 24:
            return False
        at += length
        if at > size:
            raise cut(at, size)
    return True


def _gif(file: BinaryIO, size: int) -> bool:
    """GIF: blocks up to the trailer (GIF89a specification, appendix A)."""

    def colour_table(packed: int) -> None:
        if packed & 0x80:
            take(file, 3 << (packed & 7) + 1)

    def sub_blocks() -> None:
        while length := take(file, 1)[0]:
            take(file, length)

    colour_table(take(file, 13)[10])
    while True:
        kind = take(file, 1)
        if kind == b"\x3b":
            return True
        if kind == b"\x2c":
            colour_table(take(file, 9)[8])
            take(file, 1)
        elif kind == b"\x21":
            take(file, 1)
        else:
            raise NotWholeError(f"no GIF block at byte {file.tell() - 1:,} of {size:,}")
        sub_blocks()


def _png(file: BinaryIO, size: int) -> bool:
    """APNG: chunks up to IEND, each with a CRC-32 of its kind and content (PNG, 5.3)."""
    at = len(_PNG)
    while True:
        file.seek(at)
        length, kind = int.from_bytes(take(file, 4), "big"), take(file, 4)
        if at + 12 + length > size:
            raise cut(at + 12 + length, size)
        if zlib.crc32(kind + take(file, length)) != int.from_bytes(take(file, 4), "big"):
            raise NotWholeError(f"damaged: the checksum of the chunk at byte {at:,} differs")
        at += 12 + length
        if kind == b"IEND":
            return True


def _mpeg_program_stream(file: BinaryIO, size: int) -> bool:
    """MPG: packets of stated size (ISO/IEC 13818-1, 2.5). Whole ones may be missing: no total."""
    at = 0
    while at + 4 <= size:
        file.seek(at)
        start = take(file, 4)
        if start == b"\x00\x00\x01\xb9" or start[:3] != b"\x00\x00\x01" or start[3] < 0xB9:
            break  # the end code, or something that was appended
        if start == _PS_PACK:
            head = take(file, 10)
            at += 14 + (head[9] & 7) if head[0] >> 6 == 1 else 12  # MPEG-2, MPEG-1
        else:
            at += 6 + int.from_bytes(take(file, 2), "big")
    if at > size:
        raise cut(at, size)
    return False


def _endless(file: BinaryIO, size: int) -> bool:
    """FLV and MPEG-TS are made for streaming: any beginning of one looks whole."""
    raise NotWholeError(
        "FLV and MPEG-TS cannot be told from a cut-off one; copy the stream unchanged into .mkv"
    )
