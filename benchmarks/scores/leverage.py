"""Leverage: the change of an FVD when one video is left out, for every video."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from leo_bench.benchmarks.scores.feature_sides import check_features_known
from leo_bench.benchmarks.scores.plan import Plan
from leo_bench.benchmarks.scores.score import DistanceReport, scored
from leo_bench.evaluation.distances.frechet_influence import leave_each_out
from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.records.documents import LeverageExtra, VideoLeverage


def leverage_of(chosen: Plan, resources: Resources) -> DistanceReport[LeverageExtra]:
    """Measure FVD as planned, then leave every video out of the first repeat.

    Raises:
        InputError: the sources or weights cannot be used.
    """
    check_features_known(chosen, "leverage")
    found = scored(chosen, resources)
    real, fake = found.measured.real, found.measured.fake
    left_out = on_one_thread(
        lambda: leave_each_out(
            ClipFeatures(real.values[0], real.videos[0]),
            ClipFeatures(fake.values[0], fake.videos[0]),
            correction=chosen.protocol.frechet.correction,
        )
    )
    extra = LeverageExtra(
        value=left_out.value,
        real=_largest_first(left_out.real, real.videos[0]),
        fake=_largest_first(left_out.fake, fake.videos[0]),
    )
    return DistanceReport("leverage", found.record, extra)


def _largest_first(
    changes: Mapping[str, float], videos: Sequence[str]
) -> tuple[VideoLeverage, ...]:
    clips = Counter(videos)
    known = {video: change for video, change in changes.items() if not math.isnan(change)}
    order = sorted(changes, key=lambda video: (-abs(known.get(video, 0.0)), video))
    return tuple(
        VideoLeverage(video=video, clips=clips[video], change=known.get(video)) for video in order
    )
