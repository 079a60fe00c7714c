"""Crops of training videos, kept in RUN/crops.jsonl: each is found once, whatever is killed.

    {"digest": "4be1...", "video": "a.mp4", "square": [12, 4, 96], "size": [128, 160], ...}

A line belongs to a video and a rule by their digest, so lines of other videos and rules do no harm.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.data.cropping import Crop, CroppedVideos, NobodyFoundError

CROPS = "crops.jsonl"


def find_crops(
    videos: CroppedVideos, path: Path, progress: Callable[[int, int], None] | None = None
) -> None:
    """Find the crops of all videos, or read those that are in the file.

    Of several processes one searches, and the others wait for it.

    Args:
        videos: get their crops (`CroppedVideos.found`).
        path: the file; a line is added for each crop that is found.
        progress: called with (videos done, videos in all).

    Raises:
        InputError: nobody is found in some videos, and the message says in how many; a video
            cannot be read; the file cannot be written.
    """
    if not _missing(videos, path):
        return
    nobody = []
    try:
        with FileLock(path.with_suffix(".lock")):
            missing = _missing(videos, path)  # another process may have found some
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")  # ends the line of a killed process
                for i in missing:
                    try:
                        found = videos.crop(i).kept()
                    except NobodyFoundError as error:
                        nobody.append((videos.names[i], error))
                    else:
                        line = {"digest": videos.digest(i), "video": videos.names[i], **found}
                        file.write(f"{json.dumps(line)}\n")
                        file.flush()
                    if progress is not None:
                        progress(i + 1, len(videos.names))
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    if len(nobody) == 1:
        raise nobody[0][1]
    if nobody:
        what = videos.rule.facts["crop"]
        names = ", ".join(name for name, _ in nobody[:5]) + (", ..." if len(nobody) > 5 else "")
        raise NobodyFoundError(
            f"{videos.name}: no {what} found in {len(nobody)} of {len(videos.names)} videos "
            f"({names}); leave them out, crop all yourself, or use --crop square"
        )


def _missing(videos: CroppedVideos, path: Path) -> list[int]:
    """The videos whose crops are neither known nor in the file; those in it become known."""
    kept = _read(path)
    for i in range(len(videos.names)):
        if (crop := kept.get(videos.digest(i))) is not None:
            videos.found[i] = crop
    return [i for i in range(len(videos.names)) if i not in videos.found]


def _read(path: Path) -> dict[str, Crop]:
    """Crops by digest; a line that was cut short is passed over."""
    found = {}
    for text in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            line: dict[str, Any] = json.loads(text)
            found[line["digest"]] = Crop.from_kept(line)
        except (ValueError, TypeError, KeyError):
            continue
    return found
