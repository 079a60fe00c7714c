"""Verifies the checksums of FFV1 packets before they are decoded.

libavcodec reports a wrong checksum in its log only, and takes the slice from the picture decoded
last: pixels would depend on what was read before.

RFC 9043: a packet is a sequence of slices (4.4). Each ends in its length (3 bytes) and, where the
stream has checksums, a status byte and a CRC-32 of polynomial 0x04C11DB7, not reflected, that makes
the CRC of slice and footer 0 (4.9.3). Version 0 and 1 have neither such footers nor a configuration
record.
"""

import zlib
from typing import Literal, SupportsBytes

Finding = Literal["sound", "no checksums", "damaged"]

_SIZE, _STATUS_AND_CRC = 3, 5  # bytes
_ALL_ONES = 0xFFFFFFFF
# Where a CRC begins, and what it must come to: 0; in libavcodec's version 4 (`slicecrc=2`) this.
_BEGINNINGS = (0, int(f"{0x79408C7A:032b}"[::-1], 2))
# zlib's CRC-32 has the same polynomial, but takes the lowest bit of each byte first.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class SliceChecks:
    """The checksums of one stream, packet by packet.

    Args:
        record: the stream's configuration record (4.3); empty where it has none (version 0 and 1).
    """

    def __init__(self, record: bytes) -> None:
        self._record = record
        self._record_is_sound = len(record) > _STATUS_AND_CRC and _agrees(record)
        self._seen: set[Finding] = set()

    def __call__(self, packet: SupportsBytes) -> str | None:
        """The error in a packet; None: its checksums agree, or there are none."""
        if not self._record:
            return None
        if not self._record_is_sound:
            return "the checksum of FFV1's configuration record differs"
        self._seen.add(look_at(bytes(packet)))
        if "damaged" in self._seen or len(self._seen) > 1:
            self._seen.discard("damaged")
            return "the checksum of an FFV1 slice differs"
        return None

    @property
    def tell(self) -> bool:
        """Whether the packets so far have checksums."""
        return "sound" in self._seen


def look_at(packet: bytes) -> Finding:
    """Check the footers of a packet of version 3."""
    found = _footers(packet, _SIZE + _STATUS_AND_CRC)
    if found is not None:
        sound = all(_agrees(part) and part[-_STATUS_AND_CRC] == 0 for part in found)
        return "sound" if sound else "damaged"
    return "damaged" if _footers(packet, _SIZE) is None else "no checksums"


def _footers(packet: bytes, footer: int) -> list[bytes] | None:
    """The slices of a packet, the last one first; None if their lengths do not add up."""
    slices, end = [], len(packet)
    while end > 0:
        if end < footer:
            return None
        at = end - footer
        length = int.from_bytes(packet[at : at + _SIZE], "big")
        start = at - length
        if start < 0 or length == 0:
            return None
        slices.append(packet[start:end])
        end = start
    return slices or None


def _agrees(data: bytes) -> bool:
    bits = data.translate(_REVERSED)
    return any(zlib.crc32(bits, at ^ _ALL_ONES) ^ _ALL_ONES == at for at in _BEGINNINGS)
