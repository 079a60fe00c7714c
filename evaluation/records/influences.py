"""The influence of each video on a number, stored beside its record as x.videos.csv.

Two numbers of the same videos are correlated: the influences on a difference are the differences of
the influences (`distances.influence`). So two of these files give the standard error of a change
and its degrees of freedom without features. This module does not import torch. One CSV row a video:

    side,video,influence,in_halves
    real,00001,0.0123,0.0125

`influence` is d value / d log weight of the video; `in_halves` is the same for the mean over the
two halves of the videos, which separates the part of the variance that belongs to pairs of videos
(`evaluation.uncertainty.intervals`).
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import FiniteFloat, TypeAdapter, ValidationError

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import read_given_text
from leo_bench.evaluation.files.printable import csv_cell, from_csv_cell
from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.uncertainty.variance import (
    of_influences,
    satterthwaite,
    split_by_halves,
)

ENDING = ".videos.csv"
HEADER = ("side", "video", "influence", "in_halves")

MIN_VIDEOS = 3

Pair = tuple[FiniteFloat, FiniteFloat]  # influence, in_halves


class VideoInfluences(Data):
    """Each side's videos by name: (influence, the same in halves)."""

    real: dict[str, Pair]
    fake: dict[str, Pair]

    def standard_error(self, method: str | None) -> float:
        """Of the number that the videos move; the record's, but for rounding.

        Args:
            method: the record's `interval_method`; of "squared influences" the part over pairs of
                videos counts twice (`intervals.cautious_interval`).
        """
        real, fake = of_influences(self.real.values()), of_influences(self.fake.values())
        whole, halves = real[0] + fake[0], real[1] + fake[1]
        if method == "squared influences":
            return math.sqrt(whole)
        return math.sqrt(sum(split_by_halves(whole, halves)))


@dataclass(frozen=True)
class ErrorOfDifference:
    """The uncertainty of a difference of two numbers.

    Args:
        standard_error: 0 if no video has an influence on the difference.
        freedom: degrees of freedom of its square (Satterthwaite 1946); infinite where it is 0.
    """

    standard_error: float
    freedom: float


def influences_path(record: Path) -> Path:
    """The path of the influences of the record at `record`: `fvd.json` -> `fvd.videos.csv`."""
    return record.with_suffix(ENDING)


def beside_record(influences: VideoInfluences | None) -> dict[str, bytes]:
    """Content by ending for `write_record`; empty if there are no influences."""
    if influences is None:
        return {}
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER)
    for side, videos in (("real", influences.real), ("fake", influences.fake)):
        for video, (whole, halves) in sorted(videos.items()):
            rows.writerow((side, csv_cell(video), f"{whole:.9g}", f"{halves:.9g}"))
    return {ENDING: text.getvalue().encode()}


def read_influences(record: Path) -> VideoInfluences | None:
    """The influences beside a record; None if there is no such file.

    Raises:
        InputError: the file is not as `beside_record` writes it.
    """
    path = influences_path(record)
    if not path.exists():
        return None
    text = read_given_text(path)
    sides: dict[str, dict[str, tuple[str, str]]] = {"real": {}, "fake": {}}
    rows = csv.reader(io.StringIO(text, newline=""))
    if tuple(next(rows, ())) != HEADER:
        raise InputError(f"{path}: its first line must be {','.join(HEADER)}")
    for number, row in enumerate(rows, 2):
        if len(row) != len(HEADER) or row[0] not in sides:
            raise InputError(f"{path}: line {number} is not a side, a video and two numbers")
        if from_csv_cell(row[1]) in sides[row[0]]:
            raise InputError(f"{path}: line {number}: the video stands there twice")
        sides[row[0]][from_csv_cell(row[1])] = (row[2], row[3])
    try:
        return TypeAdapter(VideoInfluences).validate_python(sides)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InputError(f"{path}: {where}: {error.errors()[0]['msg']}") from None


def influences_of_mean(values: Mapping[str, float]) -> dict[str, Pair]:
    """Influences on a mean of one value a video, whose variance has no part of pairs.

    Raises:
        InputError: fewer than MIN_VIDEOS videos.
    """
    count = len(values)
    if count < MIN_VIDEOS:
        raise InputError(f"values of {count} videos; influences need at least {MIN_VIDEOS}")
    mean = math.fsum(values.values()) / count
    halves = math.sqrt((count - 2) / (count - 1))  # undoes the two lost means of `of_influences`
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


def difference(
    first: VideoInfluences | None, second: VideoInfluences | None
) -> VideoInfluences | None:
    """Influences on first - second: videos of one name are one video to both; None if either is."""
    return None if first is None or second is None else less(first, second)


def less(first: VideoInfluences, second: VideoInfluences) -> VideoInfluences:
    """Influences on first - second: videos of one name are one video to both."""
    return VideoInfluences(real=_less(first.real, second.real), fake=_less(first.fake, second.fake))


def error_of_difference(new: VideoInfluences, old: VideoInfluences) -> ErrorOfDifference:
    """Of the new value less the old one; videos of one name on a side are paired.

    Videos whose chance is not shared lose nothing by being paired: the product of their influences
    is 0 on average. The degrees of freedom are those of the groups that the names make on each
    side: paired videos, videos of the new value alone, and of the old one alone.
    """
    whole = halves = 0.0
    groups: list[tuple[float, float]] = []
    for mine, theirs in ((new.real, old.real), (new.fake, old.fake)):
        moved = _less(mine, theirs)
        smaller = min(len(mine), len(theirs)) or max(len(mine), len(theirs))
        of_side = of_influences(moved.values(), smaller)
        whole, halves = whole + of_side[0], halves + of_side[1]
        groups += _groups(moved, mine, theirs)
    return ErrorOfDifference(
        math.sqrt(sum(split_by_halves(whole, halves))), satterthwaite(*groups, fallback=math.inf)
    )


def _less(mine: Mapping[str, Pair], theirs: Mapping[str, Pair]) -> dict[str, Pair]:
    nothing = (0.0, 0.0)
    moved = {}
    for video in mine.keys() | theirs.keys():
        (whole, halves), (less, less_halves) = mine.get(video, nothing), theirs.get(video, nothing)
        moved[video] = (whole - less, halves - less_halves)
    return moved


def _groups(
    moved: Mapping[str, Pair], mine: Mapping[str, Pair], theirs: Mapping[str, Pair]
) -> Iterator[tuple[float, float]]:
    """Variance and freedom of the videos that both have, and of those that one alone has."""
    both = mine.keys() & theirs.keys()
    for names in (both, mine.keys() - both, theirs.keys() - both):
        if names:
            yield math.fsum(moved[video][0] ** 2 for video in names), max(len(names) - 1, 1)
