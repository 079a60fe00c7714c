"""Mean and confidence interval of a number over several seeds of training.

found = over_seeds([value of each seed], [influences of each seed])   evaluation.video_influences

A method is compared with another by training both several times. Two things vary then. Each seed
trains another model and draws other samples; all models are held against the same real videos.

The variance of the mean over S seeds is the sum of
    between   s^2 / S, s^2 being the variance of the seeds' numbers: of training, and of samples
    real      by the real videos' influences on the mean, which all seeds share
where s^2 / S is not taken to be less than what the samples' influences alone account for: the s^2
of a few seeds may be small by accident. The interval is Student's, with Satterthwaite's degrees of
freedom: S - 1 for `between`. With three seeds it rests on two degrees of freedom, so it is wide
(4.3 standard errors), and it takes the seeds' numbers to be normally distributed; three numbers
cannot show whether they are.

With one seed there is no `between`: the interval is then of the videos alone (one less than the
samples are their degrees of freedom), and says how sure the number of these models is, not of the
method. Give the differences of two methods, seed by seed, to
compare them: what a seed's two models share (first weights, batches, noise) leaves the difference.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.influences import Pair, VideoInfluences
from leo_bench.evaluation.uncertainty.variance import (
    LEVEL,
    check_level,
    of_squares,
    satterthwaite,
    split_by_halves,
    student_reach,
)


@dataclass(frozen=True)
class OverSeeds:
    """The mean of a number over seeds.

    Args:
        value: the mean.
        by_seed: one a seed.
        interval: around the mean; None without influences (too few videos) where there is one seed.
        level: of the interval.
        standard_error: of the mean; None where there is no interval.
        freedom: degrees of freedom of the standard error.
        between: the seeds' part of the standard error; None with one seed.
        samples: what the samples' chance alone accounts for; None without influences.
        real: the real videos' part; None without influences.
    """

    value: float
    by_seed: tuple[float, ...]
    interval: tuple[float, float] | None
    level: float
    standard_error: float | None
    freedom: float | None
    between: float | None
    samples: float | None
    real: float | None

    @property
    def spread(self) -> float | None:
        """Standard deviation of the seeds' numbers (ddof 1); None with one."""
        return statistics.stdev(self.by_seed) if len(self.by_seed) > 1 else None


def over_seeds(
    values: Sequence[float],
    influences: Sequence[VideoInfluences | None],
    level: float = LEVEL,
) -> OverSeeds:
    """The mean over seeds with its interval; see the head of this file.

    Args:
        values: one a seed.
        influences: of the videos on each of them; the same real videos for all seeds, and samples
            that are each seed's own. None where there were too few videos.
        level: of the interval.

    Raises:
        InputError: no seed; a level outside (0, 1).
    """
    if not values:
        raise InputError("a mean over seeds needs at least one seed")
    check_level(level)
    count, mean = len(values), statistics.fmean(values)
    known = [found for found in influences if found is not None]
    real = samples = between = None
    freedom_of_real = freedom_of_models = 1
    if len(known) == count:
        shared = _mean([found.real for found in known])
        real = _variance(shared)
        samples = sum(_variance(found.fake) for found in known) / count**2
        freedom_of_real = max(len(shared) - 1, 1)
        freedom_of_models = max(min(len(found.fake) for found in known) - 1, 1)
    if count > 1:
        between = statistics.variance(values) / count
        freedom_of_models = count - 1
    if between is None and real is None:
        return OverSeeds(mean, tuple(values), None, level, None, None, None, None, None)
    of_models = max(between or 0.0, samples or 0.0)
    variance = of_models + (real or 0.0)
    freedom = satterthwaite(
        (of_models, freedom_of_models), (real or 0.0, freedom_of_real), fallback=freedom_of_models
    )
    reach = student_reach(level, freedom) * math.sqrt(variance)
    return OverSeeds(
        value=mean,
        by_seed=tuple(values),
        interval=(mean - reach, mean + reach),
        level=level,
        standard_error=math.sqrt(variance),
        freedom=freedom,
        between=None if between is None else math.sqrt(between),
        samples=None if samples is None else math.sqrt(samples),
        real=None if real is None else math.sqrt(real),
    )


def _mean(sides: Sequence[Mapping[str, Pair]]) -> dict[str, Pair]:
    videos = sorted({video for side in sides for video in side})
    return {
        video: (
            sum(side[video][0] for side in sides if video in side) / len(sides),
            sum(side[video][1] for side in sides if video in side) / len(sides),
        )
        for video in videos
    }


def _variance(videos: Mapping[str, Pair]) -> float:
    """A + B of `uncertainty.intervals`, from A + 2B and A + 4B."""
    whole = of_squares(sum(pair[0] ** 2 for pair in videos.values()), len(videos), lost=1)
    halves = of_squares(sum(pair[1] ** 2 for pair in videos.values()), len(videos), lost=2)
    return sum(split_by_halves(whole, halves))
