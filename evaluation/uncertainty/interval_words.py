"""What a 95 % interval covers, in the words that stand wherever one is shown.

An interval of a distance holds the distance's expected value at these counts, which the bias of few
clips is part of (`uncertainty.intervals`); one of a mean holds the mean of all videos there could
be. Imports nothing, so that the command line's help stays quick.
"""

COVERS = "where this number would fall with other videos, and as many"
NOT_ZERO = "real against real is not 0 at this count"
ALL_COVER = (
    "95 % intervals: where a number would fall with other videos, and as many; FVD and FID of real "
    "against real are not 0 at these counts."
)


def covers(metric: str) -> str:
    """What the interval of one number covers; KVD and means have no bias of few clips."""
    return f"{COVERS}; {NOT_ZERO}" if metric in ("fvd", "fid") else COVERS
