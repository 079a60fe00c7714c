"""ROC of a score that separates two sets, the area under it, and the area's interval.

The area is the chance that a positive scores above a negative, ties counting half. Its standard
error is DeLong's (1988, Biometrics 44, 837-845): from the placements of each video among the other
side's. Sides are independent; where they are pairs (the same video damaged), it errs on the wide
side. An area of 0 or 1 has no standard error. There the sides are taken to pieces, as many pairs of
a positive and a negative as the smaller side has: all of them being told right, their chance of it
has a bound of Clopper and Pearson's, which the area has then too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import torch

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.variance import LEVEL


@dataclass(frozen=True)
class Point:
    """Shares of negatives and of positives that score at least `threshold`."""

    threshold: float
    false_alarms: float
    detections: float


@dataclass(frozen=True)
class Area:
    """The area under a ROC, with its interval (on the logit scale, which keeps it within 0..1)."""

    value: float
    interval: tuple[float, float]
    level: float


def roc(positives: Sequence[float], negatives: Sequence[float]) -> list[Point]:
    """One point a score that occurs, from the corner (0, 0) to the corner (1, 1).

    Raises:
        InputError: a side is empty.
    """
    _check(positives, negatives)
    points = [Point(math.inf, 0.0, 0.0)]
    for threshold in sorted({*positives, *negatives}, reverse=True):
        shares = (
            sum(score >= threshold for score in scores) / len(scores)
            for scores in (negatives, positives)
        )
        points.append(Point(threshold, *shares))
    return points


def area_under(
    positives: Sequence[float], negatives: Sequence[float], level: float = LEVEL
) -> Area:
    """Area under the ROC.

    Raises:
        InputError: fewer than two scores on a side.
    """
    _check(positives, negatives)
    if min(len(positives), len(negatives)) < 2:
        raise InputError("an area under a ROC needs two scores a side at least")
    above = torch.tensor(positives, dtype=torch.float64)[:, None]
    below = torch.tensor(negatives, dtype=torch.float64)[None]
    wins = (above > below).double() + (above == below).double() / 2
    value = wins.mean().item()
    variance = sum(wins.mean(axis).var().item() / wins.shape[1 - axis] for axis in (0, 1))
    if not 0 < value < 1:
        bound = ((1 - level) / 2) ** (1 / min(wins.shape))
        return Area(value, (bound, 1.0) if value == 1 else (0.0, 1 - bound), level)
    if variance == 0:  # nothing but ties
        return Area(value, (value, value), level)
    middle = math.log(value / (1 - value))
    reach = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(variance) / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-(middle + side * reach))) for side in (-1, 1))
    return Area(value, (low, high), level)


def _check(positives: Sequence[float], negatives: Sequence[float]) -> None:
    if not positives or not negatives:
        raise InputError(
            f"{len(positives)} positive and {len(negatives)} negative scores: a ROC needs both"
        )
