"""Segments: files of rows on scanned videos, written once, sorted by key, read in blocks.

Many processes and machines may write segments into one folder, also on a network file system: each
writes files of its own under a temporary name and renames them, so there is nothing to lock.

A segment begins with a line that tells the length and digest of the header. The header is a JSON
object: which reading the rows are of (`Layout.reading`), and first key, last key, length and digest
of each block. A block is a JSON object of columns. What many videos of a set have in common (size,
frames, codecs, notes, ...) is stored once a block. A block whose digest differs is not read; with a
damaged header the whole segment is not.
"""

import hashlib
import json
import os
import secrets
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, NamedTuple

from leo_bench.evaluation.files.atomic import write_atomically

ENDING = ".rows"

_MAGIC = b"leo-bench scanned videos 3"  # raised whenever the meaning of a stored field changes
_BLOCK = 1000  # rows
_MOST_HEADER_BYTES = 64 * 2**20


class Facts(NamedTuple):
    """What `stored.Stored` has besides names, state and digest; see there."""

    frames: int
    height: int
    width: int
    codecs: tuple[str, ...]
    times: str  # `Stored.index`
    notes: tuple[str, ...]
    rate: float | None
    turn: str
    span: tuple[float, float] | None


class Row(NamedTuple):
    """One video. Rows of one block that have equal facts share them."""

    key: str
    state: str
    digest: str
    facts: Facts


def write_segment(folder: Path, reading: str, rows: Iterable[Row]) -> Path:
    """Write a segment, whose name sorts behind those written before.

    Raises:
        InputError: it cannot be written.
    """
    in_order = sorted(rows, key=itemgetter(0))
    blocks = [in_order[i : i + _BLOCK] for i in range(0, len(in_order), _BLOCK)]
    contents = [_packed(block) for block in blocks]
    index = [
        (block[0].key, block[-1].key, len(content), _digest(content))
        for block, content in zip(blocks, contents, strict=True)
    ]
    header = json.dumps({"reading": reading, "blocks": index}).encode()
    first = b"%s %d %s\n" % (_MAGIC, len(header), _digest(header).encode())
    path = folder / f"{time.time_ns():020d}-{secrets.token_hex(8)}{ENDING}"
    write_atomically(path, b"".join([first, header, *contents]))
    return path


def read_segment(path: Path, reading: str, keys: Sequence[str] | None = None) -> Iterator[Row]:
    """The rows of a segment, but for blocks that are damaged.

    Args:
        path: its file.
        reading: a segment of another one has no rows here.
        keys: ascending; blocks that can have none of them are left out; None: all blocks.

    Raises:
        FileNotFoundError: another process has merged it into a larger one.
    """
    try:
        with path.open("rb") as file:
            for first, last, length, digest in _index(file, reading):
                at = 0 if keys is None else bisect_left(keys, first)
                if keys is not None and (at == len(keys) or keys[at] > last):
                    file.seek(length, os.SEEK_CUR)
                    continue
                content = file.read(length)
                if _digest(content) == digest:
                    yield from _unpacked(content)
    except FileNotFoundError:
        raise
    except OSError:
        return


def _index(file: IO[bytes], reading: str) -> list[tuple[str, str, int, str]]:
    """The header's blocks; none where it is damaged, or of another reading."""
    magic, _, rest = file.readline(len(_MAGIC) + 64).rstrip(b"\n").rpartition(_MAGIC + b" ")
    length, _, digest = rest.partition(b" ")
    if magic or not length.isdigit() or int(length) > _MOST_HEADER_BYTES:
        return []
    content = file.read(int(length))
    if _digest(content).encode() != digest:
        return []
    header = json.loads(content)
    return [tuple(block) for block in header["blocks"]] if header["reading"] == reading else []


def _packed(rows: Sequence[Row]) -> bytes:
    number: dict[Facts, int] = {}
    of_row = [number.setdefault(row.facts, len(number)) for row in rows]
    keys, states, digests, _ = zip(*rows, strict=True)
    columns = {"keys": keys, "states": states, "digests": digests}
    return json.dumps(columns | {"facts": of_row, "every": list(number)}).encode()


def _unpacked(content: bytes) -> Iterator[Row]:
    columns = json.loads(content)
    every = [_facts(values) for values in columns["every"]]
    rows = zip(
        columns["keys"], columns["states"], columns["digests"], columns["facts"], strict=True
    )
    for key, state, digest, number in rows:
        yield Row(key, state, digest, every[number])


def _facts(values: Sequence[Any]) -> Facts:
    frames, height, width, codecs, times, notes, rate, turn, span = values
    lists = tuple(codecs), times, tuple(notes)
    return Facts(frames, height, width, *lists, rate, turn, span and tuple(span))


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
