"""Which pictures of a source are its frames: by patterns of names, and as one series a folder.

A frame and its mask, its depth, its JPEG twin or a poster beside it are not one video. Names tell:
a name without its digits, with its suffix, is the series that the picture belongs to. Several
series in one folder are refused, since the program cannot know which was meant:

- A series is every group of names of one such pattern, be it a single file (poster.jpg).
- Groups that follow each other are one series, with a note: of one suffix, of two frames or more
  each, and in the order of their numbers each beginning behind the end of the one before (a_001 to
  a_050, then b_051 to b_100).
- Names that do not count (hashes, words) are one series, with a note: there are three patterns or
  more, and either most names have one of their own, or there are over MAX_SERIES and none has half
  of the names.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import escape
from itertools import pairwise
from typing import NamedTuple

from leo_bench.evaluation.errors import InputError

MAX_SERIES = 8  # of numbered pictures that a folder may plausibly hold

_DIGITS = re.compile(r"(\d+)")
_SAME_SUFFIX = {"jpeg": "jpg", "tiff": "tif"}


@dataclass(frozen=True)
class FrameChoice:
    """Shell patterns that frames must fit; `str` tells one choice from another.

    Args:
        only, without: patterns of names relative to the source: a frame fits one of `only`, if
            there are any, and none of `without`; "*" matches "/" too.
        frames: pattern of the picture's own name; None: any.
        suffixes: of the files to take, in lower case; none: all.
    """

    only: Sequence[str] = ()
    without: Sequence[str] = ()
    frames: str | None = None
    suffixes: Sequence[str] = ()

    def takes(self, name: str) -> bool:
        """Whether a picture, called so relative to its source, is a frame."""
        return (
            self.takes_suffix(name)
            and names_fit(name, self.only, self.without)
            and (self.frames is None or fnmatchcase(name.rpartition("/")[2], self.frames))
        )

    def takes_suffix(self, name: str) -> bool:
        """Whether a name has one of the suffixes, or there are none."""
        return not self.suffixes or name.rpartition(".")[2].lower() in self.suffixes

    def __bool__(self) -> bool:
        return bool(self.only or self.without or self.frames is not None or self.suffixes)

    def __str__(self) -> str:
        by_suffix = f" of {[*self.suffixes]}" if self.suffixes else ""
        return f" {[*self.only]} {[*self.without]} {self.frames}{by_suffix}" if self else ""


def names_fit(name: str, only: Sequence[str], without: Sequence[str]) -> bool:
    """Whether a name fits one of `only`, or there are none, and none of `without`."""
    wanted = not only or any(fnmatchcase(name, pattern) for pattern in only)
    return wanted and not any(fnmatchcase(name, pattern) for pattern in without)


def left_out_notes(left_out: Counter[str]) -> list[str]:
    """The note on files that were left out: "txt", "hidden" -> how many."""
    if not left_out:
        return []
    what = ", ".join(f"{n:,} {suffix}" for suffix, n in sorted(left_out.items()))
    return [f"files that are no videos were left out: {what}"]


class Series(NamedTuple):
    """Names of one pattern."""

    first: str  # of its names, in the order of the folder
    suffix: str
    length: int
    lowest: tuple[int, ...]  # the numbers in the names
    highest: tuple[int, ...]


def series_of(names: Sequence[str]) -> list[Series]:
    """The series of a folder's pictures, the longest first."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in names:
        stem, suffix = _parts(name)
        groups[_DIGITS.sub("", stem), _SAME_SUFFIX.get(suffix.lower(), suffix.lower())].append(name)
    found = [_series(group) for both in groups.values() for group in _twins(both)]
    return sorted(found, key=lambda series: (-series.length, series.first))


