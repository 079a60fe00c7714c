"""The plan: the width that will be printed, power, and numbers of videos that reach a goal."""

import math
from dataclasses import replace
from statistics import NormalDist

import pytest
import torch
from made_records import features

from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.protocols.of_clips import form_of, load_protocol
from leo_bench.evaluation.records.influences import influences_of_mean
from leo_bench.evaluation.uncertainty.mean_intervals import difference_interval, mean_interval
from leo_bench.evaluation.uncertainty.numbers import Numbers, numbers_of
from leo_bench.evaluation.uncertainty.paired_shares import wilson_interval
from leo_bench.evaluation.uncertainty.pilots import (
    Pilot,
    SidePilot,
    alike_and_independent,
    extremes,
    side_pilot,
    skew_of,
    with_bias,
)
from leo_bench.evaluation.uncertainty.planning import MOST, expect, expect_share, least, power
from leo_bench.evaluation.uncertainty.variance import skewed_ends


def pilot_of(metric: str, real: ClipFeatures, fake: ClipFeatures) -> tuple[Pilot, Numbers]:
    numbers = numbers_of(form_of(metric, load_protocol("digan")), [(real, fake)], 0, None)
    interval, moves = numbers.interval, numbers.influences
    assert interval is not None
    assert moves is not None
    value = numbers.value_float64
    skew = skew_of(value, interval.low, interval.high, interval.standard_error)
    return (
        Pilot(
            value,
            side_pilot(list(moves.real.values())),
            side_pilot(list(moves.fake.values())),
            cautious=metric == "kvd",
            skew=skew,
            growth=abs(skew),
        ),
        numbers,
    )


def mean_pilot(values: dict[str, float]) -> Pilot:
    found = mean_interval(values)
    assert found is not None
    mean = sum(values.values()) / len(values)
    side = side_pilot(list(influences_of_mean(values).values()))
    skew = skew_of(mean, found.low, found.high, found.standard_error)
    return Pilot(mean, SidePilot(), side, means=1, skew=skew, growth=skew)


def skewed_values(count: int) -> dict[str, float]:
    quantiles = (NormalDist().inv_cdf((i + 0.5) / count) for i in range(count))
    return {str(i): math.exp(0.6 * quantile) for i, quantile in enumerate(quantiles)}


@pytest.mark.parametrize("metric", ["fvd", "kvd"])
def test_at_the_pilots_videos_the_width_is_the_printed_one(metric: str) -> None:
    pilot, numbers = pilot_of(metric, features(0, 40), features(1, 40, shift=0.5))
    found = expect(pilot, 40, 40)
    assert numbers.interval is not None
    printed = numbers.interval.high - numbers.interval.low
    assert found.width == pytest.approx(printed, rel=1e-6)
    assert found.printed == pytest.approx(numbers.interval.standard_error, rel=1e-9)
    assert found.value == pytest.approx(numbers.value_float64)


@pytest.mark.parametrize("skew", [-0.4, 0.0, 0.7])
def test_the_skew_of_an_interval_is_found_again(skew: float) -> None:
    low, high = skewed_ends(5.0, 0.8, 2.1, skew)
    assert skew_of(5.0, low, high, 0.8) == pytest.approx(skew, abs=1e-9)


def test_more_of_the_same_values_give_the_planned_interval() -> None:
    few = skewed_values(64)
    many = {f"{name} {copy}": value for name, value in few.items() for copy in range(4)}
    found, planned = mean_interval(many), expect(mean_pilot(few), 0, 256)
    assert found is not None
    assert planned.width == pytest.approx(found.high - found.low, rel=0.02)


def test_two_models_alike_differ_as_two_samples_do() -> None:
    values = skewed_values(64)
    planned = expect(alike_and_independent(mean_pilot(values), 0.0), 0, 64)
    found = difference_interval(values, values, paired=False)
    assert found is not None
    assert planned.width == pytest.approx(found.high - found.low, rel=1e-6)


def test_power_of_two_samples_is_the_textbooks() -> None:
    # Cohen (1988), table 2.4.1: d = 0.5, 5 % two-sided, power 0.8 takes 64 in each sample.
    one = Pilot(0.0, SidePilot(), SidePilot(videos=100, single=1 / 100), means=1)
    both = alike_and_independent(one, 0.5)
    assert least(lambda n: power(both, 0.5, 0, n) >= 0.8, 4) == 64


