"""One setting of the simulation of coverage, and what one draw of it gives."""

from dataclasses import dataclass
from typing import Literal

from leo_bench.benchmarks.evidence.coverage_draws import Tails
from leo_bench.evaluation.uncertainty.intervals import Interval

What = Literal[
    "distance",
    "infinity",
    "frames",
    "shares",
    "acd",
    "seeds",
    "band",
    "two fakes",
    "two acd",
    "statistics",
]


@dataclass(frozen=True)
class Cell:
    """One setting of the simulation.

    Args:
        what: a key of `coverage.DRAWS`, which names the numbers.
        dim: dimensions of the features; 0: there are no features.
        n_real, n_fake: numbers of videos; "acd" and "band" have no fakes, "seeds" and "two acd" no
            real videos.
        unlike: whether the fakes' distribution differs from the real one.
        draws: number of repetitions.
    """

    what: What
    dim: int
    n_real: int
    n_fake: int
    tails: Tails
    unlike: bool
    draws: int


@dataclass(frozen=True)
class Outcome:
    """One number of one draw and its interval; `target` None: the mean over the draws."""

    value: float
    low: float | None
    high: float | None
    target: float | None = None


def outcome(value: float, interval: Interval | None, target: float | None = None) -> Outcome:
    """A number of one draw; `target` None: its mean over the draws."""
    if interval is None:
        return Outcome(value, None, None, target)
    return Outcome(value, interval.low, interval.high, target)
