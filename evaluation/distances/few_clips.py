"""One side of a Fréchet distance at some weights of its videos, of as many clips as dimensions.

The centred clips, each times the root of its share, are a root of the covariance: S^T S = C. It is
exact where C has no inverse, and a clip's coordinates in it are its own row.
"""

from dataclasses import dataclass

from torch import Tensor

from leo_bench.evaluation.distances.influence import WeightedClips
from leo_bench.evaluation.distances.left_out import Clips


@dataclass(frozen=True)
class GaussianOfFew:
    """A `frechet_influence.WeightedGaussian`.

    Args:
        weighted: the N clips.
        mean: float64 [D].
        root: float64 [N,D], S.
        correction: the covariance divides by N - correction.
    """

    weighted: WeightedClips
    mean: Tensor
    root: Tensor
    correction: int

    # Singular values of S are those of the rows, exact however small they are.
    of_covariance = False

    @classmethod
    def of(cls, weighted: WeightedClips, correction: int) -> "GaussianOfFew":
        """The Gaussian of these clips."""
        count = len(weighted.values)
        mean = weighted.share @ weighted.values
        scale = (weighted.share * count / (count - correction)).sqrt()
        return cls(weighted, mean, (weighted.values - mean) * scale[:, None], correction)

    @property
    def trace(self) -> Tensor:
        """Of the covariance."""
        return self.root.square().sum()

    def influences(self, shift: Tensor, half_map: Tensor) -> Tensor:
        """See `frechet_influence.WeightedGaussian`."""
        share = self.weighted.share
        moved = 2 * share * ((self.weighted.values - self.mean) @ shift)
        shape = self.root.square().sum(dim=1) - half_map.square().sum(dim=1)
        return self.weighted.rows.sums(moved + shape - share * shape.sum())

    def clips(self, vectors: Tensor) -> Clips:
        """See `frechet_influence.WeightedGaussian`."""
        centred, count = self.weighted.values - self.mean, len(self.root)
        gram = self.root @ self.root.T * ((count - self.correction) / count)
        return Clips(
            counts=self.weighted.rows.counts(),
            part=lambda first, last: (centred[first:last], vectors[first:last]),
            dimension=len(self.mean),
            correction=self.correction,
            spread=gram.square().sum().item(),
        )
