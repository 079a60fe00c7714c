"""Confidence intervals of a mean over videos, and of the difference of two such means.

The same form as the intervals of distances (`uncertainty.intervals`), in closed form: a mean has no
part that belongs to pairs of videos, and its influences are (value - mean) / n. The degrees of
freedom are those of the influences' fourth moments, but never more than n - 1, for which a mean of
normal values is covered exactly. A mean of skewed values, as identity distances are, gets an
interval that reaches further on the side of the long tail.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor

from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS, Interval
from leo_bench.evaluation.uncertainty.variance import (
    LEVEL,
    MIN_FREEDOM,
    bounded_skew,
    freedom_of_squares,
    satterthwaite,
    skewed_ends,
    student_reach,
)


@dataclass(frozen=True)
class _Sample:
    """Influences of independent videos on a number, and the smallest count a mean of it has."""

    influences: Tensor  # float64 [N]
    count: int

    @property
    def correction(self) -> float:
        """For the mean that was taken from the same videos."""
        return self.count / (self.count - 1)

    @property
    def variance(self) -> float:
        return self.influences.square().sum().item() * self.correction


def mean_interval(values: Mapping[str, float], level: float = LEVEL) -> Interval | None:
    """Interval around the mean of one value a video; None with fewer than MIN_VIDEOS videos.

    Args:
        values: by the video's name.
        level: share of such intervals that hold the mean of all videos there could be.

    Raises:
        InputError: a level outside (0, 1).
    """
    if len(values) < MIN_VIDEOS:
        return None
    return _interval(fmean(values.values()), [_Sample(_influences(values), len(values))], level)


def difference_interval(
    values: Mapping[str, float], others: Mapping[str, float], *, paired: bool, level: float = LEVEL
) -> Interval | None:
    """Interval around mean(values) - mean(others).

    Args:
        values: by the video's name.
        others: likewise.
        paired: videos of one name belong together (the same video damaged, the same first frame),
            so that chance which is common to both leaves the difference.
        level: as for `mean_interval`.

    Returns:
        None with fewer than MIN_VIDEOS videos on a side.

    Raises:
        InputError: a level outside (0, 1).
    """
    if min(len(values), len(others)) < MIN_VIDEOS:
        return None
    difference = fmean(values.values()) - fmean(others.values())
    mine, theirs = _influences(values), -_influences(others)
    if not paired:
        samples = [_Sample(mine, len(values)), _Sample(theirs, len(others))]
        return _interval(difference, samples, level)
    place = {name: i for i, name in enumerate(sorted(values.keys() | others.keys()))}
    both = torch.zeros(len(place), dtype=torch.float64)
    for side, influences in ((values, mine), (others, theirs)):
        both.index_add_(0, torch.tensor([place[name] for name in side]), influences)
    return _interval(difference, [_Sample(both, min(len(values), len(others)))], level)


def _influences(values: Mapping[str, float]) -> Tensor:
    known = torch.tensor(list(values.values()), dtype=torch.float64)
    return (known - known.mean()) / len(known)


def _interval(value: float, samples: Sequence[_Sample], level: float) -> Interval:
    error = math.sqrt(sum(sample.variance for sample in samples))
    reach = student_reach(level, _freedom(samples))
    if error == 0:
        return Interval(value, value, level, 0.0, "influence")
    low, high = skewed_ends(value, error, reach, _skew(samples, error))
    return Interval(low, high, level, error, "influence")


def _freedom(samples: Sequence[_Sample]) -> float:
    """The influences' own, as for a distance, but at most Welch's: n - 1 for one sample."""
    welch = satterthwaite(
        *((sample.variance, sample.count - 1) for sample in samples), fallback=math.inf
    )
    squares = (sample.influences.square().tolist() for sample in samples)
    return min(max(freedom_of_squares(*squares), MIN_FREEDOM), welch)


def _skew(samples: Sequence[_Sample], error: float) -> float:
    """Growth of the standard error by growth of the value, as videos count more that raise it.

    A small weight t * N * influence more for each video moves the value by t * N * sum of squared
    influences, and the variance by t * N * sum of cubed ones.
    """
    rise = sum(len(s.influences) * s.influences.square().sum().item() for s in samples)
    cubes = sum(
        len(s.influences) * s.influences.pow(3).sum().item() * s.correction for s in samples
    )
    return bounded_skew(cubes / (2 * error * rise))
