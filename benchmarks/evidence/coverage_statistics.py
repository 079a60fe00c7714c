"""Coverage of intervals of FVD to statistics of a real side: over draws of the fakes alone."""

from collections.abc import Mapping

import torch

from leo_bench.benchmarks.evidence.coverage_cells import Cell, Outcome, outcome
from leo_bench.benchmarks.evidence.coverage_draws import Population
from leo_bench.evaluation.distances.frechet import FrechetOptions, form, real_statistics
from leo_bench.evaluation.uncertainty.intervals import interval_of

UNBIASED = FrechetOptions(covariance="unbiased", square_root="eigenvalues", dtype="float64")


def to_statistics(cell: Cell, draw: int, generator: torch.Generator) -> Mapping[str, Outcome]:
    """FVD to the statistics of one set of real videos, the same in every draw."""
    population = Population(cell.dim, cell.tails, cell.unlike)
    real = population.real(cell.n_real, 1, torch.Generator().manual_seed(cell.n_real))
    known = real_statistics(real.values, UNBIASED)
    fvd = form(UNBIASED).statistic(known, population.fake(cell.n_fake, 1, generator))
    return {"fvd to statistics": outcome(fvd.at(fvd.ones).value, interval_of(fvd, seed=draw))}
