"""The difference of two fake sides against the same real side, with its interval."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

from leo_bench.benchmarks.scores.score import Scored
from leo_bench.benchmarks.scores.score_record import MeasuredScore
from leo_bench.benchmarks.scores.stamp import interval_fields
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.identity.embedded_videos import SourceScore
from leo_bench.evaluation.records.comparison import DifferenceRecord
from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS, Interval

# With more fake sides each is compared with the first one alone.
ALL_PAIRS = 6


@dataclass(frozen=True)
class Difference:
    """A number less another one.

    Args:
        value: in float64.
        interval: of it; None: `note` says why.
        paired: videos of one name on both sides, which are taken as pairs.
        note: why there is no interval.
    """

    value: float
    interval: Interval | None
    paired: int
    note: str = ""

    def record(self, first: int, second: int) -> DifferenceRecord:
        """As documents hold it, of the records at these places."""
        return DifferenceRecord(
            first=first,
            second=second,
            value=self.value,
            **interval_fields(self.interval),
            paired=self.paired,
            note=self.note,
        )


def pairs(fakes: int) -> Iterator[tuple[int, int]]:
    """Which fake sides are compared: every two, or with more than ALL_PAIRS each with the first."""
    if fakes <= ALL_PAIRS:
        yield from combinations(range(fakes), 2)
    else:
        yield from ((0, other) for other in range(1, fakes))


def of_distances(first: Scored, second: Scored, seed: int) -> Difference:
    """Of two distances to the same real clips; fakes of one name are paired."""
    mine, others = first.measured, second.measured
    value = mine.numbers.value_float64 - others.numbers.value_float64
    shared = _fakes(first) & _fakes(second)
    if mine.form.weighted is None:
        return Difference(
            value, None, len(shared), "the metric gives no influence of single videos"
        )
    if mine.numbers.interval is None or others.numbers.interval is None:
        return Difference(value, None, len(shared), f"fewer than {MIN_VIDEOS} videos on a side")
    return Difference(value, mine.difference(others, seed), len(shared))


def of_scores(
    first: MeasuredScore[SourceScore[Any]], second: MeasuredScore[SourceScore[Any]]
) -> Difference:
    """Of two means over videos, paired where both have videos of the same names."""
    mine, others = first.measured, second.measured
    interval = on_one_thread(partial(mine.difference, others))
    paired = len(mine.by_video.keys() & others.by_video.keys())
    return Difference(
        mine.value - others.value,
        interval,
        paired if mine.is_paired_with(others) else 0,
        "" if interval is not None else f"fewer than {MIN_VIDEOS} videos on a side",
    )


def _fakes(one: Scored) -> set[str]:
    return {video for videos in one.measured.fake.videos for video in videos}
