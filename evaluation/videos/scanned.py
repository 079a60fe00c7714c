"""Cache of scanned videos, keyed by `stat` results, as git's index.

Hashing and counting a data set takes minutes, `stat` of every file milliseconds. A row holds the
result of `scan` for one video and the `stat` results of its files (size, modification and change
time, inode); it is valid only while these are the same to the nanosecond.

- Files changed within RACY_NS before they were hashed are not stored: a second change within the
  clock's resolution could not be detected (git's "racily clean" entries).
- Rows lie in files that have digests (`evaluation.videos.segments`), so that damage to the cache
  loses rows and changes none.
- Rows are sorted by path, so that opening a folder reads those at and below it, whichever folder
  they were scanned in.

Several processes and machines may share the cache, also on a network file system. Nothing is
locked: each adds files of its own, and of two that scan one video either's row may be read. Many
small files are merged into a large one; what another process has merged away is found there.

If the cache cannot be read or written, everything works without it, but slower.
"""

import contextlib
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.segments import ENDING, Facts, Row, read_segment, write_segment
from leo_bench.evaluation.videos.stored import Place, Stored

RACY_NS = 2_000_000_000  # FAT stores times to 2 s; all other file systems are finer

MOST_SEGMENTS = 16  # before small ones are merged
_LARGE_BYTES = 32 * 2**20  # of a segment that is merged no more: about 100,000 rows


class ScannedVideos:
    """Rows on scanned videos of one reading.

    Args:
        root: folder of the cache.
        reading: `Layout.reading`.
    """

    def __init__(self, root: Path, reading: str) -> None:
        key = hashlib.blake2b(reading.encode(), digest_size=16).hexdigest()
        self._folder = root / "videos" / key
        self._reading = reading

    def recall(self, places: Sequence[Place]) -> list[Stored | None]:
        """What is known of each place; None: nothing, or its files have changed since."""
        at = {_key(place): index for index, place in enumerate(places) if place.state is not None}
        keys = sorted(at)
        found: list[Stored | None] = [None] * len(places)
        read: set[Path] = set()
        for _ in range(2):  # once more where another process has merged segments meanwhile
            gone = False
            for segment in self._segments():
                if segment in read:
                    continue
                try:
                    for row in read_segment(segment, self._reading, keys):
                        index = at.get(row.key)
                        if index is not None and places[index].state == row.state:
                            found[index] = _video(places[index], row)
                    read.add(segment)
                except FileNotFoundError:
                    gone = True
            if not gone:
                break
        return found

    def list_anew(self) -> None:
        """See what others wrote: NFS keeps a listing until its client changes the folder."""
        probe = self._folder / f".{secrets.token_hex(8)}.part"
        with contextlib.suppress(OSError):
            probe.touch()
            probe.unlink()

    def store(self, scanned: Iterable[tuple[Place, Stored]]) -> None:
        """Store scanned videos; each place's `state` is from before the scan began."""
        rows = [_row(place, video) for place, video in scanned]
        if rows:
            with contextlib.suppress(InputError):  # read-only, no space left: not kept
                write_segment(self._folder, self._reading, rows)

    def merge(self) -> None:
        """Merge small segments where there are more than MOST_SEGMENTS; of twins the later wins."""
        while len(small := self._small()) > MOST_SEGMENTS:
            chosen = _smallest(small)
            rows: dict[str, Row] = {}
            for segment in sorted(chosen):
                with contextlib.suppress(FileNotFoundError):
                    rows.update((row.key, row) for row in read_segment(segment, self._reading))
            try:
                merged = write_segment(self._folder, self._reading, rows.values())
            except InputError:
                return
            try:
                for segment in chosen:
                    segment.unlink(missing_ok=True)
            except OSError:  # files of another user, which stay
                merged.unlink(missing_ok=True)
                return

    def _small(self) -> dict[Path, int]:
        """The bytes of each segment below _LARGE_BYTES."""
        found = {}
        for segment in self._segments():
            with contextlib.suppress(FileNotFoundError):
                found[segment] = segment.stat().st_size
        return {segment: size for segment, size in found.items() if size < _LARGE_BYTES}

    def _segments(self) -> list[Path]:
        try:
            return sorted(p for p in self._folder.iterdir() if p.suffix == ENDING)
        except OSError:
            return []


def _smallest(sizes: Mapping[Path, int]) -> list[Path]:
    """The smallest segments, two or more, together about _LARGE_BYTES."""
    chosen: list[Path] = []
    total = 0
    for segment in sorted(sizes, key=sizes.__getitem__):
        if total >= _LARGE_BYTES:
            break
        chosen.append(segment)
        total += sizes[segment]
    return chosen


def _key(place: Place) -> str:
    """Sorts as the path; parts of a file follow it."""
    return f"{place.file}\0{place.inner}" if place.inner else place.file


def _row(place: Place, video: Stored) -> Row:
    facts = Facts(
        frames=video.frames,
        height=video.height,
        width=video.width,
        codecs=video.codecs,
        times=video.index,
        notes=video.notes,
        rate=video.rate,
        turn=video.turn,
        span=video.span,
    )
    return Row(_key(place), place.state or "", video.digest, facts)


def _video(place: Place, row: Row) -> Stored:
    facts = row.facts
    return Stored(
        name=place.name,
        file=place.file,
        inner=place.inner,
        frames=facts.frames,
        height=facts.height,
        width=facts.width,
        codecs=facts.codecs,
        digest=row.digest,
        index=facts.times,
        notes=facts.notes,
        rate=facts.rate,
        turn=facts.turn,
        state=place.state,
        span=facts.span,
    )
