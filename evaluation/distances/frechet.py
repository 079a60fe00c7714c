"""Fréchet distance between two sets of features, each modelled as a Gaussian (FVD for I3D).

    d = |m_r - m_f|^2 + tr(C_r + C_f) - 2 tr sqrt(C_r C_f)

The forms differ in how they take the trace of the square root:

- `frechet_distance`: eigenvalues of the symmetrised product, float64. Use this one.
- `frechet_distance_thin`: singular values of one feature matrix times the other; no covariance.
  The same number by another algorithm, which is cheaper for few clips.
- `frechet_distance_svd`: the form that DIGAN, TATS and the TF original publish, in a given dtype.
"""

from collections.abc import Iterator
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from leo_bench.evaluation.distances.feature_matrix import (
    DTYPES,
    check_features,
    check_pair,
    content_order,
)
from leo_bench.evaluation.distances.frechet_influence import (
    FixedGaussian,
    WeightedSide,
    frechet_statistic,
    statistic_of,
    weighted_side,
)
from leo_bench.evaluation.distances.gaussian import Gaussian, RealStatistics
from leo_bench.evaluation.distances.influence import Form, StatisticsForm
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data

# Numbers of a block of rows: 64 MB of float64.
BLOCK = 2**23

# Singular values below this are not rooted: TF-GAN's rule, kept by VideoGPT, DIGAN and TATS
# (sihyun-yu/digan@e822320, src/scripts/fvd/fvd.py).
SVD_EPSILON = 1e-10


class FrechetOptions(Data):
    """What a protocol fixes about the statistic.

    covariance: divided by N - 1 (unbiased) or by N (biased).
    square_root: `symmetric-svd` is `frechet_distance_svd`, `eigenvalues` is `frechet_distance`.
    dtype: of mean, covariance and, for `symmetric-svd`, of the square roots.
    """

    covariance: Literal["unbiased", "biased"]
    square_root: Literal["symmetric-svd", "eigenvalues"]
    dtype: Literal["float32", "float64"]

    @property
    def correction(self) -> int:
        """The covariance divides by N - correction."""
        return 1 if self.covariance == "unbiased" else 0


def form(options: FrechetOptions) -> Form:
    """FVD as the protocol computes it."""
    in_float64 = options.model_copy(update={"square_root": "eigenvalues", "dtype": "float64"})
    exact = partial(frechet_of_features, options=in_float64)
    to_exact = partial(_to_statistics, options=in_float64)
    return Form(
        "fvd",
        published=exact
        if options.dtype == "float64"
        else partial(frechet_of_features, options=options),
        exact=exact,
        weighted=partial(frechet_statistic, correction=options.correction),
        settings=options.model_dump(mode="json"),
        of_statistics=StatisticsForm(
            fit=partial(real_statistics, options=options),
            published=to_exact
            if options.dtype == "float64"
            else partial(_to_statistics, options=options),
            exact=to_exact,
            weighted=lambda real, fake: statistic_of(
                fixed_side(real.exact), weighted_side(fake, options.correction)
            ),
        ),
    )


