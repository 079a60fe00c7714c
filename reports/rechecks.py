"""Checks each number of a record against the statistics and influences in its bundle.

A distance is computed again from two Gaussians, a standard error from the videos' influences. For
the interval, its ends give a quantile and the skew of the scale on which it is symmetric
(`evaluation.records.checks.check_error`); the influences give that quantile again.
"""

import math
from dataclasses import dataclass
from typing import Literal

from leo_bench.evaluation.records.checks import (
    OF_AN_ERROR,
    check_at_most,
    check_equal,
    reach_and_skew,
)
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.documents import AnyRecord, MeasuredRecord
from leo_bench.evaluation.records.influences import VideoInfluences
from leo_bench.evaluation.records.preference import PreferenceRecord
from leo_bench.evaluation.uncertainty.variance import freedom_of_squares, student_quantile
from leo_bench.reports.records import StoredRecord

# Two algorithms for one distance, eigenvalues and singular values, agree to rounding.
RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-6

# Relative; influences are written with nine digits, quantiles of an interval are approximate.
OF_INFLUENCES = 1e-4
OF_QUANTILES = 0.05
LEAST = 1e-3  # an interval narrower than this is too imprecise to check its shape

MIN_FREEDOM = 4.0  # `evaluation.uncertainty.intervals.MIN_FREEDOM`

Verdict = Literal["the same", "CONTRADICTED", "not checked"]


@dataclass(frozen=True)
class Recheck:
    """One number of a record.

    Args:
        name: what the number is: "value", "interval" ...
        recorded: the number in the record, as text.
        again: the number from the rest of the bundle, as text.
        verdict: whether the two agree; "not checked" if the bundle cannot give it again.
    """

    name: str
    recorded: str
    again: str
    verdict: Verdict


def rechecks(
    stored: StoredRecord, again: float | None, influences: VideoInfluences | None
) -> list[Recheck]:
    """Check every number of a record against the rest of its bundle.

    Args:
        stored: the record.
        again: the distance computed from the statistics; None without statistics.
        influences: influences of the videos; None if the bundle has none.

    Raises:
        ValueError: the influences are not of the record's videos.
    """
    record = stored.record
    found = [*_values(record, again)]
    if record.interval is not None:
        found.append(_interval(stored, influences))
    if isinstance(record, Record) and record.fvd_infinity is not None:
        shown = f"{record.fvd_infinity:.6g}"
        found.append(Recheck(f"{record.metric.upper()}∞", shown, "-", "not checked"))
    return found


def agrees(again: float, record: Record) -> bool:
    """Whether a distance equals that of a record's first repeat, but for rounding."""
    first = record.values_float64[0]
    return abs(again - first) <= RELATIVE_TOLERANCE * abs(first) + ABSOLUTE_TOLERANCE


def _values(record: AnyRecord, again: float | None) -> list[Recheck]:
    if not isinstance(record, Record):
        return [Recheck("value", f"{record.value:.6g}", "-", "not checked")]
    first = f"{record.values_float64[0]:.6g}"
    verdict: Verdict = "not checked"
    if again is not None:
        verdict = "the same" if agrees(again, record) else "CONTRADICTED"
    shown = "-" if again is None else f"{again:.6g}"
    repeats = len(record.values)
    if repeats == 1:
        found = [Recheck("value", first, shown, verdict)]
    else:
        # Statistics are those of the first repeat.
        mean = f"{record.value_float64:.6g}"
        found = [
            Recheck(f"value of repeat 1 of {repeats}", first, shown, verdict),
            Recheck(f"mean of {repeats} repeats", mean, "-", "not checked"),
        ]
    if not record.in_float64:
        found.append(Recheck("value in float32", f"{record.value:.6g}", "-", "not checked"))
    return found


def _interval(stored: StoredRecord, influences: VideoInfluences | None) -> Recheck:
    record, interval, error = stored.record, stored.record.interval, stored.record.standard_error
    level = record.interval_level
    shown = "" if interval is None else "{:.4g}, {:.4g}".format(*interval)
    nothing = Recheck("interval", shown, "-", "not checked")
    if isinstance(record, PreferenceRecord):
        return nothing
    of_an_error = record.interval_method in OF_AN_ERROR
    if influences is None or interval is None or error is None or level is None or not of_an_error:
        return nothing
    _check_videos(stored, influences)
    again = influences.standard_error(record.interval_method)
    said = f"standard error {again:.4g}"
    if abs(again - error) > OF_INFLUENCES * error + ABSOLUTE_TOLERANCE:
        return Recheck("interval", f"{shown}, error {error:.4g}", said, "CONTRADICTED")
    down, up = stored.value - interval[0], interval[1] - stored.value
    if min(down, up, error) > LEAST:
        reach, _ = reach_and_skew(down, up, error)
        wanted = student_quantile((1 + level) / 2, _freedom(record, influences))
        if abs(reach - wanted) > OF_QUANTILES * wanted:
            said = f"{said}, {wanted:.3g} to a side; recorded {reach:.3g}"
            return Recheck("interval", shown, said, "CONTRADICTED")
    return Recheck("interval", shown, said, "the same")


def _check_videos(stored: StoredRecord, influences: VideoInfluences) -> None:
    """See that influences sum to 0 and are of as many videos as the record (fewer in a repeat)."""
    repeats = len(stored.record.values) if isinstance(stored.record, Record) else 1
    for side, videos in (("real", influences.real), ("fake", influences.fake)):
        of_side = f"videos of side {side} in the influences"
        used = stored.videos_used.get(side, 0)
        check_at_most(of_side, len(videos), "videos_used", used)
        if repeats == 1:
            check_equal(of_side, len(videos), "videos_used", used)
        total = math.fsum(pair[0] for pair in videos.values())
        largest = max((abs(pair[0]) for pair in videos.values()), default=0.0)
        if abs(total) > OF_INFLUENCES * largest * max(len(videos), 1) + ABSOLUTE_TOLERANCE:
            raise ValueError(f"influences of side {side} sum to {total:.4g}, where 0 is right")


def _freedom(record: MeasuredRecord, influences: VideoInfluences) -> float:
    """Degrees of freedom of the standard error, from the fourth moments of the influences."""
    squares = [
        [pair[0] ** 2 for pair in videos.values()]
        for videos in (influences.real, influences.fake)
        if videos
    ]
    own = max(freedom_of_squares(*squares), MIN_FREEDOM)
    if record.interval_method == "squared influences":
        own /= 2  # `evaluation.uncertainty.intervals.cautious_interval`
    # For a mean over videos at most Student's own (`evaluation.uncertainty.mean_intervals`).
    return own if isinstance(record, Record) else min(own, record.videos_used - 1)
