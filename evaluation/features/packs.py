"""Packs: files to which the features of many videos are appended, a record a video.

A record is a frame, the video's digest, and the bytes of a safetensors file, each tensor of which
is one clip. The frame holds the lengths of both and a checksum over the key, the digest and the
bytes, and has a checksum of its own: so records can be counted without being read, and no record is
taken for another's. A record that is not whole at the end of a pack is no damage: its writer is at
work, or was killed.
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import safetensors
import torch
from safetensors.torch import load, save
from torch import Tensor

SUFFIX = ".pack"

_MAGIC = b"LBp1"
_FRAME = struct.Struct(">4sHI32sI")  # magic; bytes of digest and of tensors; SHA-256; CRC-32
_BUFFER = 1 << 16  # bytes read at once

_deserialize: Callable[[bytes], list[tuple[str, dict[str, Any]]]] = safetensors.deserialize


class PackError(Exception):
    """What stands in a pack is not what was written there."""


class Record(NamedTuple):
    """Where a record stands in its pack."""

    digest: str
    begin: int
    end: int


def packed(key: str, digest: str, content: bytes) -> bytes:
    """A record.

    Args:
        key: under which the pack is.
        digest: of the video.
        content: as `content_of` gives it.
    """
    name = digest.encode()
    head = _FRAME.pack(_MAGIC, len(name), len(content), _seal(key, name, content), 0)[:-4]
    return head + zlib.crc32(head).to_bytes(4, "big") + name + content


def content_of(clips: Mapping[str, Tensor]) -> bytes:
    """The bytes of named tensors."""
    return save({name: tensor.contiguous() for name, tensor in clips.items()})


def clips_of(content: bytes) -> dict[str, Tensor]:
    """The inverse of `content_of`.

    Raises:
        safetensors.SafetensorError, ValueError: the bytes are something else.
    """
    found = {}
    for name, view in _deserialize(content):
        if view["dtype"] != "F32" or not view["data"]:
            return load(content)  # takes every kind, in three times the time
        found[name] = torch.frombuffer(view["data"], dtype=torch.float32).reshape(view["shape"])
    return found


def opened(path: Path) -> BinaryIO:
    """A pack to read from.

    Raises:
        OSError: it cannot be opened.
    """
    return path.open("rb", buffering=_BUFFER)


def begin(path: Path) -> None:
    """Make a pack without records.

    Raises:
        OSError: it cannot be made, or something is there.
    """
    path.open("xb").close()


def append(path: Path, record: bytes) -> None:
    """Write a record at the end of a pack, and close the file.

    Raises:
        FileNotFoundError: there is no pack.
        OSError: it cannot be written; then the pack is as before.
    """
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        before, rest = os.fstat(file).st_size, memoryview(record)
        try:
            while rest:
                rest = rest[os.write(file, rest) :]
        except OSError:
            os.ftruncate(file, before)
            raise
    finally:
        os.close(file)  # on a network file system this is when others see the record


def records(file: BinaryIO, begin: int) -> Iterator[Record]:
    """The whole records from `begin` on; their contents are not read.

    Raises:
        PackError: what stands there is no record.
        OSError: the file cannot be read.
    """
    size = os.fstat(file.fileno()).st_size
    file.seek(begin)
    while len(frame := file.read(_FRAME.size)) == _FRAME.size:
        of_name, of_content, _ = _lengths_and_seal(frame)
        name, end = file.read(of_name), begin + _FRAME.size + of_name + of_content
        if end > size:
            return
        yield Record(_text(name), begin, end)
        file.seek(end)
        begin = end


def read_record(file: BinaryIO, key: str, begin: int) -> bytes:
    """The content of the record that begins there.

    Raises:
        PackError: it is not what was written.
        OSError: the file cannot be read.
    """
    file.seek(begin)
    of_name, of_content, seal = _lengths_and_seal(file.read(_FRAME.size))
    name, content = file.read(of_name), file.read(of_content)
    if seal != _seal(key, name, content):
        raise PackError
    return content


def _lengths_and_seal(frame: bytes) -> tuple[int, int, bytes]:
    if len(frame) < _FRAME.size:
        raise PackError
    magic, of_name, of_content, seal, crc = _FRAME.unpack(frame)
    if magic != _MAGIC or crc != zlib.crc32(frame[:-4]):
        raise PackError
    return of_name, of_content, seal


def _seal(key: str, name: bytes, content: bytes) -> bytes:
    return hashlib.sha256(b"\0".join((key.encode(), name, content))).digest()


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise PackError from None
