"""Digests that the writer of a folder left beside its videos, held against what lies there now.

`leo-bench sample` and `data prepare` know what they wrote: sample.json and prepare.json have a key
`digests`, from the path of a video below that file to the digest that opening it gives. A bit that
changed since, in whatever format, makes the video a broken one.
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
    """What a writer says of its videos.

    Args:
        file: that says it; None: no writer left word.
        digests: by path below the folder of `file`, '/'-separated.
    """

    file: Path | None
    digests: Mapping[str, str]

    def broken(self, video: Stored) -> BadVideoError | None:
        """What is wrong with a video; None: nothing, or it is not spoken of."""
        if self.file is None or not video.path.is_relative_to(self.file.parent):
            return None
        written = self.digests.get(video.path.relative_to(self.file.parent).as_posix())
        if written is None or written == video.digest:
            return None
        reason = (
            f"is not as it was written, by its digest in {self.file.name}: damaged, or replaced;"
            " write it again"
        )
        return BadVideoError(video.name, reason)


def seal_over(root: Path) -> Seal:
    """What is said of the videos at `root`, which is absolute: in it, or in a folder above."""
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
        return {}  # a file of somebody else's; the verbs that wrote such a file say what is wrong
    found = content.get(KEY) if isinstance(content, dict) else None
    return found if isinstance(found, dict) else {}
