"""Standard error of a number's change, from the influences of the videos of two records.

If a record has no influences beside it, the error follows from the two records' own standard
errors, as if their videos were drawn independently. Influences that do not fit their record are
refused.
"""

import math

from scipy import optimize, stats

from leo_bench.evaluation.records.influences import (
    ErrorOfDifference,
    VideoInfluences,
    error_of_difference,
    influences_path,
    read_influences,
)
from leo_bench.evaluation.uncertainty.variance import satterthwaite, student_quantile
from leo_bench.reports.records import StoredRecord

# Relative; influences are written with nine digits, and those of another record differ by more.
SAME_ERROR = 1e-6

# Probability that a test finds a rise of `detectable_rise`.
POWER = 0.8

# Relative to the old value: the rounding error of sums.
ROUNDING = 1e-9


def error_of_change(old: StoredRecord, new: StoredRecord) -> ErrorOfDifference | str:
    """Standard error of new - old with its degrees of freedom; or why it cannot be known.

    Raises:
        InputError: a file of influences that cannot be read.
    """
    found = []
    for stored in (old, new):
        influences = read_influences(stored.path)
        if influences is None:
            return _independent(old, new)
        why = contradiction(influences, stored)
        if why:
            return f"{influences_path(stored.path)} is not of its record: {why}"
        found.append(influences)
    return error_of_difference(found[1], found[0])


def chance_of_rise(difference: float, error: ErrorOfDifference, floor: float, old: float) -> float:
    """p-value of a rise, one-sided; if the standard error is 0, only the floor decides."""
    if error.standard_error > 0:
        return float(stats.t.sf(difference / error.standard_error, error.freedom))
    if abs(difference) <= floor + ROUNDING * abs(old):
        return 0.5
    return 0.0 if difference > 0 else 1.0


def detectable_rise(error: ErrorOfDifference, level: float) -> float:
    """The rise that a one-sided test at this level finds with probability `POWER`."""
    if error.standard_error == 0:
        return 0.0
    quantile = -student_quantile(level, error.freedom)
    # A change divided by its estimated error has Student's noncentral distribution.
    in_errors = optimize.brentq(
        lambda shift: stats.nct.sf(quantile, error.freedom, shift) - POWER, 0.0, 4 * quantile + 4
    )
    return float(in_errors) * error.standard_error


def _independent(old: StoredRecord, new: StoredRecord) -> ErrorOfDifference | str:
    before, after = old.record.standard_error, new.record.standard_error
    if before is None or after is None:
        return "no interval in one of the records, and no influences beside it"
    freedoms = [min(stored.videos_used.values()) - 1 for stored in (old, new)]
    freedom = satterthwaite(*zip((before**2, after**2), freedoms, strict=True), fallback=math.inf)
    return ErrorOfDifference(math.hypot(before, after), freedom)


def contradiction(influences: VideoInfluences, stored: StoredRecord) -> str:
    """How influences contradict the record that they lie beside, or ""."""
    for side, videos in (("real", influences.real), ("fake", influences.fake)):
        used = stored.videos_used.get(side, 0)
        if len(videos) != used:
            return f"{len(videos)} {side} videos, {used} in the record"
    error = stored.record.standard_error
    found = influences.standard_error(stored.record.interval_method)
    if error is not None and not math.isclose(found, error, rel_tol=SAME_ERROR, abs_tol=1e-12):
        return f"they give a standard error of {found:.6g}, the record has {error:.6g}"
    return ""
