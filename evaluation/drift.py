"""Identity drift: how far a video's frames move away from its first one, against time.

LEO claims to keep who is seen over 1,024 frames and more (paper Sec. 4.3, 6), where generators that
go on from their own frames lose them; the paper shows pictures of it and no number. Here it is one:
the L2 distance of each frame's embedding to the first frame's, at chosen times.

A curve is the mean over videos with two bands: one that covers the mean of all videos there could
be at each time by itself, and a wider one that covers it at all times at once. A video breaks where
its distance goes above what real videos show and stays there for a run of frames.

Letters: N videos, K times, D embedding size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import torch
from torch import Tensor

from evaluation.embedders import Embedded
from evaluation.errors import InputError
from evaluation.intervals import MIN_VIDEOS, student_quantile
from evaluation.mean_intervals import LEVEL, mean_interval

DRAWS = 2000  # random signs of videos, for the band over all times


def from_first(embedded: Embedded) -> Tensor | None:
    """Distance of each frame of one video to its first: float64 [K], 0 at its beginning.

    Args:
        embedded: values [K,D] and found [K], in the order of time.

    Returns:
        NaN where a frame shows nobody; None where the first one does not.
    """
    if not bool(embedded.found[0]):
        return None
    values = embedded.values.double()
    distances: Tensor = (values - values[0]).norm(dim=1)
    distances[~embedded.found] = torch.nan
    return distances


@dataclass(frozen=True)
class Bands:
    """A mean over videos against time, each float64 [K].

    Args:
        mean: over the videos that have a value at that time; NaN where none has.
        low, high: interval of the mean at each time by itself; NaN with too few videos.
        all_low, all_high: between them the mean lies at all times at once, with the same
            confidence.
    """

    mean: Tensor
    low: Tensor
    high: Tensor
    all_low: Tensor
    all_high: Tensor


def bands(distances: Tensor, level: float = LEVEL) -> Bands:
    """Mean curve of videos and how sure it is.

    The band over all times is that of the largest studentised deviation (sup-t), whose distribution
    is drawn by giving each video's departure from the mean curve a random normal weight (the
    multiplier bootstrap of Chernozhukov et al. 2013); its width is that of Student's t, since the
    spread is estimated from the same videos.

    Args:
        distances: float64 [N,K]; NaN where a video has no value.
        level: of both bands.
    """
    there = ~distances.isnan()
    count = there.sum(0)
    mean = distances.nanmean(0)
    low, high = _each_time(distances, level)
    departures = torch.where(there, distances - mean, 0.0)
    error = (departures.square().sum(0) / (count * (count - 1)).clamp(min=1)).sqrt()
    wide = error * _reach(departures, count, error, level)
    # A distance has no mean below 0; one time's interval may be skewed beyond the wider band.
    all_low = torch.minimum((mean - wide).clamp(min=0), low)
    return Bands(mean, low, high, all_low, torch.maximum(mean + wide, high))


def _each_time(distances: Tensor, level: float) -> tuple[Tensor, Tensor]:
    ends = []
    for column in distances.T.tolist():
        known = {str(i): value for i, value in enumerate(column) if not math.isnan(value)}
        found = mean_interval(known, level)
        ends.append((torch.nan,) * 2 if found is None else (max(0.0, found.low), found.high))
    low, high = torch.tensor(ends, dtype=torch.float64).T
    return low, high


def _reach(departures: Tensor, count: Tensor, error: Tensor, level: float) -> float:
    """Standard errors from the mean to the band over all times."""
    videos = int(count.max())
    told = (error > 0) & (count >= MIN_VIDEOS)
    if not bool(told.any()):
        return math.nan if videos < MIN_VIDEOS else 0.0
    chance = torch.Generator().manual_seed(0)
    weights = torch.randn(DRAWS, len(departures), dtype=torch.float64, generator=chance)
    spread = departures.square().sum(0).sqrt()
    largest = ((weights @ departures)[:, told] / spread[told]).abs().amax(1)
    normal = float(largest.quantile(level))
    return student_quantile(NormalDist().cdf(normal), videos - 1)


@dataclass(frozen=True)
class Limits:
    """What real videos say of distances.

    Args:
        threshold: above it a frame is further from its first than `share` of the real frames.
        share: of real distances, over all videos and times, that lie below the threshold.
        others: median distance between first frames of different real videos: where a video ends
            up that has become somebody else.
    """

    threshold: float
    share: float
    others: float


def limits(distances: Tensor, firsts: Tensor, share: float) -> Limits:
    """Calibrate on real videos.

    Args:
        distances: float64 [N,K] of real videos, `from_first`; the first time does not count.
        firsts: float32 [N,D], embeddings of their first frames.
        share: as in `Limits`, within (0, 1).

    Raises:
        InputError: a share that is none, one video, or one time.
    """
    if not 0 < share < 1:
        raise InputError(f"--share {share}: expected a number between 0 and 1, such as 0.99")
    later = distances[:, 1:]
    known = later[~later.isnan()]
    if len(distances) < 2 or not len(known):
        raise InputError(
            f"{len(distances)} real videos at {distances.shape[1]} times: a threshold needs two "
            "videos with frames beyond the first"
        )
    return Limits(
        threshold=float(known.quantile(share)),
        share=share,
        others=float(torch.pdist(firsts.double()).median()),
    )


def first_break(distances: Sequence[float] | Tensor, threshold: float, run: int) -> int | None:
    """Where a video breaks: the first of `run` values in a row that all exceed the threshold.

    A frame that shows nobody counts as beyond it. What comes after a run does not count: a video
    that finds back was broken all the same.

    Args:
        distances: [K], NaN where there is nobody.
        threshold: values at it are still right.
        run: values in a row, 1 or more.

    Returns:
        Place in `distances`, or None where it never breaks; fewer than `run` values at the end
        break nothing.
    """
    beyond = 0
    for place, value in enumerate(torch.as_tensor(distances).tolist()):
        beyond = 0 if value <= threshold else beyond + 1
        if beyond == run:
            return place - run + 1
    return None


def survival(breaks: Sequence[int | None], count: int) -> Tensor:
    """Share of videos that are not broken yet at each of `count` places: float64 [count]."""
    whole = torch.tensor([count if place is None else place for place in breaks])
    return (whole[None] > torch.arange(count)[:, None]).double().mean(1)
