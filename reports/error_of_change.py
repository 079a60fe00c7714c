"""How sure the change of a number is: from the videos' influences beside its two records.

Where a record has none beside it, from the two records' own standard errors, as if their videos
were drawn independently. Influences that do not belong to their record are refused.
"""

import math
from collections.abc import Mapping
from typing import Any

from scipy import optimize, stats

from leo_bench.evaluation.records.influences import (
    ErrorOfDifference,
    VideoInfluences,
    error_of_difference,
    influences_path,
    read_influences,
)
from leo_bench.evaluation.uncertainty.variance import satterthwaite
from leo_bench.reports.records import StoredRecord

# Influences are written with nine digits; those of another record miss its error by more than this.
SAME_ERROR = 1e-6

# Probability with which `detectable_rise` is found.
POWER = 0.8

# Share of the old value that the rounding of sums may move.
ROUNDING = 1e-9


def error_of_change(old: StoredRecord, new: StoredRecord) -> ErrorOfDifference | str:
    """How sure new - old is; in words where that cannot be known.

    Raises:
        InputError: a file of influences that cannot be read.
    """
    found = []
    for stored in (old, new):
        influences = read_influences(stored.path)
        if influences is None:
            return _independent(old.content, new.content)
        contradiction = _contradiction(influences, stored.content)
        if contradiction:
            return f"{influences_path(stored.path)} is not of its record: {contradiction}"
        found.append(influences)
    return error_of_difference(found[1], found[0])


def chance_of_rise(difference: float, error: ErrorOfDifference, floor: float, old: float) -> float:
    """Chance of such a rise without a change; without any error only the floor decides."""
    if error.standard_error > 0:
        return float(stats.t.sf(difference / error.standard_error, error.freedom))
    if abs(difference) <= floor + ROUNDING * abs(old):
        return 0.5
    return 0.0 if difference > 0 else 1.0


def detectable_rise(error: ErrorOfDifference, level: float) -> float:
    """The rise that a one-sided test at this level finds with probability `POWER`."""
    if error.standard_error == 0:
        return 0.0
    quantile = float(stats.t.isf(level, error.freedom))
    # A change that is not 0 divided by its estimated error has Student's noncentral distribution.
    in_errors = optimize.brentq(
        lambda shift: stats.nct.sf(quantile, error.freedom, shift) - POWER, 0.0, 4 * quantile + 4
    )
    return float(in_errors) * error.standard_error


def _independent(old: Mapping[str, Any], new: Mapping[str, Any]) -> ErrorOfDifference | str:
    before, after = old["standard_error"], new["standard_error"]
    if before is None or after is None:
        return "no interval in one of the records, and no influences beside it"
    freedoms = (fewest_videos(old) - 1, fewest_videos(new) - 1)
    freedom = satterthwaite(*zip((before**2, after**2), freedoms, strict=True), fallback=math.inf)
    return ErrorOfDifference(math.hypot(before, after), freedom)


def _contradiction(influences: VideoInfluences, content: Mapping[str, Any]) -> str:
    """What influences and the record that they lie beside do not share; "" where they agree."""
    if "videos_used" in content:
        used = {"real": 0, "fake": 0} | {content["side"]: content["videos_used"]}
    else:
        used = {side: content[side]["videos_used"] for side in ("real", "fake")}
    for side, videos in (("real", influences.real), ("fake", influences.fake)):
        if len(videos) != used[side]:
            return f"{len(videos)} {side} videos, {used[side]} in the record"
    told = content["standard_error"]
    found = influences.standard_error(content["interval_method"])
    if told is not None and not math.isclose(found, told, rel_tol=SAME_ERROR, abs_tol=1e-12):
        return f"they give a standard error of {found:.6g}, the record has {told:.6g}"
    return ""


def fewest_videos(content: Mapping[str, Any]) -> int:
    """Videos on the smaller side of a record."""
    if "videos_used" in content:
        return int(content["videos_used"])
    return int(min(content["real"]["videos_used"], content["fake"]["videos_used"]))
