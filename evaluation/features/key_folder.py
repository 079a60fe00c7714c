"""What is cached under one key: a pack for each process that wrote, and files of the older form.

A process appends to a pack of its own and closes it after every record, so writers need no locks
and a killed process loses nothing that it wrote. Where many packs have gathered they are put
together: the new pack is on the disk under its name before the old ones are deleted, and none is
taken that was written to in the last hour. A process that finds its pack gone begins another; no
name is used twice.

On a network file system a reader relies on close-to-open consistency, which NFS, Lustre and GPFS
have: whoever opens a file after its writer closed it sees what was written. NFS also keeps listings
of folders for up to a minute; they are read anew when the client changes the folder itself, so a
reader first makes and deletes a file there. Where a mount does without either, as with `nocto`, the
newest features are not seen and are computed again.
"""

import os
import secrets
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from torch import Tensor

from leo_bench.evaluation.features import loose_files, packs

MANY = 64  # files that are left as they are
AT_ONCE = 10_000  # files put together at most by one command
QUIET_SECONDS = 3600.0  # since the last record, after which a pack may be put together with others
FULL_BYTES = 256 * 2**20  # a pack of this size is left as it is
ROUNDS = 3  # readings, where another process deletes packs meanwhile

Places = dict[str, tuple[int, ...]]  # digest -> where its records begin


@dataclass
class _Pack:
    """What is known of one pack."""

    path: Path
    places: Places = field(default_factory=dict)
    end: int = 0  # of the records that are counted
    size: int = 0
    modified: float = 0.0

    def count(self) -> None:
        """Count the records that were added since the last time.

        Raises:
            PackError, OSError: as `packs.records`.
        """
        with packs.opened(self.path) as file:
            found = os.fstat(file.fileno())
            self.size, self.modified = found.st_size, found.st_mtime
            for record in packs.records(file, self.end):
                before = self.places.get(record.digest, ())
                self.places[record.digest] = (*before, record.begin)
                self.end = record.end

    def of(self, wanted: Collection[str]) -> list[tuple[int, str]]:
        """Where the records of these digests begin, in their order, and whose they are."""
        return sorted(
            (begin, digest)
            for digest in self.places.keys() & wanted
            for begin in self.places[digest]
        )