def test_power_without_a_difference_is_half_of_the_false_alarms() -> None:
    one = Pilot(0.0, SidePilot(), SidePilot(videos=100, single=1 / 100))
    assert power(one, 0.0, 0, 50) == pytest.approx(0.025)
    still = Pilot(0.0, SidePilot(), SidePilot(videos=100))
    assert (power(still, 0.1, 0, 50), power(still, 0.0, 0, 50)) == (1.0, 0.0)


def test_parts_over_single_videos_and_over_pairs_shrink_apart() -> None:
    # Pairs alone, as those of two like sides: ((b/k + c/l))^2 with b^2 = 4, c^2 = 9.
    b, c = 2.0, 3.0
    real = SidePilot(videos=10, pairs=2 * b * (b + c))
    fake = SidePilot(videos=20, pairs=2 * c * (b + c))
    pilot = Pilot(0.0, real, fake)
    for k, m in ((1, 1), (2, 2), (1, 4), (3, 1)):
        assert expect(pilot, 10 * k, 20 * m).error == pytest.approx(b / k + c / m)
    singles = Pilot(0.0, replace(real, single=5.0, pairs=0), replace(fake, single=7.0, pairs=0))
    assert expect(singles, 20, 80).error ** 2 == pytest.approx(5 / 2 + 7 / 4)


def test_a_fixed_real_side_leaves_its_part() -> None:
    pilot, _ = pilot_of("fvd", features(0, 32), features(1, 32, shift=0.5))
    widths = [expect(pilot, 32, fakes).width for fakes in (32, 320, 3_200_000, math.inf)]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] > 0
    assert widths[-2] == pytest.approx(widths[-1], rel=1e-3)


def test_real_videos_leave_the_difference_of_two_models_that_are_alike() -> None:
    pilot, _ = pilot_of("fvd", features(0, 32), features(1, 32, shift=0.5))
    assert expect(alike_and_independent(pilot, 0.0), 32, math.inf).error == pytest.approx(0)


def test_a_larger_number_has_a_larger_error() -> None:
    real, fake = (SidePilot(videos=50, single=4.0) for _ in range(2))
    one = Pilot(30.0, real, fake, skew=0.2)
    found = expect(alike_and_independent(one, 10.0), 50, 50)
    grown = 0.2 * 10 / math.sqrt(8)
    assert found.error**2 == pytest.approx(4 * (1 + (1 + grown) ** 2) + 4 * grown**2)


def test_bias_falls_with_the_videos_of_its_side() -> None:
    pilot = with_bias(Pilot(30.0, SidePilot(videos=10), SidePilot(videos=40)), 10.0)
    assert (pilot.real.bias, pilot.fake.bias) == (8.0, 2.0)
    found = expect(pilot, 20, 80)
    assert (found.value, found.bias) == (25.0, 5.0)
    assert expect(pilot, math.inf, math.inf).value == 20.0


def test_the_smallest_number_that_reaches() -> None:
    assert least(lambda n: n >= 777, 4) == 777
    assert least(lambda n: True, 4) == 4
    assert least(lambda n: False, 4) is None
    assert least(lambda n: n >= MOST + 5, 4) is None


def test_what_is_known_of_the_variance_lies_around_the_estimate() -> None:
    pilot, _ = pilot_of("fvd", features(0, 32), features(1, 32, shift=0.5))
    small, large = extremes(pilot)
    for videos in (32, 320):
        widths = [expect(one, videos, videos).width for one in (small, pilot, large)]
        assert widths == sorted(widths)
    closer = [expect(one, 320, 320).width for one in extremes(pilot, level=0.5)]
    assert closer[0] > expect(small, 320, 320).width
    assert closer[1] < expect(large, 320, 320).width


def test_the_width_of_a_share_is_wilsons() -> None:
    low, high = wilson_interval(10, 40)
    assert expect_share(0.25, 40).width == pytest.approx(high - low)
    assert expect_share(0.25, math.inf).width == 0


def test_a_pilot_without_influences_has_the_freedom_of_a_mean() -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(12, generator=generator, dtype=torch.float64).tolist()
    known = mean_interval({str(i): value for i, value in enumerate(values)})
    assert known is not None
    side = SidePilot(videos=12, single=known.standard_error**2)
    pilot = Pilot(0.0, SidePilot(), side, means=1)
    assert expect(pilot, 0, 12).freedom == 11
    assert expect(pilot, 0, 48).error == pytest.approx(known.standard_error / 2)
