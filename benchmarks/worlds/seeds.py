"""Random numbers and smooth curves with the same bits on every machine.

Only operations that IEEE 754 defines to the last bit are used: + - * / and comparisons. The
platform's sine, `hypot`, `einsum` and numpy's scaled draws are not.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ItemT = TypeVar("ItemT")


def seed_words(name: str) -> NDArray[np.uint64]:
    """Four 64-bit words that depend on `name` alone (SHA-256)."""
    return np.frombuffer(hashlib.sha256(name.encode()).digest(), dtype=">u8").astype(np.uint64)


class Dice:
    """Random draws that depend on a name alone, by MT19937 of numpy's frozen legacy generator."""

    def __init__(self, name: str) -> None:
        words = np.frombuffer(hashlib.sha256(name.encode()).digest(), dtype=">u4")
        self._state = np.random.RandomState(words.astype(np.uint32))

    def between(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * float(self._state.random_sample())

    def chance(self, probability: float) -> bool:
        """True with `probability`."""
        return self.between(0.0, 1.0) < probability

    def pick(self, options: Sequence[ItemT]) -> ItemT:
        """One of `options`, uniformly."""
        return options[int(self.between(0.0, 1.0) * len(options))]


def sine(turns: Array) -> Array:
    """sin(2 pi turns) with an error below 1e-11, by + and * only."""
    turns = turns - np.rint(turns)
    turns = np.where(turns > 0.25, 0.5 - turns, np.where(turns < -0.25, -0.5 - turns, turns))
    angle = turns * (2.0 * np.pi)
    square = angle * angle
    result = np.full_like(angle, -1.0 / 1307674368000.0)  # Taylor, down from 1/15!
    for factor in (6227020800.0, -39916800.0, 362880.0, -5040.0, 120.0, -6.0, 1.0):
        result = result * square + 1.0 / factor
    return result * angle


def sine_cosine(angle: Array) -> tuple[Array, Array]:
    """Sine and cosine of an angle in radians."""
    turns = angle * (0.5 / np.pi)
    return sine(turns), sine(turns + 0.25)


def knots(seed: np.uint64, index: NDArray[np.int64]) -> Array:
    """Uniform in [-1, 1) for every integer, by a hash (splitmix64)."""
    with np.errstate(over="ignore"):
        word = seed + index.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    word = word ^ (word >> np.uint64(31))
    return (word >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0


def spline_weights(time: Array) -> tuple[NDArray[np.int64], tuple[Array, Array, Array, Array]]:
    """The knot below `time`, and the cubic B-spline weights of the four around it.

    Knots are whole numbers; the four are at index - 1, index, index + 1, index + 2.
    """
    below = np.floor(time)
    t = time - below
    s = 1.0 - t
    weights = (
        s * s * s * (1.0 / 6.0),
        (3.0 * t * t * t - 6.0 * t * t + 4.0) * (1.0 / 6.0),
        (3.0 * s * s * s - 6.0 * s * s + 4.0) * (1.0 / 6.0),
        t * t * t * (1.0 / 6.0),
    )
    return below.astype(np.int64), weights


class Drift:
    """A smooth random curve of time that never repeats: a cubic B-spline through hashed knots.

    Args:
        name: what the curve depends on.
        period: frames between knots; hardly any power lies above the frequency 1/period.
    """

    def __init__(self, name: str, period: float) -> None:
        self._seed = seed_words(name)[0]
        self._period = period

    def __call__(self, frame: Array) -> Array:
        """float64 [T] frames -> float64 [T] within -1.6..1.6, standard deviation about 0.6."""
        below, weights = spline_weights(frame * (1.0 / self._period))
        total = np.zeros_like(frame)
        for offset, weight in enumerate(weights):
            total = total + weight * knots(self._seed, below + (offset - 1))
        return total * 1.6
