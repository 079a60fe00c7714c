"""Precision and recall of fake videos, on the features that a distance is measured on."""

from leo_bench.benchmarks.scores.feature_sides import check_features_known
from leo_bench.benchmarks.scores.plan import Plan
from leo_bench.benchmarks.scores.score import DistanceReport, Scored, scored
from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.distances.neighbours import K, precision, recall
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.records.shares import PrecisionExtra, ShareOfClips
from leo_bench.evaluation.uncertainty.intervals import ends
from leo_bench.evaluation.uncertainty.share_intervals import precision_interval, recall_interval


def precision_of(chosen: Plan, resources: Resources) -> DistanceReport[PrecisionExtra]:
    """Precision and recall of the first repeat's features, and the distance as planned.

    Raises:
        InputError: the sources or weights cannot be used.
    """
    check_features_known(chosen, "precision")
    found = scored(chosen, resources)
    return DistanceReport("precision", found.record, shares_of(found, chosen.request.seed))


def shares_of(found: Scored, seed: int) -> PrecisionExtra:
    """Precision and recall of the first repeat's features of a distance, with intervals.

    Raises:
        InputError: of the real side only statistics are known.
    """
    real = found.measured.real
    if real.statistics:
        raise InputError(
            f"{real.side.source.name}: only mean and covariance of its features are known: "
            "precision needs the features themselves"
        )
    return on_one_thread(lambda: _shares(found, seed))


def _shares(found: Scored, seed: int) -> PrecisionExtra:
    real, fake = found.measured.real, found.measured.fake
    sides = (
        ClipFeatures(real.values[0], real.videos[0]),
        ClipFeatures(fake.values[0], fake.videos[0]),
    )
    return PrecisionExtra(
        neighbours=K,
        precision=ShareOfClips(
            value=precision(real.values[0], fake.values[0]),
            interval=ends(precision_interval(*sides, seed=seed)),
        ),
        recall=ShareOfClips(
            value=recall(real.values[0], fake.values[0]),
            interval=ends(recall_interval(*sides, seed=seed)),
        ),
    )
