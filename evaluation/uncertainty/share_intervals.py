"""Confidence intervals of precision and recall.

Two sources of variance: the manifold of one side, and the videos of the other that are counted. The
jackknife over groups of videos (`intervals.jackknife_interval`) measures both, but is 0 where no
group changes a flag: at shares of 0 and 1, and with few videos. Given the manifold, the counted
videos are independent, so Wilson's interval of their share covers that part; the result is never
narrower. Shares are counted in videos, since clips of one video are alike.
"""

import math
from collections.abc import Callable

from torch import Tensor

from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.distances.neighbours import precision, recall
from leo_bench.evaluation.uncertainty.intervals import Interval, jackknife_interval
from leo_bench.evaluation.uncertainty.paired_shares import wilson_interval
from leo_bench.evaluation.uncertainty.variance import LEVEL

# With fewer on either side the chance of the manifold is as large as that of its members, and the
# jackknife does not see it (benchmarks/coverage.md).
MIN_VIDEOS = 32

ROUNDING = 1e-6  # of a count of videos


def precision_interval(
    real: ClipFeatures, fake: ClipFeatures, *, seed: int, level: float = LEVEL
) -> Interval | None:
    """Interval of `neighbours.precision`, within 0..1; None under MIN_VIDEOS on a side.

    Raises:
        InputError: features that cannot be used.
    """
    return _interval(precision, real, fake, len(set(fake.videos)), seed, level)


def recall_interval(
    real: ClipFeatures, fake: ClipFeatures, *, seed: int, level: float = LEVEL
) -> Interval | None:
    """Interval of `neighbours.recall`, within 0..1; None under MIN_VIDEOS on a side.

    Raises:
        InputError: features that cannot be used.
    """
    return _interval(recall, real, fake, len(set(real.videos)), seed, level)


def _interval(
    statistic: Callable[[Tensor, Tensor], float],
    real: ClipFeatures,
    fake: ClipFeatures,
    counted: int,
    seed: int,
    level: float,
) -> Interval | None:
    if min(len(set(real.videos)), len(set(fake.videos))) < MIN_VIDEOS:
        return None
    found = jackknife_interval(statistic, [(real, fake)], seed=seed, level=level)
    # Clips of one video may differ: a share of videos lies between whole ones.
    yes = statistic(real.values, fake.values) * counted
    low, _ = wilson_interval(math.floor(yes + ROUNDING), counted, level)
    _, high = wilson_interval(math.ceil(yes - ROUNDING), counted, level)
    return Interval(
        max(min(found.low, low), 0.0),
        min(max(found.high, high), 1.0),
        level,
        found.standard_error,
        found.method,
    )
