"""Feature statistics of a bundle: mean and covariance behind every Fréchet distance."""

from collections.abc import Callable

from leo_bench.benchmarks.scores.score import scored
from leo_bench.benchmarks.verify_and_explain.plan_of_record import plan_of
from leo_bench.evaluation.distances.frechet import fit_gaussian
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.measure import SideFeatures
from leo_bench.evaluation.records.distance import Record
from leo_bench.reports.bundles import FRECHET, SideStatistics, Statistics, frechet
from leo_bench.reports.rechecks import agrees
from leo_bench.reports.records import RecordTree, StoredRecord


def statistics_of(
    tree: RecordTree, resources: Resources, say: Callable[[str], None]
) -> dict[str, Statistics]:
    """Statistics by record key, from cached features where possible.

    A record whose videos are missing or changed is skipped, and `say` is called with the reason.
    """
    found = {}
    for key, stored in tree.records.items():
        if stored.metric not in FRECHET:
            continue
        try:
            found[key] = _statistics(stored, resources)
        except InputError as error:
            say(f"{key}: no statistics: {error}")
    return found


def _statistics(stored: StoredRecord, resources: Resources) -> Statistics:
    record = stored.record
    if not isinstance(record, Record):
        raise InputError(f"a {stored.metric} is no distance")
    chosen = plan_of(record)
    measured = scored(chosen, resources).measured
    correction = chosen.protocol.frechet.correction
    real, fake = (_side(side, correction) for side in (measured.real, measured.fake))
    found = Statistics(real, fake)
    again = frechet(found)
    if not agrees(again, record):
        raise InputError(
            f"they give {again:.6g} now: the videos were changed, or the machine is another; "
            "make the record again"
        )
    return found


def _side(side: SideFeatures, correction: int) -> SideStatistics:
    if side.statistics:
        gaussian = side.statistics[0].exact
    else:
        gaussian = fit_gaussian(side.values[0], correction=correction)
    return SideStatistics(gaussian.mean.numpy(), gaussian.cov.numpy())
