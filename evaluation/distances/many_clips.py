"""One side of a Fréchet distance at some weights of its videos, of more clips than dimensions.

Clips are read in blocks of rows: beside the features themselves, in the dtype they came in, memory
holds one block and a few matrices [D,D], whatever the number of clips. Several weights that are 0
or 1, such as those of halves, share one pass: videos of the same weights in all of them are a
group, and a covariance is a sum over groups.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.distances.influence import ClipFeatures, VideoRows
from leo_bench.evaluation.distances.left_out import Clips

# Numbers of a block of rows: 2 MB of float64, which a core's cache holds.
BLOCK = 2**18

# Eigenvalues of a covariance below this share of the largest are rounding errors.
NOTHING = 1e-13

# A Cholesky factor with a smaller share on its diagonal is left for the eigenvectors.
CONDITION = 1e-5


@dataclass(frozen=True)
class _Moments:
    """Sums over clips x of weight w, with d = x less a centre: of w, w d and w d d^T."""

    weight: Tensor  # []
    first: Tensor  # [D]
    second: Tensor  # [D,D]

    @classmethod
    def zero(cls, dimension: int) -> "_Moments":
        zeros = torch.zeros(dimension, dimension, dtype=torch.float64)
        return cls(zeros.sum(), zeros.sum(dim=0), zeros)

    def add_(self, other: "_Moments") -> None:
        self.weight.add_(other.weight)
        self.first.add_(other.first)
        self.second.add_(other.second)


@dataclass(frozen=True)
class ManyClips:
    """One side's clips, those of one video in a row.

    Args:
        values: [N,D], as given.
        rows: their order.
        correction: the covariance divides by N - correction.
    """

    values: Tensor
    rows: VideoRows
    correction: int

    @classmethod
    def of(cls, features: ClipFeatures, correction: int) -> "ManyClips":
        """The clips of these features."""
        return cls(features.values.detach(), features.by_video(), correction)

    @property
    def dimension(self) -> int:
        """D."""
        return self.values.shape[1]

    def count(self, weights: Tensor) -> int:
        """Clips whose video has a weight above 0."""
        return int((weights[self.rows.video] > 0).sum())

    def gaussians(self, each: Sequence[Tensor]) -> list["GaussianOfMany"]:
        """The Gaussian at each of several weights, float64 [videos]."""
        if len(each) > 1 and not all(bool(((w == 0) | (w == 1)).all()) for w in each):
            return [self.gaussians([weights])[0] for weights in each]
        if not each:
            return []
        centre = self.mean()
        sums = [_Moments.zero(self.dimension) for _ in each]
        weights = each[0] if len(each) == 1 else torch.ones_like(each[0])
        for counted, places in self._groups(each):
            group = self._moments(places, weights[self.rows.video[places]], centre)
            for i in counted:
                sums[i].add_(group)
        # Each sum makes room for its root: at 2048 dimensions they are 32 MB each.
        return [self._gaussian(weights, sums.pop(0), centre) for weights in each]

    def mean(self) -> Tensor:
        """Of all clips: float64 [D]."""
        everything = torch.arange(len(self.values))
        total = sum((rows.sum(dim=0) for _, rows in self.read(everything)), torch.zeros(()))
        return total / len(self.values)

    def read(self, places: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Places [B] in the order of the videos, and their rows float64 [B,D], block by block."""
        for block in torch.split(places, max(1, BLOCK // self.dimension)):
            yield block, self.values[self.rows.order[block]].to(device="cpu", dtype=torch.float64)

    def _groups(self, each: Sequence[Tensor]) -> Iterator[tuple[list[int], Tensor]]:
        """Groups of clips with a weight above 0: which of the weights count them, their places."""
        powers = 2 ** torch.arange(len(each))
        code = (powers[:, None] * (torch.stack(list(each)) > 0)).sum(dim=0)[self.rows.video]
        for found in sorted(set(code.tolist())):
            counted = [i for i in range(len(each)) if found & 2**i]
            if counted:
                yield counted, torch.nonzero(code == found).flatten()

    def _moments(self, places: Tensor, weights: Tensor, centre: Tensor) -> _Moments:
        total = _Moments.zero(len(centre))
        total.weight.add_(weights.sum())
        parts = torch.split(weights, max(1, BLOCK // self.dimension))
        for (_, rows), part in zip(self.read(places), parts, strict=True):
            centred = rows.sub_(centre)
            total.first.add_(part @ centred)
            centred.mul_(part.sqrt()[:, None])
            total.second.addmm_(centred.T, centred)
        return total

    def _gaussian(self, weights: Tensor, sums: _Moments, centre: Tensor) -> "GaussianOfMany":
        places = torch.nonzero(weights[self.rows.video] > 0).flatten()
        share = weights[self.rows.video[places]] / sums.weight
        unbias = len(places) / (len(places) - self.correction)
        shift = sums.first / sums.weight
        cov = sums.second.div_(sums.weight).sub_(shift[:, None] * shift)
        spread = cov.square().sum().item()
        cov.mul_(unbias)
        return GaussianOfMany(
            self, places, share, centre + shift, unbias, cov.trace(), spread, *_root(cov)
        )


@dataclass(frozen=True)
class GaussianOfMany:
    """A `frechet_influence.WeightedGaussian`.

    Args:
        many: the clips.
        places: int64 [N], which of them have a weight above 0.
        share: float64 [N], their weights, which sum to 1.
        mean: float64 [D].
        unbias: N / (N - correction).
        trace: of the covariance.
        spread: trace of the square of the covariance, divided by N.
        root: float64 [K,D], S.
        is_triangle: whether it is one.
    """

    many: ManyClips
    places: Tensor
    share: Tensor
    mean: Tensor
    unbias: float
    trace: Tensor
    spread: float
    root: Tensor
    is_triangle: bool

    of_covariance = True

    def influences(self, shift: Tensor, half_map: Tensor) -> Tensor:
        """See `frechet_influence.WeightedGaussian`."""
        to_map = self._to_map(half_map)
        moved, spread = [], []
        for _, rows in self.many.read(self.places):
            centred = rows.sub_(self.mean)
            moved.append(centred @ shift)
            spread.append(_lengths(centred) - _lengths(centred @ to_map))
        of_shape = self.share * self.unbias * torch.cat(spread)
        found = torch.zeros(len(self.many.values), dtype=torch.float64)
        found[self.places] = (
            2 * self.share * torch.cat(moved) + of_shape - self.share * of_shape.sum()
        )
        return self.many.rows.sums(found)

    def clips(self, vectors: Tensor) -> Clips:
        """See `frechet_influence.WeightedGaussian`."""
        to_map = self._to_map(vectors) * (self.share[0] * self.unbias).sqrt()

        def part(first: int, last: int) -> tuple[Tensor, Tensor]:
            found = self.many.values[self.many.rows.order[first:last]]
            centred = found.to(device="cpu", dtype=torch.float64).sub_(self.mean)
            return centred, centred @ to_map

        return Clips(
            counts=self.many.rows.counts(),
            part=part,
            dimension=len(self.mean),
            correction=self.many.correction,
            spread=self.spread,
        )

    def _to_map(self, vectors: Tensor) -> Tensor:
        """From centred clips to coordinates among `vectors` [K,K'], in which S is the identity."""
        if self.is_triangle:
            to_map: Tensor = torch.linalg.solve_triangular(self.root, vectors, upper=True)
            return to_map
        return (self.root / _lengths(self.root)[:, None]).T @ vectors


def _root(cov: Tensor) -> tuple[Tensor, bool]:
    """S [K,D] with S^T S = C, and whether it is a triangle: of eigenvectors where C is singular."""
    triangle, failed = torch.linalg.cholesky_ex(cov, upper=True)
    diagonal = triangle.diagonal()
    if not failed and diagonal.min() > CONDITION * diagonal.max():
        return triangle, True
    eigenvalues, vectors = torch.linalg.eigh(cov)
    kept = eigenvalues > NOTHING * eigenvalues[-1].clamp(min=0)
    return eigenvalues[kept].sqrt()[:, None] * vectors[:, kept].T, False


def _lengths(rows: Tensor) -> Tensor:
    """Squared, of each row."""
    return rows.square().sum(dim=1)
