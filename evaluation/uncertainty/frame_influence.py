"""The Fréchet distance of many frames, and each video's influence on it, in blocks of rows.

The same numbers as `frechet.frechet_distance` and `influence.frechet_statistic`, for the size that
FID has: tens of thousands of rows of 2048. Nothing but the features themselves, in the precision
they came in, grows with the number of rows; everything else is [D,D] or one block.

With the eigenvectors V and the eigenvalues L of a side's covariance, S = sqrt(L) V^T is a root of
it. Of the singular values W s Z^T of S_real S_fake^T, a real row x counts against the distance by
|(x - m) V L^-1/2 W sqrt(s)|^2: `influence.frechet_statistic` without its matrices of N rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.distances.feature_matrix import check_pair, content_order
from leo_bench.evaluation.distances.frechet import Gaussian, frechet_distance
from leo_bench.evaluation.uncertainty.influence import (
    ClipFeatures,
    FrechetStatistic,
    Linearised,
    Weights,
)
from leo_bench.evaluation.uncertainty.left_out import Clips, LeftOut, fourth_moment, left_out

BLOCK = 4096  # rows: 64 MB of float64 at 2048 dimensions

# Eigenvalues below this share of the largest are rounding, not spread.
NOTHING = 1e-13


def frechet_of_frames(real: Tensor, fake: Tensor, *, correction: int) -> float:
    """`frechet.frechet_of_features` by eigenvalues in float64; the rows' order moves no bit.

    Raises:
        InputError: features that are not finite, not [N,D], of unlike D, or of fewer than 2 rows.
    """
    check_pair(real, fake)
    gaussians = []
    for values in (real, fake):
        rows = _Rows.of(ClipFeatures(values, [""] * len(values)))
        moments = rows.moments(torch.ones(1, dtype=torch.float64), correction)
        gaussians.append(Gaussian(moments.mean, moments.cov, len(values)))
    return frechet_distance(*gaussians)


def frechet_statistic_of_frames(
    real: ClipFeatures, fake: ClipFeatures, *, correction: int
) -> FrechetStatistic:
    """`influence.frechet_statistic`; one evaluation reads the features three times.

    Raises:
        InputError: as `frechet_of_frames`.
    """
    check_pair(real.values, fake.values)
    real_rows, fake_rows = _Rows.of(real), _Rows.of(fake)

    def without_each() -> LeftOut:
        r, f = (
            rows.moments(torch.ones(len(rows.videos), dtype=torch.float64), correction)
            for rows in (real_rows, fake_rows)
        )
        (r_root, r_back), (f_root, f_back) = _root(r), _root(f)
        left, roots, right = torch.linalg.svd(r_root @ f_root.T, full_matrices=False)
        shift = r.mean - f.mean
        value = shift.square().sum() + r.cov.trace() + f.cov.trace() - 2 * roots.sum()
        return left_out(
            float(value),
            real_rows.in_a_row(r, r_back @ left, correction),
            fake_rows.in_a_row(f, f_back @ right.T, correction),
            roots,
            shift,
        )

    def at(weights: Weights) -> Linearised:
        r = real_rows.moments(weights.real, correction)
        f = fake_rows.moments(weights.fake, correction)
        (r_root, r_back), (f_root, f_back) = _root(r), _root(f)
        left, roots, right = torch.linalg.svd(r_root @ f_root.T, full_matrices=False)
        shift = r.mean - f.mean
        value = shift.square().sum() + r.cov.trace() + f.cov.trace() - 2 * roots.sum()
        return Linearised(
            value=float(value),
            real=real_rows.influences(r, shift, r_back @ (left * roots.sqrt())),
            fake=fake_rows.influences(f, -shift, f_back @ (right.T * roots.sqrt())),
        )

    return FrechetStatistic(
        real_rows.videos,
        fake_rows.videos,
        n_real=len(real.values),
        n_fake=len(fake.values),
        dimension=real.values.shape[1],
        at=at,
        without_each=without_each,
    )


@dataclass(frozen=True)
class _Moments:
    """Weighted mean and covariance, and what each row counts.

    Args:
        share: float64 [N], sums to 1.
        unbias: count / (count - correction), count being the rows that count at all.
    """

    share: Tensor
    mean: Tensor
    cov: Tensor
    count: int
    unbias: float


@dataclass(frozen=True)
class _Rows:
    """Rows in an order that only names and content decide, and their videos by index."""

    values: Tensor  # [N,D], as given
    order: Tensor  # int64 [N]
    video: Tensor  # int64 [N], in that order
    videos: tuple[str, ...]

    @classmethod
    def of(cls, features: ClipFeatures) -> "_Rows":
        videos = tuple(sorted(set(features.videos)))
        index = {name: i for i, name in enumerate(videos)}
        by_content = content_order(features.values)
        video = torch.tensor([index[features.videos[i]] for i in by_content.tolist()])
        by_video = torch.argsort(video, stable=True)
        return cls(features.values.detach(), by_content[by_video], video[by_video], videos)

    def moments(self, weights: Tensor, correction: int) -> _Moments:
        row_weights = weights[self.video]
        share = row_weights / row_weights.sum()
        count = int((row_weights > 0).sum())
        mean = sum((part @ rows for part, rows in self._blocks(share)), torch.zeros(()).double())
        unbias = count / (count - correction)
        cov = torch.zeros(len(mean), len(mean), dtype=torch.float64)
        for part, rows in self._blocks(share):
            centred = (rows - mean) * part.sqrt()[:, None]
            cov.addmm_(centred.T, centred, alpha=unbias)
        return _Moments(share, mean, cov, count, unbias)

    def influences(self, moments: _Moments, shift: Tensor, half_map: Tensor) -> Tensor:
        """Float64 [videos]; `shift` [D]: this mean less the other, `half_map` [D,K]."""
        moved, shape = [], []
        for part, rows in self._blocks(moments.share):
            centred = rows - moments.mean
            moved.append(2 * part * (centred @ shift))
            spread = centred.square().sum(dim=1) - (centred @ half_map).square().sum(dim=1)
            shape.append(part * moments.unbias * spread)
        of_shape = torch.cat(shape)
        influences = torch.cat(moved) + of_shape - moments.share * of_shape.sum()
        total = torch.zeros(len(self.videos), dtype=torch.float64)
        return total.index_add_(0, self.video, influences)

    def in_a_row(self, moments: _Moments, half_map: Tensor, correction: int) -> Clips:
        """For `left_out`; `half_map` [D,K] takes a centred row to its coordinates."""
        lengths, place = [], 0
        sums = torch.zeros(len(self.videos), len(moments.mean), dtype=torch.float64)
        for _, rows in self._blocks(moments.share):
            centred = rows - moments.mean
            lengths.append(centred.square().sum(dim=1))
            sums.index_add_(0, self.video[place : place + len(rows)], centred)
            place += len(rows)
        of_rows = torch.cat(lengths)
        squares = torch.zeros(len(self.videos), dtype=torch.float64)
        scale = (moments.share[0] * moments.unbias).sqrt()

        def coordinates(first: int, last: int) -> Tensor:
            rows = self.values[self.order[first:last]].to(device="cpu", dtype=torch.float64)
            return scale * (rows - moments.mean) @ half_map

        return Clips(
            counts=torch.bincount(self.video, minlength=len(self.videos)),
            squares=squares.index_add_(0, self.video, of_rows),
            sums=sums,
            coordinates=coordinates,
            correction=correction,
            tail=fourth_moment(of_rows, (moments.cov / moments.unbias).square().sum().item()),
        )

    def _blocks(self, share: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Share [B] and rows float64 [B,D], a block at a time."""
        for part, order in zip(
            torch.split(share, BLOCK), torch.split(self.order, BLOCK), strict=True
        ):
            yield part, self.values[order].to(device="cpu", dtype=torch.float64)


def _root(moments: _Moments) -> tuple[Tensor, Tensor]:
    """S [K,D] with S^T S the covariance, and the map [D,K] that takes a row to where S^T is I."""
    rank = min(len(moments.mean), moments.count - 1)
    eigenvalues, vectors = torch.linalg.eigh(moments.cov)
    kept = eigenvalues[-rank:] > NOTHING * eigenvalues[-1].clamp(min=0)
    scale = eigenvalues[-rank:][kept].sqrt()
    vectors = vectors[:, -rank:][:, kept]
    return scale[:, None] * vectors.T, vectors / scale
