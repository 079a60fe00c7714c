"""A pilot: what the influences of a few videos say of a number's variance.

`uncertainty.planning` has the formula and its legend: A, D, T, W.
"""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from statistics import NormalDist

from leo_bench.evaluation.uncertainty.variance import LEVEL, MIN_FREEDOM, of_squares


@dataclass(frozen=True)
class SidePilot:
    """One side of a pilot.

    Args:
        videos: how many there are; 0: the number has no such side.
        single: A.
        pairs: D.
        noise: sum of the squared deviations of the videos' terms of W from their mean.
        pairs_error: standard error of D.
        bias: this side's part of the bias.
    """

    videos: int = 0
    single: float = 0.0
    pairs: float = 0.0
    noise: float = 0.0
    pairs_error: float = 0.0
    bias: float = 0.0

    @property
    def whole(self) -> float:
        """W."""
        return self.single + self.pairs


Pairing = Callable[[float, float], float]  # D_r, D_f -> T


def of_square(real: float, fake: float) -> float:
    """T of a distance."""
    return real * fake / (real + fake) if real + fake else 0.0


@dataclass(frozen=True)
class Pilot:
    """What a pilot says of a number's variance.

    Args:
        value: the number, of the pilot's videos.
        real, fake: both sides; a score of one set of videos has one.
        cautious: the interval is `intervals.cautious_interval`.
        means: samples of videos whose means the number is made of: the degrees of freedom are at
            most one less than the videos for each; 0: it is made of no means.
        skew: of the pilot's interval.
        growth: of the standard error by growth of the value: the skew of the interval, or of the
            intervals of the two numbers of a difference.
        pairing: T.
    """

    value: float
    real: SidePilot
    fake: SidePilot
    cautious: bool = False
    means: int = 0
    skew: float = 0.0
    growth: float = 0.0
    pairing: Pairing = of_square

    @property
    def sides(self) -> tuple[SidePilot, ...]:
        """Those that have videos."""
        return tuple(side for side in (self.real, self.fake) if side.videos)

    @property
    def fewest(self) -> int:
        """Videos of the smaller side."""
        return min(side.videos for side in self.sides)

    @property
    def bias(self) -> float:
        """Of the number, at the pilot's videos."""
        return self.real.bias + self.fake.bias

    @property
    def printed(self) -> float:
        """The standard error that the pilot's interval states."""
        pairs = sum(side.pairs for side in self.sides)
        single = sum(side.single for side in self.sides)
        return math.sqrt(single + (pairs if self.cautious else pairs / 2))

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the sum of squared influences; infinite where none varies."""
        noise = sum(side.noise for side in self.sides)
        own = 2 * sum(side.whole for side in self.sides) ** 2 / noise if noise else math.inf
        return min(own, self.means * (self.fewest - 1)) if self.means else own


def side_pilot(influences: Collection[tuple[float, float]], videos: int | None = None) -> SidePilot:
    """A side from its videos' influences on the number, and on the mean over the two halves.

    Args:
        influences: one pair a video.
        videos: how many count as drawn; None: all. Of a difference, those of one model.
    """
    count = len(influences) if videos is None else videos
    whole = [of_squares(pair[0] ** 2, count, lost=1) for pair in influences]
    halves = [of_squares(pair[1] ** 2, count, lost=2) for pair in influences]
    total = math.fsum(whole)
    # Neither variance is negative, so the estimate must not be (`variance.split_by_halves`).
    pairs = min(max(math.fsum(halves) - total, 0.0), total)
    return SidePilot(
        videos=count,
        single=total - pairs,
        pairs=pairs,
        noise=_deviations(whole),
        pairs_error=math.sqrt(_deviations([h - w for w, h in zip(whole, halves, strict=True)])),
    )


def with_bias(pilot: Pilot, bias: float) -> Pilot:
    """The pilot of a biased number; both sides' parts fall as their videos, and are alike."""
    shares = [1 / side.videos if side.videos else 0.0 for side in (pilot.real, pilot.fake)]
    real, fake = (bias * share / sum(shares) for share in shares)
    return replace(pilot, real=replace(pilot.real, bias=real), fake=replace(pilot.fake, bias=fake))


