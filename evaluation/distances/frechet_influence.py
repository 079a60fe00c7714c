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
from leo_bench.evaluation.distances.influence import (
    ClipFeatures,
    Linearised,
    WeightedClips,
    WeightedStatistic,
    Weights,
    weighing,
)
from leo_bench.evaluation.distances.left_out import Clips, LeftOut, fourth_moment, left_out


@dataclass(frozen=True)
class FrechetStatistic(WeightedStatistic):
    """A Fréchet distance, which every video can be left out of, exactly and at little cost."""

    without_each: Callable[[], LeftOut]


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
        fit: weights -> Gaussian.
    """

    videos: Sequence[str]
    count: int
    dimension: int
    fit: Callable[[Tensor], WeightedGaussian]

    @classmethod
    def of(cls, side: ClipFeatures, fit: Callable[[Tensor], WeightedGaussian]) -> "WeightedSide":
        """The side that these features are of."""
        count, dimension = side.values.shape
        return cls(sorted(set(side.videos)), count, dimension, fit)


@dataclass(frozen=True)
class FixedGaussian:
    """See WeightedGaussian: of a side without videos, whose Gaussian is given."""

    mean: Tensor
    root: Tensor
    trace: Tensor

    def influences(self, shift: Tensor, half_map: Tensor) -> Tensor:
        """Of no video."""
        return torch.zeros(0, dtype=torch.float64)

    def clips(self, vectors: Tensor) -> Clips:
        """None."""
        nothing = torch.zeros(0, len(self.mean), dtype=torch.float64)
        return Clips(
            counts=torch.zeros(0, dtype=torch.int64),
            squares=nothing.sum(dim=1),
            sums=nothing,
            coordinates=lambda _first, _last: nothing,
            correction=0,
            tail=1.0,
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
    """A side of `frechet_statistic`."""
    weigh = weighing(side)
    return WeightedSide.of(side, lambda weights: _Gaussian.of(weigh(weights), correction))


def statistic_of(real: WeightedSide, fake: WeightedSide) -> FrechetStatistic:
    """The Fréchet distance of two sides as a function of the weights of their videos."""

    def decomposed(weights: Weights) -> _Decomposed:
        r, f = real.fit(weights.real), fake.fit(weights.fake)
        left, roots, right = torch.linalg.svd(r.root @ f.root.T, full_matrices=False)
        shift = r.mean - f.mean
        value = shift.square().sum() + r.trace + f.trace - 2 * roots.sum()
        return _Decomposed(r, f, float(value), left, roots, right.T, shift)

    def at(weights: Weights) -> Linearised:
        d = decomposed(weights)
        return Linearised(
            value=d.value,
            real=d.real.influences(d.shift, d.left * d.roots.sqrt()),
            fake=d.fake.influences(-d.shift, d.right * d.roots.sqrt()),
        )

    def without_each() -> LeftOut:
        d = decomposed(statistic.ones)
        return left_out(d.value, d.real.clips(d.left), d.fake.clips(d.right), d.roots, d.shift)

    statistic = FrechetStatistic(
        real.videos,
        fake.videos,
        n_real=real.count,
        n_fake=fake.count,
        dimension=fake.dimension,
        at=at,
        without_each=without_each,
    )
    return statistic


class _Decomposed(NamedTuple):
    real: WeightedGaussian
    fake: WeightedGaussian
    value: float
    left: Tensor  # [K,K'], W
    roots: Tensor  # [K'], s
    right: Tensor  # [K,K'], Z
    shift: Tensor  # [D], the real mean less the fake one


@dataclass(frozen=True)
class _Gaussian:
    """See WeightedGaussian; `scaled` = coordinates @ root."""

    weighted: WeightedClips
    mean: Tensor
    scaled: Tensor  # [N,D], the centred clips, each times the root of its share of the covariance
    root: Tensor  # [K,D]: triangular where N > D, else `scaled` itself
    coordinates: Tensor | None  # [N,K]; None for the identity
    correction: int

    @classmethod
    def of(cls, weighted: WeightedClips, correction: int) -> "_Gaussian":
        count, dimension = weighted.values.shape
        mean = weighted.share @ weighted.values
        scale = (weighted.share * count / (count - correction)).sqrt()
        scaled = (weighted.values - mean) * scale[:, None]
        if count <= dimension:
            return cls(weighted, mean, scaled, scaled, None, correction)
        coordinates, root = torch.linalg.qr(scaled)
        return cls(weighted, mean, scaled, root, coordinates, correction)

    @property
    def trace(self) -> Tensor:
        return self.root.square().sum()

    def influences(self, shift: Tensor, half_map: Tensor) -> Tensor:
        spread = half_map if self.coordinates is None else self.coordinates @ half_map
        share = self.weighted.share
        moved = 2 * share * ((self.weighted.values - self.mean) @ shift)
        shape = self.scaled.square().sum(dim=1) - spread.square().sum(dim=1)
        return self.weighted.rows.sums(moved + shape - share * shape.sum())

    def clips(self, vectors: Tensor) -> Clips:
        centred = self.weighted.values - self.mean
        lengths, count = centred.square().sum(dim=1), len(centred)
        u = vectors if self.coordinates is None else self.coordinates @ vectors
        gram = self.root @ self.root.T * ((count - self.correction) / count)
        return Clips(
            counts=self.weighted.rows.counts(),
            squares=self.weighted.rows.sums(lengths),
            sums=self.weighted.rows.sums(centred),
            coordinates=lambda first, last: u[first:last],
            correction=self.correction,
            tail=fourth_moment(lengths, gram.square().sum().item()),
        )
