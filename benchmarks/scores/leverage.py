"""Which videos make an FVD what it is: a record, and its change without each video."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leo_bench.benchmarks.scores.plan import Plan, ScoreRequest, plan
from leo_bench.benchmarks.scores.score import scored
from leo_bench.evaluation.distances.frechet_influence import leave_each_out
from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.documents import (
    Document,
    LeverageExtra,
    VideoLeverage,
    document_of,
)


@dataclass(frozen=True)
class LeverageReport:
    """Every video's leverage on an FVD, and the record of that."""

    found: LeverageExtra
    record: Record

    @property
    def document(self) -> Document:
        """Both, as --json writes them."""
        return document_of("leverage", [self.record], self.found)


def measure_leverage(request: ScoreRequest, resources: Resources) -> LeverageReport:
    """Measure FVD, then leave every video out of the first repeat.

    Raises:
        InputError: anything that the user has to mend.
    """
    return leverage_of(plan(request), resources)


def leverage_of(chosen: Plan, resources: Resources) -> LeverageReport:
    """As `measure_leverage`, of what is planned.

    Raises:
        InputError: anything that the user has to mend.
    """
    found = scored(chosen, resources)
    real, fake = found.measured.real, found.measured.fake
    left_out = on_one_thread(
        lambda: leave_each_out(
            ClipFeatures(real.values[0], real.videos[0]),
            ClipFeatures(fake.values[0], fake.videos[0]),
            correction=chosen.protocol.frechet.correction,
        )
    )
    leverages = LeverageExtra(
        value=left_out.value,
        real=_largest_first(left_out.real, real.videos[0]),
        fake=_largest_first(left_out.fake, fake.videos[0]),
    )
    return LeverageReport(leverages, found.record)


def _largest_first(
    changes: Mapping[str, float], videos: Sequence[str]
) -> tuple[VideoLeverage, ...]:
    clips = Counter(videos)
    known = {video: change for video, change in changes.items() if not math.isnan(change)}
    order = sorted(changes, key=lambda video: (-abs(known.get(video, 0.0)), video))
    return tuple(
        VideoLeverage(video=video, clips=clips[video], change=known.get(video)) for video in order
    )
