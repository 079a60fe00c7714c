"""The Fréchet distance of many frames (FID) and each video's influence on it, in blocks of rows.

The same numbers as `frechet.frechet_distance` and `frechet_influence.frechet_statistic`, at the
size of FID: tens of thousands of rows of 2048. Only the features themselves, in the dtype they came
in, grow with the number of rows; everything else is [D,D] or one block.

With the eigenvectors V and the eigenvalues L of a side's covariance, S = sqrt(L) V^T is a root of
it. Of the singular values W s Z^T of S_real S_fake^T, a real row x counts against the distance by
|(x - m) V L^-1/2 W sqrt(s)|^2: `frechet_statistic` without its matrices of N rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from leo_bench.evaluation.distances.feature_matrix import check_features, check_pair
from leo_bench.evaluation.distances.frechet import FrechetOptions, fixed_side, frechet_distance
from leo_bench.evaluation.distances.frechet_influence import (
    FrechetStatistic,
    WeightedSide,
    statistic_of,
)
from leo_bench.evaluation.distances.gaussian import Gaussian, RealStatistics
from leo_bench.evaluation.distances.influence import (
    ClipFeatures,
    Form,
    StatisticsForm,
    VideoRows,
)
from leo_bench.evaluation.distances.left_out import Clips, fourth_moment

BLOCK = 4096  # rows: 64 MB of float64 at 2048 dimensions

# Eigenvalues below this share of the largest are rounding errors.
NOTHING = 1e-13


def form(options: FrechetOptions) -> Form:
    """FID as the protocol computes it: always in float64."""
    correction = options.correction
    distance = partial(frechet_of_frames, correction=correction)

    def fit(values: Tensor) -> RealStatistics:
        gaussian = fit_gaussian_of_frames(values, "real", correction)
        return RealStatistics(gaussian, gaussian)

    def to_statistics(real: RealStatistics, fake: Tensor) -> float:
        return frechet_distance(real.exact, fit_gaussian_of_frames(fake, "fake", correction))

    return Form(
        "fid",
        distance,
        distance,
        weighted=partial(frechet_statistic_of_frames, correction=correction),
        settings=options.model_dump(mode="json"),
        of_statistics=StatisticsForm(
            fit,
            published=to_statistics,
            exact=to_statistics,
            weighted=lambda real, fake: statistic_of(
                fixed_side(real.exact), _weighted_side(fake, correction)
            ),
        ),
    )


def frechet_of_frames(real: Tensor, fake: Tensor, *, correction: int) -> float:
    """`frechet.frechet_of_features` by eigenvalues in float64; the rows' order moves no bit.

    Raises:
        InputError: features that are not finite, not [N,D], of unlike D, or of fewer than 2 rows.
    """
    check_pair(real, fake)
    return frechet_distance(
        fit_gaussian_of_frames(real, "real", correction),
        fit_gaussian_of_frames(fake, "fake", correction),
    )


def fit_gaussian_of_frames(values: Tensor, side: str, correction: int) -> Gaussian:
    """`frechet.fit_gaussian` in blocks of rows; `side` is for messages.

    Raises:
        InputError: features that are not finite, not [N,D], or of fewer than 2 rows.
    """
    check_features(values, side)
    fitted = _Blocks.of(ClipFeatures(values, [""] * len(values)), correction)
    moments = fitted.moments(torch.ones(1, dtype=torch.float64))
    return Gaussian(moments.mean, moments.cov, len(values))


def frechet_statistic_of_frames(
    real: ClipFeatures, fake: ClipFeatures, *, correction: int
) -> FrechetStatistic:
    """`frechet_influence.frechet_statistic`; one evaluation reads the features three times.

    Raises:
        InputError: as `frechet_of_frames`.
    """
    check_pair(real.values, fake.values)
    return statistic_of(_weighted_side(real, correction), _weighted_side(fake, correction))


def _weighted_side(side: ClipFeatures, correction: int) -> WeightedSide:
    blocks = _Blocks.of(side, correction)
    return WeightedSide.of(side, lambda weights: _Gaussian.of(blocks, blocks.moments(weights)))


@dataclass(frozen=True)
class _Moments:
    """Weighted mean and covariance, and what each row counts.

    Args:
        share: float64 [N], sums to 1.
        unbias: count / (count - correction), count being the rows of weight above 0.
    """

    share: Tensor
    mean: Tensor
    cov: Tensor
    count: int
    unbias: float


@dataclass(frozen=True)
class _Blocks:
    """One side's features, read in blocks of rows."""

    values: Tensor  # [N,D], as given
    rows: VideoRows
    correction: int

    @classmethod
    def of(cls, features: ClipFeatures, correction: int) -> "_Blocks":
        return cls(features.values.detach(), features.by_video(), correction)

    def moments(self, weights: Tensor) -> _Moments:
        row_weights = weights[self.rows.video]
        share = row_weights / row_weights.sum()
        count = int((row_weights > 0).sum())
        mean = sum((part @ rows for part, rows in self.each(share)), torch.zeros(()).double())
        unbias = count / (count - self.correction)
        cov = torch.zeros(len(mean), len(mean), dtype=torch.float64)
        for part, rows in self.each(share):
            centred = (rows - mean) * part.sqrt()[:, None]
            cov.addmm_(centred.T, centred, alpha=unbias)
        return _Moments(share, mean, cov, count, unbias)

    def each(self, share: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Share [B] and rows float64 [B,D], a block at a time."""
        for part, order in zip(
            torch.split(share, BLOCK), torch.split(self.rows.order, BLOCK), strict=True
        ):
            yield part, self.values[order].to(device="cpu", dtype=torch.float64)


@dataclass(frozen=True)
class _Gaussian:
    """See WeightedGaussian; `back` [D,K] maps a row to coordinates in which S^T is the identity."""

    blocks: _Blocks
    moments: _Moments
    root: Tensor
    back: Tensor

    @classmethod
    def of(cls, blocks: _Blocks, moments: _Moments) -> "_Gaussian":
        rank = min(len(moments.mean), moments.count - 1)
        eigenvalues, vectors = torch.linalg.eigh(moments.cov)
        kept = eigenvalues[-rank:] > NOTHING * eigenvalues[-1].clamp(min=0)
        scale = eigenvalues[-rank:][kept].sqrt()
        vectors = vectors[:, -rank:][:, kept]
        return cls(blocks, moments, scale[:, None] * vectors.T, vectors / scale)

    @property
    def mean(self) -> Tensor:
        return self.moments.mean

    @property
    def trace(self) -> Tensor:
        return self.moments.cov.trace()

    def influences(self, shift: Tensor, half_map: Tensor) -> Tensor:
        share, to_map = self.moments.share, self.back @ half_map
        moved, shape = [], []
        for part, rows in self.blocks.each(share):
            centred = rows - self.mean
            moved.append(2 * part * (centred @ shift))
            spread = centred.square().sum(dim=1) - (centred @ to_map).square().sum(dim=1)
            shape.append(part * self.moments.unbias * spread)
        of_shape = torch.cat(shape)
        return self.blocks.rows.sums(torch.cat(moved) + of_shape - share * of_shape.sum())

    def clips(self, vectors: Tensor) -> Clips:
        lengths, place = [], 0
        rows, share, to_map = self.blocks.rows, self.moments.share, self.back @ vectors
        sums = torch.zeros(len(rows.names), len(self.mean), dtype=torch.float64)
        for _, block in self.blocks.each(share):
            centred = block - self.mean
            lengths.append(centred.square().sum(dim=1))
            sums.index_add_(0, rows.video[place : place + len(block)], centred)
            place += len(block)
        of_rows = torch.cat(lengths)
        scale = (share[0] * self.moments.unbias).sqrt()

        def coordinates(first: int, last: int) -> Tensor:
            found = self.blocks.values[rows.order[first:last]].to(device="cpu", dtype=torch.float64)
            return scale * (found - self.mean) @ to_map

        return Clips(
            counts=rows.counts(),
            squares=rows.sums(of_rows),
            sums=sums,
            coordinates=coordinates,
            correction=self.blocks.correction,
            tail=fourth_moment(
                of_rows, (self.moments.cov / self.moments.unbias).square().sum().item()
            ),
        )
