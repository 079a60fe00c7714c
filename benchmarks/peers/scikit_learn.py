"""scikit-learn's `polynomial_kernel`, as DIGAN and TATS compute KVD by it."""

from leo_bench.benchmarks.peers.called import peer_module
from leo_bench.benchmarks.peers.parts import Inputs, Prepared


def kernel(inputs: Inputs) -> Prepared:
    """KVD over all pairs, in float64."""
    polynomial = peer_module("sklearn.metrics.pairwise").polynomial_kernel
    real, fake = (side.double().numpy() for side in inputs.features())

    def run() -> float:
        within = [
            (matrix.sum() - matrix.trace()) / (len(matrix) * (len(matrix) - 1))
            for matrix in (polynomial(side, degree=3, coef0=1) for side in (real, fake))
        ]
        return float(sum(within) - 2 * polynomial(real, fake, degree=3, coef0=1).mean())

    return Prepared(run)
