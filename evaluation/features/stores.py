"""What keeps features: the cache on disk, or the memory for the time of one command."""

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from torch import Tensor


class Store(Protocol):
    """Features of single videos, by key and content (`features.cache` says what both are)."""

    def read(self, key: str, digest: str) -> dict[str, Tensor]:
        """What is known of a video: clip name -> float32 [D]; empty where nothing is."""

    def read_many(
        self, key: str, digests: Collection[str]
    ) -> Iterator[tuple[str, dict[str, Tensor]]]:
        """Digest and clips of each video of which anything is known, each once, in any order."""

    def write(self, key: str, digest: str, clips: Mapping[str, Tensor]) -> None:
        """Add clips (float32 [D] each) to what is known of a video."""

    def read_numbers(self, key: str) -> bytes | None:
        """What `write_numbers` kept; None where there is nothing."""

    def write_numbers(self, key: str, content: bytes) -> None:
        """Keep the numbers of a set of features, a JSON object."""

    def describe(self, key: str, what: Mapping[str, object]) -> None:
        """Keep what `key` digests, for human readers."""

    def news(self) -> tuple[str, ...]:
        """Notes on what could not be read or written since the last call."""


class MemoryStore:
    """A `Store` that keeps nothing on disk."""

    def __init__(self) -> None:
        self._clips: dict[tuple[str, str], dict[str, Tensor]] = {}
        self._numbers: dict[str, bytes] = {}

    def read(self, key: str, digest: str) -> dict[str, Tensor]:
        """See `Store.read`."""
        return dict(self._clips.get((key, digest), {}))

    def read_many(
        self, key: str, digests: Collection[str]
    ) -> Iterator[tuple[str, dict[str, Tensor]]]:
        """See `Store.read_many`."""
        for digest in dict.fromkeys(digests):
            if clips := self.read(key, digest):
                yield digest, clips

    def write(self, key: str, digest: str, clips: Mapping[str, Tensor]) -> None:
        """See `Store.write`."""
        self._clips.setdefault((key, digest), {}).update(clips)

    def read_numbers(self, key: str) -> bytes | None:
        """See `Store.read_numbers`."""
        return self._numbers.get(key)

    def write_numbers(self, key: str, content: bytes) -> None:
        """See `Store.write_numbers`."""
        self._numbers[key] = content

    def describe(self, key: str, what: Mapping[str, object]) -> None:
        """Nobody reads this store's keys."""

    def news(self) -> tuple[str, ...]:
        """Nothing can fail."""
        return ()
