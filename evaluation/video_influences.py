"""How far each video moves a number, beside its record: what a later comparison needs.

Two numbers that share videos share chance: the influences of a difference are the difference of
the influences (`evaluation.influence`), so two of these files give the standard error of a change
without any features. Knows nothing of torch. One CSV row a video:

    side,video,influence,in_halves
    real,00001,0.0123,0.0125

`influence` is d value / d log weight of the video; `in_halves` is the same of the mean over the two
halves of the videos, which tells the part of the variance that belongs to pairs of videos apart
(`evaluation.intervals`).
"""

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from evaluation.atomic import write_atomically
from evaluation.errors import InputError
from evaluation.schema import Data

HEADER = ("side", "video", "influence", "in_halves")

MIN_VIDEOS = 3

Pair = tuple[float, float]  # influence, in_halves


class VideoInfluences(Data):
    """Each side's videos by name: (influence, the same in halves)."""

    real: dict[str, Pair]
    fake: dict[str, Pair]


def influences_path(record: Path) -> Path:
    """Where the influences of the record at `record` lie: `fvd.json` -> `fvd.videos.csv`."""
    return record.with_suffix(".videos.csv")


def write_influences(influences: VideoInfluences, record: Path) -> None:
    """Write them beside a record, in the place of older ones of that record.

    Raises:
        InputError: the folder cannot be written to, or the disk is full.
    """
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER)
    for side, videos in (("real", influences.real), ("fake", influences.fake)):
        for video, (whole, halves) in sorted(videos.items()):
            rows.writerow((side, video, f"{whole:.9g}", f"{halves:.9g}"))
    write_atomically(influences_path(record), text.getvalue().encode())


def read_influences(record: Path) -> VideoInfluences | None:
    """Those beside a record; None where there is no such file.

    Raises:
        InputError: the file is not as `write_influences` writes it.
    """
    path = influences_path(record)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    sides: dict[str, dict[str, tuple[str, str]]] = {"real": {}, "fake": {}}
    rows = csv.reader(io.StringIO(text, newline=""))
    if tuple(next(rows, ())) != HEADER:
        raise InputError(f"{path}: its first line must be {','.join(HEADER)}")
    for number, row in enumerate(rows, 2):
        if len(row) != len(HEADER) or row[0] not in sides:
            raise InputError(f"{path}: line {number} is not a side, a video and two numbers")
        sides[row[0]][row[1]] = (row[2], row[3])
    try:
        return TypeAdapter(VideoInfluences).validate_python(sides)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InputError(f"{path}: {where}: {error.errors()[0]['msg']}") from None


def influences_of_mean(values: Mapping[str, float]) -> dict[str, Pair]:
    """Of a mean over videos, each of which has a value; a mean has no part that belongs to pairs.

    Raises:
        InputError: fewer than MIN_VIDEOS videos.
    """
    count = len(values)
    if count < MIN_VIDEOS:
        raise InputError(f"values of {count} videos; influences need at least {MIN_VIDEOS}")
    mean = math.fsum(values.values()) / count
    halves = math.sqrt((count - 2) / (count - 1))  # undoes `_variance`'s two lost means
    influence = {video: (value - mean) / count for video, value in values.items()}
    return {video: (whole, whole * halves) for video, whole in influence.items()}


def mean_influences(
    values: Mapping[str, float], side: Literal["real", "fake"]
) -> VideoInfluences | None:
    """`influences_of_mean` of one side's videos; None with fewer than MIN_VIDEOS."""
    if len(values) < MIN_VIDEOS:
        return None
    moved = influences_of_mean(values)
    return VideoInfluences(
        real=moved if side == "real" else {}, fake=moved if side == "fake" else {}
    )


def error_of_difference(new: VideoInfluences, old: VideoInfluences) -> float:
    """Standard error of the new value less the old one; videos of one name on a side are paired.

    Videos whose chance is not shared lose nothing by being paired: the product of their influences
    is 0 on average.
    """
    whole = halves = 0.0
    for mine, theirs in ((new.real, old.real), (new.fake, old.fake)):
        whole += _variance(mine, theirs, 0, lost=1)
        halves += _variance(mine, theirs, 1, lost=2)
    # whole is A + 2B and halves A + 4B; A + B is wanted, and neither A nor B is negative.
    paired = min(max((halves - whole) / 2, 0.0), whole / 2)
    return math.sqrt(whole - paired)


def _variance(mine: Mapping[str, Pair], theirs: Mapping[str, Pair], which: int, lost: int) -> float:
    videos = mine.keys() | theirs.keys()
    nothing = (0.0, 0.0)
    squares = sum(
        (mine.get(video, nothing)[which] - theirs.get(video, nothing)[which]) ** 2
        for video in videos
    )
    smaller = min(len(mine), len(theirs))
    return squares * smaller / max(smaller - lost, 1)
