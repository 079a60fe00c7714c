"""Bradley-Terry strengths of methods, with intervals that hold for other raters and other items.

The chance that method a wins against b is expit(strength_a - strength_b) [Bradley and Terry 1952,
Biometrika 39, 324-345]; strengths are log odds against the mean of all methods. They are maximum
likelihood, by `choix`. Their variance is that of the likelihood's scores clustered by raters and by
items [Cameron, Gelbach and Miller 2011, JBES 29, 238-249]: no model of the effects is needed. It is
never taken to be below that of independent votes. Intervals are by Student's t with Satterthwaite's
degrees of freedom.

A likelihood has no maximum where some methods never lose against the others. Then half a vote is
added either way to each two methods that were compared, and the strength says so.

Simulated coverage: benchmarks/coverage.md.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.preferences.crossed import Codes, Crossed
from leo_bench.evaluation.uncertainty.variance import LEVEL, check_level, student_reach

METHOD = "maximum likelihood"
WITH_HALF_VOTES = (
    "half a vote added either way to each two compared methods, since some never lose or never win"
)
STEPS = 100_000  # of choix; some hundreds are taken

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Duel:
    """A vote between two methods.

    Args:
        first: a method.
        second: another.
        first_wins: whether the rater chose the first one's clip.
        rater: who voted.
        item: on which pair of clips.
    """

    first: str
    second: str
    first_wins: bool
    rater: str
    item: str


@dataclass(frozen=True)
class Strength:
    """How strong a method is.

    Args:
        name: of the method.
        value: log odds against the mean method.
        interval: for other raters and other items of the same kind.
        level: of the interval.
        method: how the value is made.
    """

    name: str
    value: float
    interval: tuple[float, float]
    level: float
    method: str


def bradley_terry(duels: Sequence[Duel], level: float = LEVEL) -> tuple[Strength, ...]:
    """Strengths of all methods, the strongest first.

    Raises:
        InputError: no duels; a method against itself; a rater answered an item twice; groups of
            methods that were never compared with each other; a level outside (0, 1); choix is
            absent.
    """
    check_level(level)
    design = Crossed.of([d.rater for d in duels], [d.item for d in duels], len(duels))
    names = sorted({name for duel in duels for name in (duel.first, duel.second)})
    place = {name: number for number, name in enumerate(names)}
    pairs = np.array([(place[duel.first], place[duel.second]) for duel in duels])
    if (pairs[:, 0] == pairs[:, 1]).any():
        raise InputError("a duel of a method with itself; two methods are expected")
    first_wins = np.array([duel.first_wins for duel in duels])
    winners, losers = np.where(first_wins, pairs.T, pairs.T[::-1])
    _check_connected(pairs, names)
    found = fit(winners, losers, len(names), design)
    strengths = []
    for number, name in enumerate(names):
        value = float(found.values[number])
        reach = student_reach(level, float(found.freedoms[number])) * float(found.errors[number])
        method = WITH_HALF_VOTES if found.has_half_votes else METHOD
        strengths.append(Strength(name, value, (value - reach, value + reach), level, method))
    return tuple(sorted(strengths, key=lambda strength: (-strength.value, strength.name)))


@dataclass(frozen=True)
class Fit:
    """Strengths of M methods that can be compared.

    Args:
        values: [M], mean 0.
        errors: [M], standard errors.
        freedoms: [M], degrees of freedom of the errors.
        has_half_votes: whether half votes were added.
    """

    values: Matrix
    errors: Matrix
    freedoms: Matrix
    has_half_votes: bool


def fit(winners: Codes, losers: Codes, methods: int, design: Crossed) -> Fit:
    """Strengths from the winner and the loser of each vote, [N] each, 0..methods - 1.

    Raises:
        InputError: choix is absent.
    """
    votes = np.zeros((methods, methods))
    np.add.at(votes, (winners, losers), 1.0)
    has_half_votes = connected_components(votes, connection="strong")[0] > 1
    if has_half_votes:
        votes += (votes + votes.T > 0) / 2
    values = most_likely(votes)
    errors, freedoms = _errors(values, votes, (winners, losers), design)
    return Fit(values, errors, freedoms, has_half_votes)


def _check_connected(pairs: Codes, names: Sequence[str]) -> None:
    compared = np.zeros((len(names), len(names)))
    compared[pairs[:, 0], pairs[:, 1]] = 1.0
    count, group_of = connected_components(compared, directed=False)
    if count > 1:
        groups = [
            ", ".join(name for name, group in zip(names, group_of, strict=True) if group == number)
            for number in range(count)
        ]
        raise InputError(
            f"methods that were never compared have no common ranking: {' | '.join(groups)}; "
            "compare a method of each group with one of another"
        )


def most_likely(votes: Matrix) -> Matrix:
    """Strengths [M] with mean 0 from numbers (or shares) of votes [M, M], winner and loser.

    Raises:
        InputError: choix is absent.
    """
    try:
        from choix import ilsr_pairwise_dense
    except ImportError:
        raise InputError(
            "a ranking needs choix; install it with `pip install 'leo-bench[study]'`"
        ) from None
    found: Matrix = ilsr_pairwise_dense(votes, max_iter=STEPS, tol=1e-10)
    centred: Matrix = found - found.mean()
    return centred


def _errors(
    strengths: Matrix, votes: Matrix, duels: tuple[Codes, Codes], design: Crossed
) -> tuple[Matrix, Matrix]:
    """Standard errors [M] of strengths, and their degrees of freedom [M].

    Args:
        strengths: [M].
        votes: [M, M], winner and loser, half votes too.
        duels: winner and loser of each vote, [N] each.
        design: its raters and items.
    """
    chances = expit(strengths[:, None] - strengths)
    weights = (votes + votes.T) * chances * (1 - chances)
    inverse = np.linalg.pinv(np.diag(weights.sum(1)) - weights, hermitian=True)
    winners, losers = duels
    surprise = 1 - chances[winners, losers]
    influences = surprise[:, None] * (inverse[winners] - inverse[losers])  # [N, M]
    rest = (influences**2).sum(0)
    variance, noise = rest.copy(), np.zeros(len(strengths))
    for codes in (design.raters, design.items):
        count = int(codes.max()) + 1
        if 1 < count < len(codes):
            sums = np.zeros((count, len(strengths)))
            np.add.at(sums, codes, influences)
            squares = (sums**2).sum(0) * count / (count - 1)
            variance += np.maximum(squares - rest, 0)
            noise += np.where(squares > rest, squares**2 / (count - 1), 0)
    variance = np.maximum(variance, np.diag(inverse))
    freedom = np.full(len(strengths), math.inf)
    np.divide(variance**2, noise, out=freedom, where=noise > 0)
    return np.sqrt(variance), freedom