def skew_of(value: float, low: float, high: float, error: float) -> float:
    """The skew of an interval that `variance.skewed_ends` made."""
    down, up = value - low, high - value
    return error / down - error / up if min(down, up) > 0 else 0.0


def alike_and_independent(one: Pilot, difference: float) -> Pilot:
    """The pilot of a difference of two numbers, from that of one: two models that are alike.

    Their fakes are independent, and the real videos are the same for both. The other number is
    larger by `difference`, and the standard error grows with a number by `one.skew`: by a factor
    1 + t. So the fakes' part counts 1 + (1 + t)^2 times, that over pairs of a real and a fake video
    too, and of the real side t^2 of the part over single videos stays. A score has one side.
    """
    # One pilot stands for two models: printed degrees of freedom double, what is known does not.
    known_once = 1 / (4 * max(one.freedom, MIN_FREEDOM))
    error = one.printed
    grown = max(one.skew, 0.0) * abs(difference) / error if error else 0.0
    both = 1 + (1 + grown) ** 2
    plain = replace(
        one,
        value=0.0,
        skew=0.0,
        growth=math.hypot(one.growth, math.sqrt(known_once)),
        means=2 * one.means,
    )
    if not (one.real.videos and one.fake.videos):
        return replace(plain, real=_both(one.real, both), fake=_both(one.fake, both))
    across = both * one.pairing(one.real.pairs, one.fake.pairs)
    single = grown**2 * one.real.single
    share = (across + single) / one.real.whole if one.real.whole else 0.0
    real = replace(_times(one.real, share), single=single, pairs=across)
    return replace(plain, real=real, fake=_both(one.fake, both), pairing=min)


def extremes(pilot: Pilot, level: float = LEVEL) -> tuple[Pilot, Pilot]:
    """The pilot with the least and with the largest variance that its videos leave possible.

    At a level of confidence: the logarithm of the standard error varies by its degrees of freedom
    and with the value, by `growth`; A and D of one W vary by the standard error of D.
    """
    by_freedom = 1 / (2 * max(pilot.freedom, MIN_FREEDOM))
    reach = NormalDist().inv_cdf((1 + level) / 2)
    relative = reach * math.hypot(math.sqrt(by_freedom), pilot.growth)
    small, large = (_moved(pilot, side * reach, math.exp(2 * side * relative)) for side in (-1, 1))
    return small, large


def _moved(pilot: Pilot, reach: float, factor: float) -> Pilot:
    """The pilot with D less by `reach` standard errors at the same W, then all times `factor`."""

    def of_side(side: SidePilot) -> SidePilot:
        pairs = min(max(side.pairs - reach * side.pairs_error, 0.0), side.whole)
        return _times(replace(side, single=side.whole - pairs, pairs=pairs), factor)

    return replace(pilot, real=of_side(pilot.real), fake=of_side(pilot.fake))


def _both(side: SidePilot, factor: float) -> SidePilot:
    """Two sides that are drawn independently, with `factor` times the variances of this one."""
    together = _times(side, factor)
    return replace(together, noise=together.noise / 2)


def _times(side: SidePilot, factor: float) -> SidePilot:
    """The side with all variances times `factor`, without bias."""
    return SidePilot(
        videos=side.videos,
        single=factor * side.single,
        pairs=factor * side.pairs,
        noise=factor**2 * side.noise,
        pairs_error=factor * side.pairs_error,
    )


def _deviations(terms: Collection[float]) -> float:
    mean = math.fsum(terms) / max(len(terms), 1)
    return math.fsum((term - mean) ** 2 for term in terms)
