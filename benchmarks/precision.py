"""Precision and recall of fake videos, on the features that a distance is measured on."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from benchmarks.plan import Plan, ScoreRequest, plan
from benchmarks.score import scored
from evaluation.documents import Document, PrecisionExtra, ShareOfClips, document_of
from evaluation.features import Machinery
from evaluation.influence import ClipFeatures
from evaluation.intervals import jackknife_interval
from evaluation.lanes import on_one_thread
from evaluation.neighbours import K, precision, recall
from evaluation.record import Record

# The jackknife leaves videos out, and what is left needs more than K.
LEAST_VIDEOS = 2 * (K + 1)


@dataclass(frozen=True)
class PrecisionReport:
    """Precision and recall, and the distance of the same features.

    Args:
        found: what they are.
        record: the distance, with everything that tells how the features were made.
    """

    found: PrecisionExtra
    record: Record

    @property
    def document(self) -> Document:
        """Both, as --json writes them."""
        return document_of("precision", [self.record], self.found)


def measure_precision(request: ScoreRequest, machinery: Machinery) -> PrecisionReport:
    """Precision and recall of the first repeat's features.

    Raises:
        InputError: anything that the user has to mend.
    """
    return precision_of(plan(request), machinery)


def precision_of(chosen: Plan, machinery: Machinery) -> PrecisionReport:
    """As `measure_precision`, of what is planned.

    Raises:
        InputError: anything that the user has to mend.
    """
    seed, found = chosen.request.seed, scored(chosen, machinery)
    real, fake = found.measured.real, found.measured.fake
    sides = (
        ClipFeatures(real.values[0], real.videos[0]),
        ClipFeatures(fake.values[0], fake.videos[0]),
    )
    shares = PrecisionExtra(
        neighbours=K,
        precision=on_one_thread(lambda: _share(precision, *sides, seed=seed)),
        recall=on_one_thread(lambda: _share(recall, *sides, seed=seed)),
    )
    return PrecisionReport(shares, found.record)


def _share(
    statistic: Callable[[Tensor, Tensor], float],
    real: ClipFeatures,
    fake: ClipFeatures,
    *,
    seed: int,
) -> ShareOfClips:
    value = statistic(real.values, fake.values)
    if min(len(set(real.videos)), len(set(fake.videos))) < LEAST_VIDEOS:
        return ShareOfClips(value=value, interval=None)
    found = jackknife_interval(statistic, real, fake, seed=seed)
    return ShareOfClips(value=value, interval=(max(found.low, 0.0), min(found.high, 1.0)))
