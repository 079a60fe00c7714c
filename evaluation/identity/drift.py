"""Identity drift: distance of a video's frames to its first frame, against time.

LEO claims to preserve identity over 1,024 frames and more (Sec. 4.3 and 6), where autoregressive
generators lose it; the paper shows pictures and no number. Here drift is the L2 distance of the
embedding of each frame, at chosen times, to that of the first frame.

A curve is the mean over videos with two confidence bands: one for each time by itself, and a wider
one for all times at once. A video breaks where its distance exceeds that of real videos for several
times in a row.

Letters: N videos, K times, D embedding size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.embedders import Embedded
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.mean_intervals import mean_interval
from leo_bench.evaluation.uncertainty.variance import LEVEL

DRAWS = 2000  # bootstrap samples for the band over all times

# With fewer videos the bootstrap of t is useless: of 4 videos it is 200 standard errors wide.
MIN_FOR_BAND = 6

ROUNDING = 1e-9  # of a standard error


def from_first(embedded: Embedded) -> Tensor | None:
    """Distance of each frame of a video to the first one: float64 [K], the first of them 0.

    Args:
        embedded: values [K,D] and found [K], in the order of time.

    Returns:
        The distances, NaN where nobody was found; None if nobody was found in the first frame.
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
        low, high: pointwise interval of the mean; NaN with too few videos.
        all_low, all_high: simultaneous band of the mean over all times, of the same confidence;
            NaN with fewer than MIN_FOR_BAND videos.
    """

    mean: Tensor
    low: Tensor
    high: Tensor
    all_low: Tensor
    all_high: Tensor


def bands(distances: Tensor, level: float = LEVEL) -> Bands:
    """Mean curve of videos with its confidence bands.

    The band over all times is a bootstrap-t: for videos drawn with replacement, the largest
    deviation of the mean over all times in units of its standard error, upwards and downwards. So
    the band follows the skew of distances, and is valid, but wide, for few videos. It is at least
    as wide as the pointwise interval.

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
    down, up = _reach(departures, there, error, level)
    told = count >= MIN_FOR_BAND
    # A distance has no mean below 0.
    all_low = torch.minimum((mean - down * error).clamp(min=0), low)
    all_high = torch.maximum(mean + up * error, high)
    return Bands(
        mean,
        low,
        high,
        torch.where(told, all_low, torch.nan),
        torch.where(told, all_high, torch.nan),
    )


def _each_time(distances: Tensor, level: float) -> tuple[Tensor, Tensor]:
    ends = []
    for column in distances.T.tolist():
        known = {str(i): value for i, value in enumerate(column) if not math.isnan(value)}
        found = mean_interval(known, level)
        # A distance has no mean below 0.
        ends.append((torch.nan,) * 2 if found is None else (max(0.0, found.low), found.high))
    low, high = torch.tensor(ends, dtype=torch.float64).T
    return low, high


def _reach(departures: Tensor, there: Tensor, error: Tensor, level: float) -> tuple[float, float]:
    """Standard errors from the mean down and up to the band over all times.

    Args:
        departures: [N,K], of the videos from the mean; 0 where a video has no value.
        there: bool [N,K], where it has one.
        error: [K], of the mean.
        level: of the band.
    """
    told = (error > 0) & (there.sum(0) >= MIN_FOR_BAND)
    if not bool(told.any()):
        return 0.0, 0.0
    departures, present, error = departures[:, told], there[:, told].double(), error[told]
    chance = torch.Generator().manual_seed(0)
    picks = torch.randint(len(departures), (DRAWS, len(departures)), generator=chance)
    times = torch.zeros(DRAWS, len(departures), dtype=torch.float64)
    times.scatter_add_(1, picks, torch.ones_like(times))
    count = times @ present
    mean = times @ departures / count
    variance = (times @ departures.square() / count - mean.square()) / (count - 1)
    # No draw has less error than rounding; one of a single video tells nothing of its own error.
    own = variance.clamp(min=0).sqrt().maximum(ROUNDING * error)
    moved = torch.where(count > 1, mean / own, torch.nan).nan_to_num(nan=0.0)
    beyond = (1 + level) / 2
    return (
        float(moved.amax(1).quantile(beyond)),
        float((-moved).amax(1).quantile(beyond)),
    )


@dataclass(frozen=True)
class Limits:
    """Distances of real videos, for calibration.

    Args:
        threshold: the quantile `share` of the distances of real frames to their first frame.
        share: of real distances, over all videos and times, below the threshold.
        others: median distance between first frames of different real videos: that of a video
            whose identity has changed completely.
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
        InputError: `share` is not within (0, 1); fewer than two videos or times.
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
    """Where a video breaks: the first of `run` consecutive values above the threshold.

    A frame in which nobody was found counts as above it. Later values do not matter.

    Args:
        distances: [K], NaN where nobody was found.
        threshold: a value equal to it is not above it.
        run: number of consecutive values, 1 or more.

    Returns:
        Index in `distances`; None if the video does not break, also if fewer than `run` values at
        the end are above the threshold.
    """
    beyond = 0
    for place, value in enumerate(torch.as_tensor(distances).tolist()):
        beyond = 0 if value <= threshold else beyond + 1
        if beyond == run:
            return place - run + 1
    return None


def survival(breaks: Sequence[int | None], count: int) -> Tensor:
    """Share of videos that are not yet broken at each of `count` times: float64 [count]."""
    whole = torch.tensor([count if place is None else place for place in breaks])
    return (whole[None] > torch.arange(count)[:, None]).double().mean(1)
