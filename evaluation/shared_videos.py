"""How sure a difference of two distances is where both sides show the same videos.

The intervals of `evaluation.intervals` take the real and the fake videos for independent draws.
Where the fakes are made from the real videos themselves, such as by known damage, one draw of a
video decides both sides, and counting it more on both hardly moves a distance: the two influences
of a video nearly cancel, and have to be added before they are squared.
"""

import math

from evaluation.errors import InputError
from evaluation.influence import WeightedStatistic, combine
from evaluation.intervals import Interval, check_videos, student_quantile


def shared_difference_interval(
    first: WeightedStatistic, second: WeightedStatistic, *, level: float = 0.95
) -> Interval:
    """Interval of first - second; a real and a fake video of one name are one video.

    By the infinitesimal jackknife: twice the part of the variance that belongs to pairs of videos
    is in it, so that it is rather too wide than too narrow.

    Raises:
        InputError: the sides do not have the same names; fewer than MIN_VIDEOS of them.
    """
    difference = combine([(1.0, first), (-1.0, second)])
    if list(difference.real_videos) != list(difference.fake_videos):
        raise InputError("both sides must show the same videos, under the same names")
    count = len(difference.real_videos)
    check_videos("both sides", count)
    at = difference.at(difference.ones)
    moved = at.real + at.fake
    error = math.sqrt(moved.square().sum().item() * count / (count - 1))
    reach = student_quantile((1 + level) / 2, count - 1) * error
    return Interval(at.value - reach, at.value + reach, level, error, "influence")
