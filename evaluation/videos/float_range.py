"""The range of the floats of a side, [-1,1] or [0,1], from all of its videos or as stated.

A single video cannot tell: a bright one in [-1,1] may have no value below 0, and a decoder in [0,1]
may give values slightly below 0. So the smallest and the largest value of the whole side decide.
[-1,1] is expected, as generators of sihyun-yu/digan@e822320 and universome/stylegan-v@3fecd69 give:

- The smallest value is -0.5 or below: [-1,1].
- It is above -0.5 and the largest is 0 or above: refused, since it may well be [0,1].
- Values beyond [-2,2]: refused, as levels or something else.

A range that the user states is used, unless the values contradict it.
"""

from collections.abc import Sequence
from typing import Literal

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.stored import Stored, video_notes_of

FloatRange = Literal["01", "11"]  # [0,1], [-1,1]

NAMES: dict[FloatRange, str] = {"01": "[0,1]", "11": "[-1,1]"}
TOLERANCE = 1e-3  # how far beyond the range values may lie without a note

_HIGHEST_MINIMUM = -0.5  # of a side in [-1,1]
_BOUNDS: dict[FloatRange, tuple[float, float]] = {"01": (-0.5, 1.5), "11": (-2.0, 2.0)}
_LIMITS: dict[FloatRange, tuple[float, float]] = {"01": (0.0, 1.0), "11": (-1.0, 1.0)}


def judge_range(videos: Sequence[Stored], stated: FloatRange | None, where: str) -> list[str]:
    """Check that the floats of a side are in the range that they are read in.

    Args:
        videos: all of the side; those of uint8 levels have no span.
        stated: the range that the user states; None: [-1,1], if the values agree with it.
        where: the side's path, which an error names first.

    Returns:
        Notes for the record.

    Raises:
        InputError: they are in another range; the message names path, file and span.
    """
    floats = [(video, video.span) for video in videos if video.span is not None]
    if not floats:
        return []
    lowest = min(floats, key=lambda found: found[1][0])
    highest = max(floats, key=lambda found: found[1][1])
    low, high = lowest[1][0], highest[1][1]
    span = f"floats span [{low:.3g}, {high:.3g}]"
    read = stated or "11"
    beyond_low, beyond_high = low < _BOUNDS[read][0], high > _BOUNDS[read][1]
    if beyond_low or beyond_high:
        file = _file((lowest if beyond_low else highest)[0], where)
        expected = "is stated by --float-range" if stated else "is expected"
        raise InputError(
            f"{where}: {span}{file}, where {NAMES[read]} {expected}; store levels 0..255 as uint8"
        )
    if stated is None and low > _HIGHEST_MINIMUM and high >= 0:
        raise InputError(
            f"{where}: {span}{_file(lowest[0], where)}, where [-1,1] is expected; say "
            "--float-range 01 if they are in [0,1], 11 if [-1,1] is right"
        )
    notes = [] if stated is None else [f"floats were read as {NAMES[stated]}, as stated; {span}"]
    if stated is None:
        notes += _files_of_another_kind(floats)
    clamped = [video for video, of_video in floats if is_clamped(of_video, read)]
    return notes + video_notes_of(
        {f"values beyond {NAMES[read]} are clamped, as both published rules do": clamped}
    )


def is_clamped(span: tuple[float, float], read: FloatRange) -> bool:
    """Whether floats of this span, read in a range, have values that are clamped to it."""
    least, most = _LIMITS[read]
    return span[0] < least - TOLERANCE or span[1] > most + TOLERANCE


def _files_of_another_kind(floats: Sequence[tuple[Stored, tuple[float, float]]]) -> list[str]:
    """A note that names files which alone would be refused, and are read as the others are."""
    lowest: dict[str, float] = {}
    for video, (low, _) in floats:
        path = str(video.path)
        lowest[path] = min(low, lowest.get(path, low))
    odd = [path for path, low in lowest.items() if low > _HIGHEST_MINIMUM]
    if not odd or len(lowest) == 1:
        return []
    return [
        f"floats of {len(odd):,} of {len(lowest):,} files have no value below {_HIGHEST_MINIMUM}, "
        f"and were read as [-1,1] as the others are: first {odd[0]}"
    ]


def _file(video: Stored, where: str) -> str:
    return "" if str(video.path).endswith(where) else f" ({video.path})"
