"""Fréchet distances to statistics of a real side: values, influences, intervals."""

import pytest
import torch

from leo_bench.evaluation.distances.frechet import FrechetOptions, form
from leo_bench.evaluation.distances.frechet_of_frames import form as form_of_frames
from leo_bench.evaluation.distances.influence import ClipFeatures, Form, Weights
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.protocols.of_clips import form_of, load_protocol
from leo_bench.evaluation.uncertainty.intervals import interval_of, paired_difference_interval
from leo_bench.evaluation.uncertainty.numbers import numbers_of

UNBIASED = FrechetOptions(covariance="unbiased", square_root="eigenvalues", dtype="float64")
BIASED = FrechetOptions(covariance="biased", square_root="eigenvalues", dtype="float64")
DIGAN = FrechetOptions(covariance="unbiased", square_root="symmetric-svd", dtype="float32")
FORMS = [form(UNBIASED), form(BIASED), form(DIGAN), form_of_frames(UNBIASED)]


def clips(seed: int, videos: int, scale: float = 1.0, dim: int = 6) -> ClipFeatures:
    values = torch.randn(2 * videos, dim, generator=torch.Generator().manual_seed(seed)) * scale
    return ClipFeatures(values, [f"v{i // 2:03}" for i in range(2 * videos)])


@pytest.mark.parametrize("distance", FORMS)
@pytest.mark.parametrize("videos", [3, 40])  # fewer clips than dimensions too
def test_values_are_those_of_the_features_to_the_last_bit(distance: Form, videos: int) -> None:
    real, fake = clips(0, videos, dim=8), clips(1, 30, scale=1.5, dim=8)
    assert distance.of_statistics is not None
    known = distance.of_statistics.fit(real.values)
    assert distance.values(known, fake) == distance.values(real, fake)


@pytest.mark.parametrize("distance", FORMS)
def test_influences_of_fakes_are_those_beside_features_and_there_are_no_others(
    distance: Form,
) -> None:
    real, fake = clips(0, 20), clips(1, 30, scale=1.5)
    assert distance.of_statistics is not None
    both = distance.statistic(real, fake)
    alone = distance.statistic(distance.of_statistics.fit(real.values), fake)
    there, here = both.at(both.ones), alone.at(alone.ones)
    assert alone.real_videos == ()
    assert len(here.real) == 0
    assert here.value == pytest.approx(there.value, rel=1e-9)
    torch.testing.assert_close(here.fake, there.fake, rtol=1e-6, atol=1e-9)
    weights = 1 + torch.rand(30, generator=torch.Generator().manual_seed(2)).double()
    beside = both.at(Weights(both.ones.real, weights)).value
    assert alone.at(Weights(alone.ones.real, weights)).value == pytest.approx(beside, rel=1e-9)


def test_numbers_have_an_interval_of_the_fakes_and_no_extrapolation() -> None:
    real, fake = clips(0, 20), clips(1, 30, scale=1.5)
    distance = form(UNBIASED)
    assert distance.of_statistics is not None
    known = distance.of_statistics.fit(real.values)
    both, alone = (numbers_of(distance, [(side, fake)], 0, None) for side in (real, known))
    assert alone.values == both.values
    assert both.extrapolation is not None
    assert alone.extrapolation is None
    assert alone.influences is not None
    assert both.influences is not None
    assert alone.influences.real == {}
    assert alone.influences.fake.keys() == both.influences.fake.keys()
    assert alone.interval is not None
    assert both.interval is not None
    assert alone.interval.standard_error < both.interval.standard_error
    assert alone.influences.standard_error("influence") == pytest.approx(
        alone.interval.standard_error
    )
    few = ClipFeatures(fake.values[:6], fake.videos[:6])
    assert numbers_of(distance, [(known, few)], 0, None).interval is None


def test_a_kernel_distance_needs_the_features() -> None:
    real, fake = clips(0, 20), clips(1, 30)
    known = FORMS[0].of_statistics
    assert known is not None
    with pytest.raises(InputError, match="kvd needs the features of the real side"):
        numbers_of(
            form_of("kvd", load_protocol("digan")), [(known.fit(real.values), fake)], 0, None
        )


def test_the_interval_covers_other_fakes_against_these_statistics() -> None:
    """95 % of 100 draws, with two standard errors of that share: 90.6 to 99.4 %."""
    generator = torch.Generator().manual_seed(0)
    form_to = form(UNBIASED).of_statistics
    assert form_to is not None
    known = form_to.fit(torch.randn(60, 12, generator=generator))
    found = []
    for draw in range(100):
        values = 1.3 * torch.randn(40, 12, generator=generator) + 0.5
        fake = form_to.weighted(known, ClipFeatures(values, [f"v{i}" for i in range(40)]))
        found.append((fake.at(fake.ones).value, interval_of(fake, seed=draw)))
    truth = sum(value for value, _ in found) / len(found)
    held = sum(interval.low <= truth <= interval.high for _, interval in found)
    assert 0.906 <= held / len(found) <= 0.994


def test_differences_against_the_same_statistics_pair_the_fakes() -> None:
    fake = clips(1, 30)
    worse = ClipFeatures(fake.values * 1.2, fake.videos)
    form_to = form(UNBIASED).of_statistics
    assert form_to is not None
    known = form_to.fit(clips(0, 40).values)
    first, second = (form_to.weighted(known, side) for side in (worse, fake))
    difference = paired_difference_interval(first, second, seed=0)
    apart = interval_of(first, seed=0).standard_error + interval_of(second, seed=0).standard_error
    assert difference.standard_error < apart
