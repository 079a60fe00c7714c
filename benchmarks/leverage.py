"""Which videos make an FVD what it is: a record, and its change without each video."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks.plan import ScoreRequest, plan
from benchmarks.score import scored
from evaluation.features import Machinery
from evaluation.influence import ClipFeatures
from evaluation.leverage import leave_each_out
from evaluation.record import Record
from evaluation.schema import Data


class VideoLeverage(Data):
    """One video.

    Args:
        clips: that it gave.
        change: the distance without it less the distance: above 0, the video lowers it; None where
            nothing would be left without it.
    """

    video: str
    clips: int
    change: float | None


class LeverageReport(Data):
    """An FVD and every video's leverage on it, the largest of each side first.

    Args:
        value: what changes: the first repeat's FVD in float64.
        record: of the FVD.
    """

    value: float
    real: tuple[VideoLeverage, ...]
    fake: tuple[VideoLeverage, ...]
    record: Record


def measure_leverage(request: ScoreRequest, machinery: Machinery) -> LeverageReport:
    """Measure FVD, then leave every video out of the first repeat.

    Raises:
        InputError: anything that the user has to mend.
    """
    chosen = plan(request)
    found = scored(chosen, machinery)
    real, fake = found.measured.real, found.measured.fake
    left_out = leave_each_out(
        ClipFeatures(real.values[0], real.videos[0]),
        ClipFeatures(fake.values[0], fake.videos[0]),
        correction=chosen.protocol.frechet.correction,
    )
    return LeverageReport(
        value=left_out.value,
        real=_largest_first(left_out.real, real.videos[0]),
        fake=_largest_first(left_out.fake, fake.videos[0]),
        record=found.record,
    )


def _largest_first(
    changes: Mapping[str, float], videos: Sequence[str]
) -> tuple[VideoLeverage, ...]:
    clips = Counter(videos)
    known = {video: change for video, change in changes.items() if not math.isnan(change)}
    order = sorted(changes, key=lambda video: (-abs(known.get(video, 0.0)), video))
    return tuple(
        VideoLeverage(video=video, clips=clips[video], change=known.get(video)) for video in order
    )
