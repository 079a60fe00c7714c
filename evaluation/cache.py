"""Features on disk, one small file a video, so that no clip goes through a network twice.

A file's place says what went in: `features/KEY/XX/DIGEST.safetensors`, where KEY digests everything
between stored bytes and features (decoder, resize, preprocessing, network, weights, precision,
code) and DIGEST is the video's content. Inside, each tensor is one clip, named
`start:frames:stride`. Files appear whole or not at all, and carry a checksum: a damaged one is
computed again, and said to be.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from evaluation.atomic import write_atomically

CHECKSUM = "__sha256__"


@dataclass(frozen=True)
class StoreSize:
    """What a store holds."""

    files: int
    bytes: int


class FeatureStore:
    """Features of single videos, by what made them.

    Args:
        root: the folder; made when first written to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.damaged: list[Path] = []  # files that failed their checksum, for the run's notes

    def read(self, key: str, digest: str) -> dict[str, Tensor]:
        """What is known of a video: clip name -> float32 [D]; empty where nothing is."""
        path = self._path(key, digest)
        try:
            content = path.read_bytes()
        except OSError:
            return {}
        try:
            tensors = load(content)
            stored = bytes(tensors.pop(CHECKSUM).tolist())
        except (SafetensorError, KeyError, ValueError):
            stored, tensors = b"", {}
        if stored != _checksum(tensors):
            self.damaged.append(path)
            return {}
        return tensors

    def write(self, key: str, digest: str, clips: Mapping[str, Tensor]) -> None:
        """Add clips (float32 [D] each) to what is known of a video.

        Raises:
            InputError: the folder cannot be written to, or the disk is full.
        """
        path = self._path(key, digest)
        tensors = self.read(key, digest) | {name: t.contiguous() for name, t in clips.items()}
        checksum = torch.tensor(list(_checksum(tensors)), dtype=torch.uint8)
        write_atomically(path, save(tensors | {CHECKSUM: checksum}))

    def read_numbers(self, key: str) -> bytes:
        """What `write_numbers` kept.

        Raises:
            OSError: nothing was.
        """
        return (self.root / "numbers" / f"{key}.json").read_bytes()

    def write_numbers(self, key: str, content: bytes) -> None:
        """Keep the numbers of a set of features.

        Raises:
            InputError: the folder cannot be written to, or the disk is full.
        """
        write_atomically(self.root / "numbers" / f"{key}.json", content)

    def describe(self, key: str, what: Mapping[str, object]) -> None:
        """Write beside the features of `key`, for people, what it digests."""
        path = self.root / "features" / key / "about.json"
        if not path.exists():
            write_atomically(path, json.dumps(what, indent=1, sort_keys=True).encode())

    def size(self) -> StoreSize:
        """Files and bytes in the store, and of frames packed for training."""
        sizes = [path.stat().st_size for path in self._files()]
        return StoreSize(len(sizes), sum(sizes))

    def prune(self, *, older_than_days: float) -> StoreSize:
        """Delete files that were last written before that many days; 0 deletes all.

        Returns:
            What was deleted.
        """
        limit = time.time() - older_than_days * 86400
        old = [path for path in self._files() if path.stat().st_mtime <= limit]
        freed = StoreSize(len(old), sum(path.stat().st_size for path in old))
        for path in old:
            path.unlink(missing_ok=True)
        for folder in (self.root / "features").glob("*"):
            if not any(folder.rglob("*.safetensors")):
                shutil.rmtree(folder, ignore_errors=True)
        return freed

    def _path(self, key: str, digest: str) -> Path:
        return self.root / "features" / key / digest[:2] / f"{digest}.safetensors"

    def _files(self) -> list[Path]:
        features = (self.root / "features").rglob("*.safetensors")
        frames = self.root / "frames"  # packed for training, by `leo.data`
        packed = [*frames.glob("*.npy"), *frames.glob("*.unfinished")]
        return sorted([*features, *(self.root / "numbers").glob("*.json"), *packed])


def _checksum(tensors: Mapping[str, Tensor]) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name}\0".encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.digest()