class KeyFolder:
    """The features under one key. Safe to use from several threads.

    Args:
        path: the folder; made when first written to.
        key: goes into every checksum.
        found_damaged: told of each damaged file.
    """

    def __init__(self, path: Path, key: str, found_damaged: Callable[[Path], None]) -> None:
        self._path, self._key, self._tell = path, key, found_damaged
        self._packs: dict[str, _Pack] = {}
        self._loose: set[str] = set()  # folders of files of the older form
        self._lock, self._appending = threading.Lock(), threading.Lock()
        self._mine: tuple[int, Path] | None = None  # the pack to append to, and whose it is
        self._is_tidy = False

    def add(self, digest: str, content: bytes) -> None:
        """Append features of a video, as `packs.content_of` gives them.

        Raises:
            OSError: they cannot be written.
        """
        record = packs.packed(self._key, digest, content)
        with self._appending:
            if self._mine is not None and self._mine[0] == os.getpid():  # not of a forked process
                try:
                    packs.append(self._mine[1], record)
                except FileNotFoundError:
                    pass
                else:
                    return
            self._path.mkdir(parents=True, exist_ok=True)
            self._mine = os.getpid(), self._path / f"{_unique()}{packs.SUFFIX}"
            packs.begin(self._mine[1])
            packs.append(self._mine[1], record)

    def read(self, digests: Collection[str]) -> Iterator[tuple[str, dict[str, Tensor]]]:
        """Digest and features of each of these videos of which any are known, in any order."""
        now = self._look_again()
        with self._lock:
            damaged = self._count()
            if now is not None and not self._is_tidy:
                self._is_tidy = True
                self._tidy(now)
        for digest, contents in self._contents(set(digests), damaged):
            yield digest, _together(contents)
        if damaged:
            with self._lock:
                self._put_together([p for p in self._packs.values() if p.path in damaged], [])

    def _look_again(self) -> float | None:
        """Have the folder listed anew; the file system's time, None where it cannot be written."""
        probe = self._path / f".{_unique()}.part"
        try:
            with probe.open("xb") as file:
                return os.fstat(file.fileno()).st_mtime
        except OSError:
            return None
        finally:
            with suppress(OSError):
                probe.unlink()

    def _count(self) -> set[Path]:
        """List the folder and count what was added; the packs that are damaged."""
        there, loose = set(), set()
        with suppress(OSError), os.scandir(self._path) as entries:
            for entry in entries:
                if entry.name.endswith(packs.SUFFIX):
                    there.add(entry.name)
                elif entry.is_dir():
                    loose.add(entry.name)
        self._loose = loose
        for deleted in self._packs.keys() - there:
            del self._packs[deleted]
        damaged = set()
        for name in there:
            pack = self._packs.setdefault(name, _Pack(self._path / name))
            try:
                pack.count()
            except packs.PackError:
                damaged.add(pack.path)
                self._tell(pack.path)
            except OSError:  # deleted meanwhile, or not ours to read
                del self._packs[name]
        return damaged

    def _contents(self, wanted: set[str], damaged: set[Path]) -> Iterator[tuple[str, list[bytes]]]:
        """Digest and contents of each wanted video; `damaged` takes in the packs that are."""
        for _ in range(ROUNDS):
            with self._lock:
                held = sorted(self._packs.values(), key=lambda pack: pack.modified)
                chosen = [(pack.path, pack.of(wanted)) for pack in held]
                loose = self._loose_of(wanted)
            count = Counter(digest for _, places in chosen for _, digest in places)
            count.update(loose.keys())
            gone: set[str] = set()
            several: dict[str, list[bytes]] = defaultdict(list)
            for digest, path in loose.items():
                if (content := self._of_loose(path, digest)) is not None:
                    several[digest].append(content)
            for path, places in chosen:
                done = 0
                try:
                    for digest, content in self._of_pack(path, places, damaged):
                        done += 1
                        if content is None:
                            continue
                        if count[digest] == 1:
                            yield digest, [content]
                        else:
                            several[digest].append(content)
                except OSError:  # another process has just put it together with others
                    gone.update(digest for _, digest in places[done:])
            for digest, contents in several.items():
                if digest not in gone:
                    yield digest, contents
            if not gone:
                return
            wanted = gone
            with self._lock:
                damaged |= self._count()

    def _of_pack(
        self, path: Path, places: Sequence[tuple[int, str]], damaged: set[Path]
    ) -> Iterator[tuple[str, bytes | None]]:
        """Digest and content of each of these records; None where it is damaged.

        Raises:
            OSError: the pack cannot be read.
        """
        if not places:
            return
        with packs.opened(path) as file:
            for begin, digest in places:
                try:
                    content = packs.read_record(file, self._key, begin)
                except packs.PackError:
                    damaged.add(path)
                    self._tell(path)
                    yield digest, None
                else:
                    yield digest, content

    def _of_loose(self, path: Path, digest: str) -> bytes | None:
        """The content of a file of the older form; None where it is damaged, and then deleted."""
        try:
            return loose_files.read_loose(path, self._key, digest)
        except OSError:
            return None
        except loose_files.LooseFileError:
            self._tell(path)
            with suppress(OSError):
                path.unlink()
            return None

    def _loose_of(self, wanted: Collection[str]) -> dict[str, Path]:
        """The files of these digests that are in the older form."""
        folders = {digest[:2] for digest in wanted} & self._loose
        return {path.stem: path for path in self._loose_in(folders) if path.stem in wanted}

    def _loose_in(self, folders: Collection[str]) -> Iterator[Path]:
        for folder in folders:
            yield from (self._path / folder).glob(f"[!.]*{loose_files.SUFFIX}")

    def _tidy(self, now: float) -> None:
        """Put what lies in many files together, unless another process does so.

        Args:
            now: the file system's time.
        """
        quiet = [
            pack
            for pack in self._packs.values()
            if pack.modified < now - QUIET_SECONDS and pack.size < FULL_BYTES
        ][:AT_ONCE]
        loose = list(islice(self._loose_in(self._loose), AT_ONCE))
        if len(quiet) + len(loose) <= MANY:
            return
        claim = self._path / ".merging.part"
        try:
            claim.open("xb").close()
        except OSError:
            with suppress(OSError):
                if claim.stat().st_mtime < now - QUIET_SECONDS:  # of a process that was killed
                    claim.unlink()
            return
        try:
            self._put_together(quiet, loose)
        finally:
            with suppress(OSError):
                claim.unlink()
        self._count()

    def _put_together(self, chosen: Sequence[_Pack], loose: Sequence[Path]) -> None:
        """Write the sound records of packs and files into one new pack, then delete these.

        Where anything cannot be read or written, all stay.
        """
        name = _unique()
        unfinished = self._path / f".{name}.part"
        with self._appending:
            try:
                with unfinished.open("xb") as file:
                    for digest, content in self._once(chosen, loose):
                        file.write(packs.packed(self._key, digest, content))
                    file.flush()
                    os.fsync(file.fileno())
                written = max((pack.modified for pack in chosen), default=None)
                if written is not None:
                    os.utime(unfinished, (written, written))  # by which it is pruned
                unfinished.replace(self._path / f"{name}{packs.SUFFIX}")
                for pack in chosen:
                    if pack.path.stat().st_size == pack.size:
                        pack.path.unlink()
                for path in loose:
                    path.unlink(missing_ok=True)
                for folder in {path.parent for path in loose}:
                    with suppress(OSError):  # another version of leo-bench has added to it
                        folder.rmdir()
            except OSError:
                with suppress(OSError):
                    unfinished.unlink()

    def _once(self, chosen: Sequence[_Pack], loose: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
        """Digest and content of each video of these packs and files.

        Raises:
            OSError: one cannot be read.
        """
        count = Counter(digest for pack in chosen for digest in pack.places)
        count.update(path.stem for path in loose)
        several: dict[str, list[bytes]] = defaultdict(list)

        def each() -> Iterator[tuple[str, bytes | None]]:
            for path in loose:
                yield path.stem, self._of_loose(path, path.stem)
            for pack in chosen:
                yield from self._of_pack(pack.path, pack.of(pack.places), set())

        for digest, content in each():
            if content is None:
                continue
            if count[digest] == 1:
                yield digest, content
            else:
                several[digest].append(content)
        for digest, contents in several.items():
            yield digest, packs.content_of(_together(contents))


def _unique() -> str:
    """A name that no other process takes, on any machine, nor this one again."""
    return f"{os.getpid()}-{secrets.token_hex(8)}"


def _together(contents: Sequence[bytes]) -> dict[str, Tensor]:
    """The features of a video, from all that was written of it; what is later replaces."""
    clips: dict[str, Tensor] = {}
    for content in contents:
        clips |= packs.clips_of(content)
    return clips
