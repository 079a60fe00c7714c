"""Cache of scanned videos, keyed by `stat` results, as git's index; and the SHA-256 of files.

Hashing and counting a data set takes minutes, `stat` of every file milliseconds. An entry holds the
result of `scan` for one video and the `stat` results of its files (size, modification and change
time, inode); it is valid only while these are the same to the nanosecond.

- Files changed within RACY_NS before they were hashed are not stored: a second change within the
  clock's resolution could not be detected (git's "racily clean" entries).
- Every row has a digest of itself, so that damage to the cache loses entries and changes none.

If the cache cannot be read or written, everything works without it, but slower.
"""

import dataclasses
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from leo_bench.evaluation.videos.stored import Place, Stored

RACY_NS = 2_000_000_000  # FAT stores times to 2 s; all other file systems are finer
LOCK_SECONDS = 5.0  # to wait for another process before going on without the cache
_SCHEMA = 2  # raised whenever the meaning of a stored field changes
_TABLE = (
    "CREATE TABLE IF NOT EXISTS scanned (path BLOB, inner TEXT, reading TEXT, state TEXT,"
    " payload TEXT, digest TEXT, PRIMARY KEY (path, inner, reading))"
)
_CHUNK = 1 << 20

ResultT = TypeVar("ResultT")


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


class StatCache:
    """Scanned videos by place and state in one SQLite file, shared by processes."""

    def __init__(self, root: Path) -> None:
        self._file = root / "videos" / f"stat-v{_SCHEMA}.sqlite"

    def load(self, root: Path, reading: str) -> dict[tuple[str, str], tuple[str, str]]:
        """Rows of this `reading` at or below `root`: (path, inner) -> (state, payload).

        All paths of a cache are absolute.
        """
        top = os.fsencode(root)
        inside = top.rstrip(b"/")

        def query(db: sqlite3.Connection) -> list[tuple[bytes, str, str, str, str]]:
            # '0' follows '/': the range is the folder's contents.
            return db.execute(
                "SELECT path, inner, state, payload, digest FROM scanned"
                " WHERE reading = ? AND (path = ? OR (path >= ? AND path < ?))",
                (reading, top, inside + b"/", inside + b"0"),
            ).fetchall()

        return {
            (os.fsdecode(path), inner): (state, payload)
            for path, inner, state, payload, digest in self._run(query) or []
            if digest == _row_digest(path, inner, reading, state, payload)
        }

    def store(self, scanned: Iterable[tuple[Place, Stored]], reading: str) -> None:
        """Store scanned videos; each place's `state` is from before the scan began."""
        rows = []
        for place, video in scanned:
            key, payload = os.fsencode(place.path), pack(video)
            state = place.state or ""
            digest = _row_digest(key, place.inner, reading, state, payload)
            rows.append((key, place.inner, reading, state, payload, digest))
        if rows:
            self._run(
                lambda db: db.executemany(
                    "INSERT OR REPLACE INTO scanned VALUES (?, ?, ?, ?, ?, ?)", rows
                )
            )

    def _run(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT | None:
        """`work` in one transaction; None where the file is unusable; a damaged one is removed."""
        for _ in range(2):
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                with closing(sqlite3.connect(self._file, timeout=LOCK_SECONDS)) as db, db:
                    db.execute(_TABLE)
                    return work(db)
            except (sqlite3.OperationalError, OSError):
                return None  # locked, read-only, no space left: a run without a cache
            except sqlite3.DatabaseError:
                for end in ("", "-journal", "-wal", "-shm"):
                    Path(f"{self._file}{end}").unlink(missing_ok=True)
        return None


def pack(video: Stored) -> str:
    """A video as JSON; its place and state are not part of it."""
    fields = dataclasses.asdict(video)
    del fields["path"], fields["inner"], fields["name"], fields["state"]
    return json.dumps(fields)


def unpack(payload: str, place: Place) -> Stored:
    """The inverse of `pack`, at `place`."""
    fields = json.loads(payload)
    fields["codecs"], fields["notes"] = tuple(fields["codecs"]), tuple(fields["notes"])
    fields["span"] = fields["span"] and tuple(fields["span"])
    return Stored(name=place.name, path=place.path, inner=place.inner, state=place.state, **fields)


def _row_digest(path: bytes, inner: str, reading: str, state: str, payload: str) -> str:
    row = b"\0".join((path, *(text.encode() for text in (inner, reading, state, payload))))
    return hashlib.blake2b(row, digest_size=16).hexdigest()
