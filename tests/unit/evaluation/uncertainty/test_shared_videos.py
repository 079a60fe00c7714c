"""Differences of distances between sides that show the same videos: one draw, not two."""

import pytest
import torch

from leo_bench.evaluation.distances.frechet_influence import frechet_statistic
from leo_bench.evaluation.distances.influence import ClipFeatures, WeightedStatistic
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.intervals import (
    paired_difference_interval,
    shared_difference_interval,
)

VIDEOS, DIM = 24, 3


def people(seed: int) -> dict[str, torch.Tensor]:
    """Real clips, fakes and worse fakes of the same people, who differ much."""
    generator = torch.Generator().manual_seed(seed)
    who = 5 * torch.randn(VIDEOS, DIM, generator=generator).double()
    noise = torch.randn(3, VIDEOS, DIM, generator=generator).double()
    return {"real": who + noise[0], "fake": who + noise[1], "worse": who + noise[1] + 1.0}


def statistics(sides: dict[str, torch.Tensor], kept: list[int]) -> list[WeightedStatistic]:
    names = [f"v{i:02d}" for i in kept]
    real = ClipFeatures(sides["real"][kept], names)
    return [
        frechet_statistic(real, ClipFeatures(sides[fake][kept], names), correction=1)
        for fake in ("worse", "fake")
    ]


def difference(sides: dict[str, torch.Tensor], kept: list[int]) -> float:
    worse, fake = (s.at(s.ones).value for s in statistics(sides, kept))
    return worse - fake


def test_the_error_is_that_of_leaving_out_persons_from_both_sides() -> None:
    sides = people(0)
    found = shared_difference_interval(*statistics(sides, list(range(VIDEOS))), seed=0)
    rest = torch.tensor(
        [difference(sides, [i for i in range(VIDEOS) if i != out]) for out in range(VIDEOS)]
    )
    jackknife = ((rest - rest.mean()).square().sum() * (VIDEOS - 1) / VIDEOS).sqrt().item()
    assert found.standard_error == pytest.approx(jackknife, rel=0.2)
    assert (found.low + found.high) / 2 == pytest.approx(difference(sides, list(range(VIDEOS))))


def test_the_error_is_that_of_drawing_other_people() -> None:
    everyone = list(range(VIDEOS))
    drawn = torch.tensor([difference(people(seed), everyone) for seed in range(60)])
    errors = [
        shared_difference_interval(*statistics(people(seed), everyone), seed=0).standard_error
        for seed in range(60)
    ]
    assert 0.8 < sum(errors) / 60 / drawn.std().item() < 1.6


def test_independent_sides_would_say_far_less() -> None:
    both = statistics(people(0), list(range(VIDEOS)))
    shared, apart = (
        shared_difference_interval(*both, seed=0),
        paired_difference_interval(*both, seed=0),
    )
    assert shared.high - shared.low < 0.7 * (apart.high - apart.low)


def test_sides_of_other_videos_are_refused() -> None:
    generator = torch.Generator().manual_seed(0)
    real, fake = (
        ClipFeatures(torch.randn(8, 2, generator=generator), [f"{side}{i}" for i in range(8)])
        for side in "ab"
    )
    statistic = frechet_statistic(real, fake, correction=1)
    with pytest.raises(InputError, match="must show the same videos"):
        shared_difference_interval(statistic, statistic, seed=0)
