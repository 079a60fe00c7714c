"""The Fréchet distance of many frames (FID), in blocks of rows.

The same number as `frechet.frechet_distance`, at the size of FID: tens of thousands of rows of
2048. Only the features themselves, in the dtype they came in, grow with the number of rows;
everything else is [D,D] or one block.
"""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from leo_bench.evaluation.distances.feature_matrix import (
    check_features,
    check_pair,
    content_order,
)
from leo_bench.evaluation.distances.frechet import FrechetOptions, fixed_side, frechet_distance
from leo_bench.evaluation.distances.frechet_influence import (
    frechet_statistic,
    statistic_of,
    weighted_side,
)
from leo_bench.evaluation.distances.gaussian import Gaussian, RealStatistics
from leo_bench.evaluation.distances.influence import Form, StatisticsForm

BLOCK = 4096  # rows: 64 MB of float64 at 2048 dimensions


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
        weighted=partial(frechet_statistic, correction=correction),
        settings=options.model_dump(mode="json"),
        of_statistics=StatisticsForm(
            fit,
            published=to_statistics,
            exact=to_statistics,
            weighted=lambda real, fake: statistic_of(
                fixed_side(real.exact), weighted_side(fake, correction)
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
    order, count = content_order(values), len(values)
    share = torch.tensor(1 / count, dtype=torch.float64)

    def blocks() -> Iterator[Tensor]:
        for rows in torch.split(order, BLOCK):
            yield values.detach()[rows].to(device="cpu", dtype=torch.float64)

    mean = sum((share.expand(len(rows)) @ rows for rows in blocks()), torch.zeros(()).double())
    cov = torch.zeros(len(mean), len(mean), dtype=torch.float64)
    for rows in blocks():
        centred = rows.sub_(mean).mul_(share.sqrt())
        cov.addmm_(centred.T, centred, alpha=count / (count - correction))
    return Gaussian(mean, cov, count)
