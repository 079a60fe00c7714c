"""Simulated differences of two fake sides against one real side, for `evidence.coverage`."""

from collections.abc import Mapping
from statistics import fmean

import torch

from leo_bench.benchmarks.evidence.coverage_cells import Cell, Outcome, outcome
from leo_bench.benchmarks.evidence.coverage_draws import KVD, Population, two_distances
from leo_bench.evaluation.distances.frechet_influence import frechet_statistic
from leo_bench.evaluation.distances.influence import ClipFeatures, combine
from leo_bench.evaluation.distances.kernel import kernel_statistic
from leo_bench.evaluation.uncertainty.intervals import spread_of_mean
from leo_bench.evaluation.uncertainty.mean_intervals import difference_interval
from leo_bench.evaluation.uncertainty.numbers import metric_interval


def two_fakes(cell: Cell, draw: int, generator: torch.Generator) -> Mapping[str, Outcome]:
    """The difference of two fake sides against one real side, of one name each and of others."""
    population = Population(cell.dim, cell.tails, cell.unlike)
    real = population.real(cell.n_real, 1, generator)
    found = {}
    for paired, names in ((True, "one name"), (False, "other names")):
        fakes = population.two_fakes(cell.n_fake, paired=paired, generator=generator)
        fvd = combine(
            [(sign, frechet_statistic(real, side, correction=1)) for sign, side in _signed(fakes)]
        )
        kvd = combine([(sign, kernel_statistic(real, side, KVD)) for sign, side in _signed(fakes)])
        for metric, statistic in (("fvd", fvd), ("kvd", kvd)):
            spread = spread_of_mean([statistic], draw)
            interval = metric_interval(metric, spread.value, spread)
            found[f"{metric}, {names}"] = outcome(spread.value, interval)
    return found


def _signed(fakes: tuple[ClipFeatures, ClipFeatures]) -> list[tuple[float, ClipFeatures]]:
    return [(1.0, fakes[0]), (-1.0, fakes[1])]


def two_acd(cell: Cell, draw: int, generator: torch.Generator) -> Mapping[str, Outcome]:
    """The difference of two means over videos, of one name each and of others."""
    found = {}
    for paired, names in ((True, "one name"), (False, "other names")):
        first, second = two_distances(cell.tails, cell.n_fake, paired=paired, generator=generator)
        if cell.unlike:
            second = {name: 0.8 * value for name, value in second.items()}
        value = fmean(first.values()) - fmean(second.values())
        target = 0.2 if cell.unlike else 0.0
        interval = difference_interval(first, second, paired=paired)
        found[f"acd, {names}"] = outcome(value, interval, target)
    return found