def check_series(folders: Mapping[str, Sequence[str]], where: str) -> list[str]:
    """Check that each folder of pictures holds one series.

    Args:
        folders: the names of the pictures directly in each folder.
        where: the source, which an error names first.

    Returns:
        Notes on folders whose unusual names were taken as one series.

    Raises:
        InputError: a folder holds several; the message names it and two of its series.
    """
    mixed: list[tuple[str, list[Series]]] = []
    follow: list[str] = []
    uncounted: list[str] = []
    for folder, names in folders.items():
        series = series_of(names)
        if len(series) == 1:
            continue
        if _do_not_count(series, len(names)):
            uncounted.append(folder)
        elif _follow_each_other(series):
            follow.append(folder)
        else:
            mixed.append((folder, series))
    if mixed:
        folder, series = mixed[0]
        raise InputError(_refusal(where, folder, series, folders[folder], len(mixed)))
    return [
        f"{what}: {_folders(odd)}"
        for what, odd in (
            ("names of frames change on the way, and were taken as one series", follow),
            ("names of frames do not count them, and were taken in their order as text", uncounted),
        )
        if odd
    ]


def choosing_pattern(chosen: Series, names: Sequence[str]) -> str | None:
    """A shell pattern that fits this series and no other name; None: none was found."""
    group = [name for name in names if _parts(name) and _same(name, chosen)]
    pieces = [escape(piece) for piece in _DIGITS.split(chosen.first)[::2]]
    widths = [len(run) for run in _DIGITS.findall(chosen.first)]
    tries = ["*[0-9]".join(pieces), "[0-9]*".join(pieces)]
    tries.append("".join(p + "[0-9]" * w for p, w in zip(pieces, [*widths, 0], strict=True)))
    for pattern in tries:
        if [name for name in names if fnmatchcase(name, pattern)] == group:
            return pattern
    return None


def _parts(name: str) -> tuple[str, str]:
    stem, _, suffix = name.rpartition(".")
    return stem, suffix


def _twins(names: list[str]) -> Iterator[list[str]]:
    """The names as one group; if 0.jpg is beside 0.jpeg or 0.PNG beside 0.png, one a suffix."""
    if len({_parts(name)[0] for name in names}) == len(names):
        yield names
        return
    by_suffix: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_suffix[_parts(name)[1]].append(name)
    yield from by_suffix.values()


def _series(names: list[str]) -> Series:
    numbers = [tuple(map(int, _DIGITS.findall(_parts(name)[0]))) for name in names]
    return Series(names[0], _parts(names[0])[1], len(names), min(numbers), max(numbers))


def _same(name: str, series: Series) -> bool:
    (stem, suffix), (of_series, its_suffix) = _parts(name), _parts(series.first)
    return suffix == its_suffix and _DIGITS.sub("", stem) == _DIGITS.sub("", of_series)


def _do_not_count(series: Sequence[Series], names: int) -> bool:
    of_their_own = len(series) > 2 and 2 * len(series) > names
    return of_their_own or (len(series) > MAX_SERIES and 2 * series[0].length < names)


def _follow_each_other(series: Sequence[Series]) -> bool:
    if min(one.length for one in series) < 2 or len({one.suffix for one in series}) > 1:
        return False
    in_order = sorted(series, key=lambda one: one.lowest)
    return all(before.highest < after.lowest for before, after in pairwise(in_order))


def _refusal(
    where: str, folder: str, series: Sequence[Series], names: Sequence[str], mixed: int
) -> str:
    counts = " and ".join(f"{one.length:,} like {_short(one.first)}" for one in series[:2])
    more = f", and {len(series) - 2:,} more" if len(series) > 2 else ""
    others = f"; so do {mixed - 1:,} other folders" if mixed > 1 else ""
    pattern = choosing_pattern(series[0], names)
    way = f"choose one, as by --frames-glob '{pattern}'" if pattern else "choose by --frames-glob"
    inside = f"{where}: {folder}" if folder else where
    return f"{inside} holds several series of pictures: {counts}{more}{others}; {way}"


def _folders(folders: Sequence[str]) -> str:
    first = folders[0] or "the top folder"
    return f"{len(folders):,} folder{'s' if len(folders) > 1 else ''}, first {first}"


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:18]}...{name[-18:]}"
