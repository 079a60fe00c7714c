"""The Fréchet distance as a function of the videos' weights: influences, and each video left out.

With S^T S the covariance of one side and W s Z^T the singular values of S_real S_fake^T, the
distance is |m_r - m_f|^2 + |S_real|^2 + |S_fake|^2 - 2 sum(s), and the gradient of sum(s) with
respect to S_real S_fake^T is W Z^T. One decomposition gives the value and all influences.

Legend: N clips of one side, D dimensions, K rows of S.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from leo_bench.evaluation.distances.feature_matrix import check_pair
from leo_bench.evaluation.distances.few_clips import GaussianOfFew
from leo_bench.evaluation.distances.influence import (
    ClipFeatures,
    Linearised,
    WeightedStatistic,
    Weights,
)
from leo_bench.evaluation.distances.left_out import Clips, LeftOut, left_out
from leo_bench.evaluation.distances.many_clips import ManyClips

# Shares of the largest squared singular value: where the smallest one is larger, their eigenvalues
# alone are exact enough for the singular values; for their vectors.
WELL_APART, APART = 1e-9, 1e-13


@dataclass(frozen=True)
class FrechetStatistic(WeightedStatistic):
    """A Fréchet distance, which every video can be left out of, exactly and at little cost."""

    evaluations: Callable[[Sequence[Weights]], Sequence["FrechetEvaluation"]]

    def without_each(self) -> LeftOut:
        """The change as each video is left out."""
        (found,) = self.evaluations([self.ones])
        return found.without_each()


@dataclass(frozen=True)
class Leverage:
    """A distance, and its change as each video is left out.

    Args:
        value: with all videos.
        real, fake: video -> distance without it less `value`; above 0, the video lowers the
            distance. NaN where fewer than two clips would be left.
    """

    value: float
    real: dict[str, float]
    fake: dict[str, float]


def leave_each_out(real: ClipFeatures, fake: ClipFeatures, *, correction: int) -> Leverage:
    """Which videos move the distance most: the exact change as each one is left out.

    Influences are the derivative of this. For a video far from all others the derivative is a poor
    guide to the whole step.

    Raises:
        InputError: as `frechet_statistic`.
    """
    statistic = frechet_statistic(real, fake, correction=correction)
    found = statistic.without_each()
    return Leverage(
        found.value,
        dict(zip(statistic.real_videos, found.real.tolist(), strict=True)),
        dict(zip(statistic.fake_videos, found.fake.tolist(), strict=True)),
    )


class WeightedGaussian(Protocol):
    """Mean and covariance of one side at some weights of its videos."""

    @property
    def mean(self) -> Tensor:
        """float64 [D]."""

    @property
    def root(self) -> Tensor:
        """S, float64 [K,D]."""

    @property
    def trace(self) -> Tensor:
        """Of the covariance."""

    @property
    def of_covariance(self) -> bool:
        """Whether `root` is made from the covariance, and so as inexact as its eigenvalues."""

    def influences(self, shift: Tensor, half_map: Tensor) -> Tensor:
        """Float64 [videos]; `shift` [D]: this mean less the other, `half_map` [K,K']: W sqrt(s)."""

    def clips(self, vectors: Tensor) -> Clips:
        """For `left_out`; `vectors` [K,K']: singular vectors, on this side, of both roots."""


@dataclass(frozen=True)
class WeightedSide:
    """One side's Gaussian as a function of the weights of its videos, float64 [videos].

    Args:
        videos: their names, in the order of the weights; none where the side is known by its
            statistics alone.
        count: number of clips.
        dimension: of the features.
        fit: several weights -> the Gaussian at each.
    """

    videos: Sequence[str]
    count: int
    dimension: int
    fit: Callable[[Sequence[Tensor]], Sequence[WeightedGaussian]]


@dataclass(frozen=True)
class FixedGaussian:
    """See WeightedGaussian: of a side without videos, whose Gaussian is given."""

    mean: Tensor
    root: Tensor
    trace: Tensor
    of_covariance: bool

    def influences(self, shift: Tensor, half_map: Tensor) -> Tensor:
        """Of no video."""
        return torch.zeros(0, dtype=torch.float64)

    def clips(self, vectors: Tensor) -> Clips:
        """None."""
        nothing = torch.zeros(0, len(self.mean), dtype=torch.float64)
        return Clips(
            counts=torch.zeros(0, dtype=torch.int64),
            part=lambda _first, _last: (nothing, nothing),
            dimension=len(self.mean),
            correction=0,
            spread=0.0,
        )


def frechet_statistic(
    real: ClipFeatures, fake: ClipFeatures, *, correction: int
) -> FrechetStatistic:
    """`frechet.frechet_distance` in float64; covariances divide by N - correction.

    Raises:
        InputError: features that are not finite, not [N,D], of unlike D, or of fewer than 2 clips.
    """
    check_pair(real.values, fake.values)
    return statistic_of(weighted_side(real, correction), weighted_side(fake, correction))


def weighted_side(side: ClipFeatures, correction: int) -> WeightedSide:
    """A side of `frechet_statistic`; memory beyond the features does not grow with the clips."""
    many = ManyClips.of(side, correction)

    def fit(each: Sequence[Tensor]) -> list[WeightedGaussian]:
        is_few = [many.count(weights) <= many.dimension for weights in each]
        of_many = iter(many.gaussians([w for w, few in zip(each, is_few, strict=True) if not few]))
        return [
            GaussianOfFew.of(many.rows.weighed(many.values, weights), correction)
            if few
            else next(of_many)
            for weights, few in zip(each, is_few, strict=True)
        ]

    return WeightedSide(many.rows.names, len(many.values), many.dimension, fit)


def statistic_of(real: WeightedSide, fake: WeightedSide) -> FrechetStatistic:
    """The Fréchet distance of two sides as a function of the weights of their videos."""

    def evaluations(each: Sequence[Weights]) -> list[FrechetEvaluation]:
        reals, fakes = real.fit([w.real for w in each]), fake.fit([w.fake for w in each])
        return [FrechetEvaluation(r, f) for r, f in zip(reals, fakes, strict=True)]

    return FrechetStatistic(
        real.videos,
        fake.videos,
        n_real=real.count,
        n_fake=fake.count,
        dimension=fake.dimension,
        evaluations=evaluations,
    )


@dataclass(frozen=True)
class FrechetEvaluation:
    """An `Evaluation` of a Fréchet distance."""

    real: WeightedGaussian
    fake: WeightedGaussian

    def value(self) -> float:
        """See `Evaluation`."""
        if self._of_covariances:
            product = self.real.root @ self.fake.root.T
            squares = torch.linalg.eigvalsh(product @ product.T)
            if squares[0] > WELL_APART * squares[-1]:
                return self._assembled(squares.sqrt())
        return self._assembled(self._singular().values)

    def linearised(self) -> Linearised:
        """See `Evaluation`."""
        left, roots, right = self._singular()
        return Linearised(
            value=self._assembled(roots),
            real=self.real.influences(self._shift, left * roots.sqrt()),
            fake=self.fake.influences(-self._shift, right * roots.sqrt()),
        )

    def without_each(self) -> LeftOut:
        """The change as each video is left out, where every video counts once."""
        left, roots, right = self._singular()
        return left_out(
            self._assembled(roots),
            self.real.clips(left),
            self.fake.clips(right),
            roots,
            self._shift,
        )

    @property
    def _of_covariances(self) -> bool:
        return self.real.of_covariance and self.fake.of_covariance

    @property
    def _shift(self) -> Tensor:
        return self.real.mean - self.fake.mean

    def _singular(self) -> "_Singular":
        product = self.real.root @ self.fake.root.T
        if self._of_covariances:
            # A third of the time of the decomposition below. The eigenvalues lose the digits of
            # small singular values, the lengths do not.
            squares, left = torch.linalg.eigh(product @ product.T)
            if squares[0] > APART * squares[-1]:
                right = product.T @ left
                roots = right.square().sum(dim=0).sqrt()
                return _Singular(left, roots, right / roots)
        left, roots, right = torch.linalg.svd(product, full_matrices=False)
        return _Singular(left, roots, right.T)

    def _assembled(self, roots: Tensor) -> float:
        traces = self.real.trace + self.fake.trace
        return float(self._shift.square().sum() + traces - 2 * roots.sum())


class _Singular(NamedTuple):
    left: Tensor  # [K,K'], W
    values: Tensor  # [K'], s
    right: Tensor  # [K,K'], Z
