"""Precision and recall of fake videos, on the features that a distance is measured on."""

from dataclasses import dataclass

from leo_bench.benchmarks.scores.plan import Plan, ScoreRequest, plan
from leo_bench.benchmarks.scores.score import scored
from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.distances.neighbours import K, precision, recall
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.documents import (
    Document,
    PrecisionExtra,
    ShareOfClips,
    document_of,
)
from leo_bench.evaluation.uncertainty.intervals import ends
from leo_bench.evaluation.uncertainty.share_intervals import precision_interval, recall_interval


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


def measure_precision(request: ScoreRequest, resources: Resources) -> PrecisionReport:
    """Precision and recall of the first repeat's features.

    Raises:
        InputError: anything that the user has to mend.
    """
    return precision_of(plan(request), resources)


def precision_of(chosen: Plan, resources: Resources) -> PrecisionReport:
    """As `measure_precision`, of what is planned.

    Raises:
        InputError: anything that the user has to mend.
    """
    seed, found = chosen.request.seed, scored(chosen, resources)
    real, fake = found.measured.real, found.measured.fake
    sides = (
        ClipFeatures(real.values[0], real.videos[0]),
        ClipFeatures(fake.values[0], fake.videos[0]),
    )
    shares = PrecisionExtra(
        neighbours=K,
        precision=on_one_thread(
            lambda: ShareOfClips(
                value=precision(real.values[0], fake.values[0]),
                interval=ends(precision_interval(*sides, seed=seed)),
            )
        ),
        recall=on_one_thread(
            lambda: ShareOfClips(
                value=recall(real.values[0], fake.values[0]),
                interval=ends(recall_interval(*sides, seed=seed)),
            )
        ),
    )
    return PrecisionReport(shares, found.record)
