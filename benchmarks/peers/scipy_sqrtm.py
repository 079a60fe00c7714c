"""SciPy's `sqrtm`, which most implementations of FVD and FID call."""

import torch
from scipy.linalg import sqrtm

from leo_bench.benchmarks.peers.parts import Inputs, Prepared
from leo_bench.evaluation.distances.frechet import fit_gaussian


def statistic(inputs: Inputs) -> Prepared:
    """The Fréchet distance, covariances over N - 1."""
    real, fake = inputs.features()

    def run() -> float:
        r, f = (fit_gaussian(side, correction=1) for side in (real, fake))
        root = torch.from_numpy(sqrtm((r.cov @ f.cov).numpy())).real
        return float((r.mean - f.mean).square().sum() + (r.cov + f.cov - 2 * root).trace())

    return Prepared(run)
