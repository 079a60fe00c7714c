"""A set of features as a Gaussian, and what a distance needs of a real side that it has no more of.

Mean and covariance are enough for a Fréchet distance. A lab that may not share videos can share
these (`evaluation.feature_files`).
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Gaussian:
    """Mean and covariance of `count` clips' features."""

    mean: Tensor  # [D]
    cov: Tensor  # [D,D]
    count: int


@dataclass(frozen=True)
class RealStatistics:
    """The features of a real side as a Gaussian, with the divisor of the protocol.

    Args:
        exact: in float64.
        published: in the dtype of the protocol; `exact` itself where that is float64.
    """

    exact: Gaussian
    published: Gaussian
