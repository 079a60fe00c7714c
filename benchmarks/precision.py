"""Precision and recall of fake videos, on the features that a distance is measured on."""

from collections.abc import Callable

from torch import Tensor

from benchmarks.plan import ScoreRequest, plan
from benchmarks.score import scored
from evaluation.features import Machinery
from evaluation.influence import ClipFeatures
from evaluation.intervals import jackknife_interval
from evaluation.neighbours import K, precision, recall
from evaluation.record import Record
from evaluation.schema import Data

# The jackknife leaves videos out, and what is left needs more than K.
LEAST_VIDEOS = 2 * (K + 1)


class Share(Data):
    """A share of clips, 0..1; its interval draws videos on both sides, None with too few."""

    value: float
    interval: tuple[float, float] | None


class PrecisionReport(Data):
    """Precision and recall beside the distance of the same features.

    Args:
        neighbours: k of the manifolds.
        record: the distance, with everything that tells how the features were made.
    """

    neighbours: int
    precision: Share
    recall: Share
    record: Record


def measure_precision(request: ScoreRequest, machinery: Machinery) -> PrecisionReport:
    """Precision and recall of the first repeat's features.

    Raises:
        InputError: anything that the user has to mend.
    """
    found = scored(plan(request), machinery)
    real, fake = found.measured.real, found.measured.fake
    sides = (
        ClipFeatures(real.values[0], real.videos[0]),
        ClipFeatures(fake.values[0], fake.videos[0]),
    )
    return PrecisionReport(
        neighbours=K,
        precision=_share(precision, *sides, seed=request.seed),
        recall=_share(recall, *sides, seed=request.seed),
        record=found.record,
    )


def _share(
    statistic: Callable[[Tensor, Tensor], float],
    real: ClipFeatures,
    fake: ClipFeatures,
    *,
    seed: int,
) -> Share:
    value = statistic(real.values, fake.values)
    if min(len(set(real.videos)), len(set(fake.videos))) < LEAST_VIDEOS:
        return Share(value=value, interval=None)
    found = jackknife_interval(statistic, real, fake, seed=seed)
    return Share(value=value, interval=(max(found.low, 0.0), min(found.high, 1.0)))
