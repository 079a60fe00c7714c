"""Digests stored beside videos (sample.json, prepare.json), compared with the files.

`leo-bench sample` and `data prepare` store a key `digests`: from the path of a video relative to
that file to the digest that opening it gives. A video of another digest has changed since it was
written, and counts as broken.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.videos.stored import Stored

KEY = "digests"

_FILES = ("sample.json", "prepare.json")
_ABOVE = 2  # folders above the one that is opened: prepare.json lies above its splits
_MOST_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Seal:
    """The digests that a writer stored.

    Args:
        file: that holds them; None: there is none.
        digests: by path relative to the folder of `file`, '/'-separated.
    """

    file: Path | None
    digests: Mapping[str, str]

    def broken(self, video: Stored) -> BadVideoError | None:
        """The error of a video whose digest differs; None: it agrees, or none is stored."""
        if self.file is None:
            return None
        folder = f"{self.file.parent}/"
        if not video.file.startswith(folder):
            return None
        written = self.digests.get(video.file.removeprefix(folder))
        if written is None or written == video.digest:
            return None
        reason = (
            f"is not as it was written, by its digest in {self.file.name}: damaged, or replaced;"
            " write it again"
        )
        return BadVideoError(video.name, reason)


def seal_over(root: Path) -> Seal:
    """The digests of the videos at `root`, which is absolute, from it or a folder above."""
    for folder in (root, *root.parents[:_ABOVE]):
        for name in _FILES:
            digests = _digests_in(folder / name)
            if digests:
                return Seal(folder / name, digests)
    return Seal(None, {})


def _digests_in(path: Path) -> dict[str, str]:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return {}
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}  # a file of another program; a damaged one is reported by the verb that wrote it
    found = content.get(KEY) if isinstance(content, dict) else None
    return found if isinstance(found, dict) else {}
