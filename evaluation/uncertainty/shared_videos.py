"""How sure a difference of two distances is where both sides show the same videos.

The intervals of `uncertainty.intervals` take the real and the fake videos for independent draws.
Where the fakes are made from the real videos themselves, such as by known damage, one draw of a
video decides both sides, and counting it more on both hardly moves a distance: the two influences
of a video nearly cancel, and have to be added before they are squared. The rest is as there: the
part of the variance that belongs to pairs of videos is told apart by halving the videos.
"""

import math

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.block_split import BlockSplit, mean_over_blocks
from leo_bench.evaluation.uncertainty.influence import Linearised, WeightedStatistic, combine
from leo_bench.evaluation.uncertainty.intervals import Interval, check_videos
from leo_bench.evaluation.uncertainty.variance import split_by_halves, student_quantile


def shared_difference_interval(
    first: WeightedStatistic, second: WeightedStatistic, *, seed: int, level: float = 0.95
) -> Interval:
    """Interval of first - second; a real and a fake video of one name are one video.

    `seed` decides, with the names, which videos form the halves; nothing else is drawn.

    Raises:
        InputError: the sides do not have the same names; fewer than MIN_VIDEOS of them.
    """
    difference = combine([(1.0, first), (-1.0, second)])
    if list(difference.real_videos) != list(difference.fake_videos):
        raise InputError("both sides must show the same videos, under the same names")
    count = len(difference.real_videos)
    check_videos("both sides", count)
    whole = difference.at(difference.ones)
    # Videos of one name fall into one half, whichever side they are on.
    halves = mean_over_blocks(difference, BlockSplit(2, 2, 1, f"halves/{seed}"))
    error = math.sqrt(sum(split_by_halves(_variance(whole, lost=1), _variance(halves, lost=2))))
    reach = student_quantile((1 + level) / 2, count - 1) * error
    return Interval(whole.value - reach, whole.value + reach, level, error, "influence")


def _variance(at: Linearised, lost: int) -> float:
    """Sum of the videos' squared influences; `lost`: means taken from the videos."""
    moved = at.real + at.fake
    return moved.square().sum().item() * len(moved) / (len(moved) - lost)
