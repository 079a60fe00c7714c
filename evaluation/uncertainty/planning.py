"""How many videos an interval of a given width needs, or a difference of a given size.

A pilot has r real and f fake videos. At R and F videos of the same populations, with as many clips
of each, a number has the variance

    V(R, F) = A_r / k + A_f / l + (D_r - T) / (2 k^2) + (D_f - T) / (2 l^2) + T / (k l)

Legend, at the pilot's numbers of videos:

    k, l       R / r and F / f
    A_r, A_f   variance of the part of the number that is a sum over single videos of a side
    T          variance of the part over pairs of a real and a fake video
    D_r, D_f   T, and twice the variance of the part over pairs of videos of one side

The squared influences of a side sum to W = A + D, and within the halves of the videos to
H = A + 2 D (`uncertainty.intervals`), so D = H - W. T does not follow from them; it does not matter
where k = l. A distance's part over pairs is a square of what the two sides differ by, so
T = D_r D_f / (D_r + D_f). Pairs of real videos leave the difference of two distances to the same
real videos, so there T = min(D_r, D_f).

The planned interval is the one that will be printed: around the number at R and F, by Student's t
with degrees of freedom that grow as the videos do, with a skew that falls as the standard error
does. The expected number is the pilot's less b_r (1 - 1 / k) + b_f (1 - 1 / l), where b_r and b_f
are the parts of both sides of the bias of few videos.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import nctdtr, ndtr

from leo_bench.evaluation.uncertainty.paired_shares import wilson_interval
from leo_bench.evaluation.uncertainty.pilots import Pilot, SidePilot
from leo_bench.evaluation.uncertainty.variance import (
    LEVEL,
    MIN_FREEDOM,
    bounded_skew,
    skewed_ends,
    student_reach,
)

MOST = 1 << 24  # videos of a side; more are called out of reach

# Degrees of freedom above which Student's noncentral t is taken to be normal.
NORMAL = 1e5


@dataclass(frozen=True)
class Expected:
    """What is expected of a number at some numbers of videos.

    Args:
        value: the number.
        bias: of the number, by few videos.
        error: its standard error.
        printed: the standard error that its interval states.
        freedom: degrees of freedom of `printed`.
        width: of its interval, from end to end.
    """

    value: float
    bias: float
    error: float
    printed: float
    freedom: float
    width: float


def expect(pilot: Pilot, real: float, fake: float, level: float = LEVEL) -> Expected:
    """What is expected at so many real and fake videos; `math.inf` is allowed.

    Raises:
        InputError: a level outside (0, 1).
    """
    single, pairs = _variances(pilot, real, fake)
    printed = math.sqrt(single + (2 * pairs if pilot.cautious else pairs))
    freedom = _freedom(pilot, real, fake)
    skew = bounded_skew(pilot.skew * printed / pilot.printed) if pilot.printed else 0.0
    low, high = skewed_ends(0.0, printed, student_reach(level, freedom), skew)
    bias = sum(side.bias * shrunk for side, shrunk in _shrunk(pilot, real, fake))
    return Expected(
        value=pilot.value - pilot.bias + bias,
        bias=bias,
        error=math.sqrt(single + pairs),
        printed=printed,
        freedom=freedom,
        width=high - low,
    )


def expect_share(share: float, videos: float, level: float = LEVEL) -> Expected:
    """What is expected of a share of so many videos, whose interval is Wilson's.

    Raises:
        InputError: no video.
    """
    error = math.sqrt(share * (1 - share) / videos)
    width = 0.0
    if math.isfinite(videos):
        low, high = wilson_interval(round(share * videos), int(videos), level)
        width = high - low
    return Expected(share, 0.0, error, error, math.inf, width)


def power(pilot: Pilot, difference: float, real: float, fake: float, level: float = LEVEL) -> float:
    """Chance that the interval of a difference of this true size lies on its side of 0.

    Args:
        pilot: of the difference; its skew is not used.
        difference: the true one; its sign does not matter.
        real: videos.
        fake: videos of each model.
        level: of the interval.

    Raises:
        InputError: a level outside (0, 1).
    """
    found = expect(pilot, real, fake, level)
    if found.error == 0:
        return 1.0 if difference else 0.0
    shift = abs(difference) / found.error
    limit = student_reach(level, found.freedom) * found.printed / found.error
    if found.freedom > NORMAL:
        return float(ndtr(shift - limit))
    return 1.0 - float(nctdtr(found.freedom, shift, limit))


def least(reached: Callable[[int], bool], first: int) -> int | None:
    """The smallest number of videos, `first` or more, at which `reached` holds; None: up to MOST.

    `reached` must hold at every number above one at which it holds.
    """
    if reached(first):
        return first
    below, above = first, 2 * first
    while not reached(above):
        if above >= MOST:
            return None
        below, above = above, 2 * above
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (below, middle) if reached(middle) else (middle, above)
    return above


def _shrunk(pilot: Pilot, real: float, fake: float) -> list[tuple[SidePilot, float]]:
    """Each side that has videos, with 1 / k."""
    counts = ((pilot.real, real), (pilot.fake, fake))
    return [(side, side.videos / count) for side, count in counts if side.videos]


def _variances(pilot: Pilot, real: float, fake: float) -> tuple[float, float]:
    """The variance over single videos, and over pairs of videos."""
    across = pilot.pairing(pilot.real.pairs, pilot.fake.pairs)
    single, pairs, of_both = 0.0, 0.0, across
    for side, shrunk in _shrunk(pilot, real, fake):
        single += side.single * shrunk
        pairs += (side.pairs - across) / 2 * shrunk**2
        of_both *= shrunk
    return single, pairs + of_both


def _freedom(pilot: Pilot, real: float, fake: float) -> float:
    """Of the printed standard error, as intervals compute it: 2 W^2 / noise."""
    sides = _shrunk(pilot, real, fake)
    noise = sum(side.noise * shrunk**3 for side, shrunk in sides)
    freedom = math.inf
    if noise > 0:
        whole = sum(side.whole * shrunk for side, shrunk in sides)
        freedom = max(2 * whole**2 / noise, MIN_FREEDOM)
    if pilot.cautious:
        freedom /= 2
    if pilot.means:
        fewest = min((side.videos / shrunk for side, shrunk in sides if shrunk), default=math.inf)
        freedom = min(freedom, pilot.means * (fewest - 1))
    return freedom