def fit_gaussian(
    features: Tensor, *, correction: int, dtype: torch.dtype = torch.float64
) -> Gaussian:
    """Fit features [N,D]; the covariance divides by N - correction. The rows' order moves no bit.

    Raises:
        InputError: not finite [N,D] with N >= 2.
    """
    check_features(features, "given")
    count, dimension = features.shape
    blocks = torch.split(content_order(features), max(1, BLOCK // dimension))

    def read() -> Iterator[Tensor]:
        return (features.detach()[rows].to(device="cpu", dtype=dtype) for rows in blocks)

    total = torch.zeros(dimension, dtype=dtype)
    for rows in read():
        total += rows.sum(dim=0)
    mean = total / count
    products = torch.zeros(dimension, dimension, dtype=dtype)
    for rows in read():
        centred = rows - mean
        products += centred.T @ centred
    return Gaussian(mean, products / (count - correction), count)


def frechet_of_features(real: Tensor, fake: Tensor, options: FrechetOptions) -> float:
    """Fréchet distance between real [N,D] and fake [M,D] as a protocol computes it.

    Raises:
        InputError: features that are not finite, not [N,D], of unlike D, or of fewer than 2 clips.
    """
    check_pair(real, fake)
    return _of_gaussians(_fitted(real, options), _fitted(fake, options), options)


def fixed_side(gaussian: Gaussian) -> WeightedSide:
    """A side of `frechet_influence.statistic_of` of which only the Gaussian is known."""
    cov = gaussian.cov.double()
    fixed = FixedGaussian(
        gaussian.mean.double(),
        _covariance_root(gaussian),
        cov.trace(),
        of_covariance=gaussian.count > len(cov),
    )
    return WeightedSide((), gaussian.count, len(cov), lambda each: [fixed] * len(each))


def real_statistics(real: Tensor, options: FrechetOptions) -> RealStatistics:
    """The statistics of real features [N,D], for distances to them without the features.

    Raises:
        InputError: as `fit_gaussian`.
    """
    exact = fit_gaussian(real, correction=options.correction)
    published = exact if options.dtype == "float64" else _fitted(real, options)
    return RealStatistics(exact, published)


def _to_statistics(real: RealStatistics, fake: Tensor, options: FrechetOptions) -> float:
    check_features(fake, "fake")
    gaussian = real.exact if options.dtype == "float64" else real.published
    return _of_gaussians(gaussian, _fitted(fake, options), options)


def _fitted(features: Tensor, options: FrechetOptions) -> Gaussian:
    return fit_gaussian(features, correction=options.correction, dtype=DTYPES[options.dtype])


def _of_gaussians(real: Gaussian, fake: Gaussian, options: FrechetOptions) -> float:
    if options.square_root == "symmetric-svd":
        return frechet_distance_svd(real, fake)
    return frechet_distance(real, fake)


def frechet_distance(real: Gaussian, fake: Gaussian) -> float:
    """Fréchet distance in float64; exactly 0 for equal Gaussians, which are checked first.

    With S^T S = C of the side with fewer clips, tr sqrt(C_r C_f) is the sum of the roots of the
    eigenvalues of S C_other S^T. S has at most as many rows as C has rank (clips - 1), so no square
    root is taken of rounding errors in the null space of C.
    """
    _check_dimensions(real, fake)
    if torch.equal(real.mean, fake.mean) and torch.equal(real.cov, fake.cov):
        return 0.0
    fewer, other = sorted((real, fake), key=lambda side: side.count)
    root = _covariance_root(fewer)
    product = root @ other.cov.double() @ root.T
    eigenvalues = torch.linalg.eigvalsh((product + product.T) / 2).clamp(min=0)
    return _assemble(real, fake, eigenvalues.sqrt().sum())


def frechet_distance_thin(real: Tensor, fake: Tensor, *, correction: int) -> float:
    """`frechet_distance` from real [N,D] and fake [M,D] themselves.

    With X and Y the centred features, tr sqrt(X^T X Y^T Y) is the sum of the singular values of
    X Y^T, a matrix [N,M]: exact for any N, and small when N and M are. Where N > D, the triangle R
    of X = Q R takes the place of X, with the same singular values.

    Raises:
        InputError: as `frechet_of_features`.
    """
    check_pair(real, fake)
    means, roots = [], []
    for side in (real, fake):
        ordered = side.detach()[content_order(side)].to(device="cpu", dtype=torch.float64)
        means.append(ordered.mean(dim=0))
        centred = (ordered - means[-1]) / (len(side) - correction) ** 0.5
        tall = centred.shape[0] > centred.shape[1]
        roots.append(torch.linalg.qr(centred, mode="r").R if tall else centred)
    shift = (means[0] - means[1]).square().sum()
    traces = roots[0].square().sum() + roots[1].square().sum()
    return float(shift + traces - 2 * torch.linalg.svdvals(roots[0] @ roots[1].T).sum())


def frechet_distance_svd(real: Gaussian, fake: Gaussian) -> float:
    """Fréchet distance with square roots by singular values, in the Gaussians' own dtype.

    In float32 this is DIGAN's published number, and inexact: 2 between 2048 clips and themselves
    for features of total variance 1200. An eigenvalue of the product that rounding makes negative
    counts with the wrong sign, and which one does may depend on the number of threads: a difference
    of 0.5 of 75 was seen. Prefer the float64 value.
    """
    _check_dimensions(real, fake)
    root = _svd_root(fake.cov)
    sandwich = root @ real.cov @ root
    trace = (real.cov + fake.cov).trace() - 2 * _svd_root(sandwich).trace()
    return float(trace + (real.mean - fake.mean).square().sum())


def _check_dimensions(real: Gaussian, fake: Gaussian) -> None:
    if real.mean.shape != fake.mean.shape:
        raise InputError(
            f"real features have {len(real.mean)} dimensions, fake features {len(fake.mean)}; "
            "both sides need the same extractor"
        )


def _assemble(real: Gaussian, fake: Gaussian, root_trace: Tensor) -> float:
    means = (real.mean.double() - fake.mean.double()).square().sum()
    traces = real.cov.double().trace() + fake.cov.double().trace()
    return float(means + traces - 2 * root_trace)


def _covariance_root(gaussian: Gaussian) -> Tensor:
    """S [R,D] float64 with S^T S the covariance and R = min(D, clips - 1)."""
    rank = min(len(gaussian.mean), gaussian.count - 1)
    eigenvalues, vectors = torch.linalg.eigh(gaussian.cov.double())
    root: Tensor = eigenvalues[-rank:].clamp(min=0).sqrt()[:, None] * vectors[:, -rank:].T
    return root


def _svd_root(matrix: Tensor) -> Tensor:
    left, values, right = torch.linalg.svd(matrix)
    rooted = torch.where(values < SVD_EPSILON, values, values.sqrt())
    root: Tensor = (left * rooted) @ right
    return root
