"""Cache of features on disk.

A file's path says what it was computed from: `features/KEY/*.pack`, where KEY is the digest of
`FeatureRecipe.facts` or `FrameRecipe.facts` (everything between stored bytes and features, with
hardware and versions). Inside, each record is what was computed of one video, under the digest of
its content (`features.packs`); its tensors are clips, named `start:frames:stride`. What is damaged
or misplaced is computed again, with a note. `numbers/KEY.json` holds what was computed from
features, with a checksum likewise.

Several processes and machines may share a cache, also on a network file system, without locks
(`features.key_folder` says what is relied on): what one of them wrote, another adds to, and what is
not seen is computed again. A cache that cannot be written is not used, with a note.
"""

import contextlib
import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features import loose_files, packs
from leo_bench.evaluation.features.key_folder import KeyFolder
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.places import UNKEPT
from leo_bench.evaluation.videos import segments

SEAL = "sha256"


@dataclass(frozen=True)
class StoreSize:
    """What a store holds."""

    files: int
    bytes: int


class FeatureStore:
    """Features of single videos, by key and content. Safe to use from several threads.

    Args:
        root: the folder; made when first written to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._folders: dict[str, KeyFolder] = {}
        self.damaged: list[Path] = []  # files that failed their checksum
        self._told = 0  # how many of them `news` has told
        self._unwritten: list[str] = []  # why, since `news` was last asked

    def news(self) -> tuple[str, ...]:
        """Notes on damaged and unwritable files since the last call."""
        with self._lock:
            damaged, self._told = self.damaged[self._told :], len(self.damaged)
            unwritten, self._unwritten = self._unwritten, []
        found = []
        if damaged:
            files = "1 file was" if len(damaged) == 1 else f"{len(damaged)} files were"
            found.append(f"cache: {files} damaged and computed again, first {damaged[0]}")
        if unwritten:
            files = "1 file" if len(unwritten) == 1 else f"{len(unwritten)} files"
            found.append(
                f"cache: {files} could not be kept, and will be computed again; first "
                f"{unwritten[0]} (--no-cache does without)"
            )
        return tuple(found)

    def read(self, key: str, digest: str) -> dict[str, Tensor]:
        """What is known of a video: clip name -> float32 [D]; empty where nothing is."""
        return dict(self.read_many(key, [digest])).get(digest, {})

    def read_many(
        self, key: str, digests: Collection[str]
    ) -> Iterator[tuple[str, dict[str, Tensor]]]:
        """Digest, and clip name -> float32 [D], of each video of which anything is known.

        In the order in which they are stored, so that a million videos take one pass over the files
        and no memory. Files of the form before checksums are not read, and do not count as damaged.
        """
        return self._folder(key).read(digests)

    def write(self, key: str, digest: str, clips: Mapping[str, Tensor]) -> None:
        """Add clips (float32 [D] each) to what is known of a video; `news` tells of a failure."""
        try:
            self._folder(key).add(digest, packs.content_of(clips))
        except OSError as error:
            place = self.root / "features" / key
            self._not_written(f"{place}: cannot be written: {error.strerror or error}")

    def read_numbers(self, key: str) -> bytes | None:
        """What `write_numbers` kept; None where there is nothing, or something damaged."""
        path = self._numbers(key)
        try:
            stored = path.read_bytes()
        except OSError:
            return None
        content = b"{" + stored[len(_numbers_seal("", b"")) :]
        if stored != _with_seal(key, content):
            self._found_damaged(path)
            return None
        return content

    def write_numbers(self, key: str, content: bytes) -> None:
        """Keep the numbers of a set of features, a JSON object; `news` tells of a failure."""
        self._write(self._numbers(key), _with_seal(key, content))

    def describe(self, key: str, what: Mapping[str, object]) -> None:
        """Write what `key` digests beside its features, for human readers."""
        path = self.root / "features" / key / "about.json"
        if not path.exists():
            self._write(path, json.dumps(what, indent=1, sort_keys=True).encode())

    def size(self) -> StoreSize:
        """Files and bytes in the store, of scanned videos, and of frames packed for training."""
        found = self._stats()
        return StoreSize(len(found), sum(stat.st_size for stat in found.values()))

    def prune(self, *, older_than_days: float) -> StoreSize:
        """Delete files that were last written before that many days; 0 deletes all.

        Returns:
            What was deleted.
        """
        limit = time.time() - older_than_days * 86400
        old = {path: stat for path, stat in self._stats().items() if stat.st_mtime <= limit}
        freed = StoreSize(len(old), sum(stat.st_size for stat in old.values()))
        for path in old:
            path.unlink(missing_ok=True)
        for folder in (*(self.root / "features").glob("*"), *(self.root / UNKEPT).glob("*")):
            if not any(_of_videos(folder)):
                shutil.rmtree(folder, ignore_errors=True)
        return freed

    def _folder(self, key: str) -> KeyFolder:
        with self._lock:
            if key not in self._folders:
                place = self.root / "features" / key
                self._folders[key] = KeyFolder(place, key, self._found_damaged)
            return self._folders[key]

    def _numbers(self, key: str) -> Path:
        return self.root / "numbers" / f"{key}.json"

    def _found_damaged(self, path: Path) -> None:
        with self._lock:
            if path not in self.damaged[self._told :]:
                self.damaged.append(path)

    def _write(self, path: Path, content: bytes) -> None:
        try:
            write_atomically(path, content)
        except InputError as error:
            self._not_written(str(error))

    def _not_written(self, why: str) -> None:
        with self._lock:
            self._unwritten.append(why)

    def _stats(self) -> dict[Path, os.stat_result]:
        found = {}
        for path in self._files():
            with contextlib.suppress(FileNotFoundError):  # another command has just renamed it
                found[path] = path.stat()
        return found

    def _files(self) -> list[Path]:
        features, numbers = self.root / "features", self.root / "numbers"
        frames = self.root / "frames"  # packed for training, by `leo.data.videos`
        packed = [*frames.glob("*.npy"), *frames.glob("*.unfinished")]
        videos = self.root / "videos"  # scanned, by `videos.scanned`; the older form is not read
        scanned = [*videos.rglob(f"[!.]*{segments.ENDING}"), *videos.glob("stat-v*.sqlite*")]
        left_by_kills = [*features.rglob(".*.part"), *numbers.glob(".*.part")]
        left_by_kills += videos.rglob(".*.part")
        left_by_kills += [path for path in (self.root / UNKEPT).rglob("*") if path.is_file()]
        kept = [*_of_videos(features), *numbers.glob("[!.]*.json")]
        return sorted([*kept, *left_by_kills, *packed, *scanned])


def _of_videos(folder: Path) -> Iterator[Path]:
    """Files of features below a folder."""
    for suffix in (packs.SUFFIX, loose_files.SUFFIX):
        yield from folder.rglob(f"[!.]*{suffix}")


def _with_seal(key: str, content: bytes) -> bytes:
    """A JSON object with its checksum as one more field, the first."""
    return _numbers_seal(key, content) + content.removeprefix(b"{")


def _numbers_seal(key: str, content: bytes) -> bytes:
    """Where a sealed object begins; of the same length for any."""
    seal = hashlib.sha256(key.encode() + b"\0" + content).hexdigest()
    return f'{{"{SEAL}":"{seal}",'.encode()
