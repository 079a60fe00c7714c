import csv
import math
from collections.abc import Callable
from statistics import fmean, stdev

import pytest
import torch
from places import ROOT
from scipy.stats import t as student
from torch import Tensor

from leo_bench.evaluation.distances.frechet import frechet_distance_thin
from leo_bench.evaluation.distances.frechet_influence import frechet_statistic
from leo_bench.evaluation.distances.influence import ClipFeatures, WeightedStatistic, combine
from leo_bench.evaluation.distances.kernel import KernelOptions, kernel_statistic
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.uncertainty.intervals import (
    Interval,
    cautious_interval,
    interval_of,
    jackknife_interval,
    paired_difference_interval,
    spread_of_mean,
)
from leo_bench.evaluation.uncertainty.variance import student_quantile

CUBIC = KernelOptions(degree=3, coef0=1.0, dtype="float64")


def drawn(seed: int, clips: int, dim: int, shift: float = 0.0) -> ClipFeatures:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(clips, dim, generator=generator, dtype=torch.float64) * (1 + shift) + shift
    return ClipFeatures(values, [f"video {i}" for i in range(clips)])


def fvd(real: ClipFeatures, fake: ClipFeatures) -> WeightedStatistic:
    return frechet_statistic(real, fake, correction=1)


def heavy(seed: int, videos: int, shift: float = 0.0) -> ClipFeatures:
    """A log-normal radius of 0.45 times a Gaussian, D = 8: fourth moments 2.25 times as large."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(videos, 8, generator=generator, dtype=torch.float64)
    logs = torch.randn(videos, 1, generator=generator, dtype=torch.float64)
    values = values * (0.45 * logs - 0.45**2).exp() * (1 + shift / 4) + shift
    return ClipFeatures(values, [f"video {i}" for i in range(videos)])


def light(seed: int, videos: int, shift: float = 0.0) -> ClipFeatures:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(videos, 8, generator=generator, dtype=torch.float64)
    return ClipFeatures(values * (1 + shift / 4) + shift, [f"video {i}" for i in range(videos)])


Made = Callable[[int, int, float], ClipFeatures]


def covered(draws: list[tuple[float, Interval]], target: float | None = None) -> float:
    """Share of intervals that hold the target; None: the mean of the values."""
    truth = fmean(value for value, _ in draws) if target is None else target
    return fmean(found.low <= truth <= found.high for _, found in draws)


@pytest.mark.parametrize(
    ("made", "real", "fake", "shift", "least"),
    [
        (light, 4, 4, 0.0, 0.84),
        (light, 4, 4, 1.0, 0.82),
        (heavy, 4, 4, 1.0, 0.78),
        (light, 64, 16, 1.0, 0.88),
        (heavy, 64, 16, 1.0, 0.86),
    ],
)
def test_interval_holds_the_expected_distance(
    made: Made, real: int, fake: int, shift: float, least: float
) -> None:
    """As often as benchmarks/coverage.md says, less three errors of 100 draws."""
    draws = []
    for draw in range(100):
        statistic = fvd(made(2 * draw, real, 0.0), made(2 * draw + 1, fake, shift))
        value = statistic.at(statistic.ones).value
        draws.append((value, interval_of(statistic, seed=draw)))
    assert covered(draws) > least


@pytest.mark.parametrize(("made", "least"), [(light, 0.88), (heavy, 0.82)])
@pytest.mark.parametrize(("real", "fake"), [(4, 4), (48, 24)])
def test_interval_of_kvd_holds_the_distance_of_the_populations(
    made: Made, least: float, real: int, fake: int
) -> None:
    """Equal ones, whose distance is 0."""
    draws = []
    for draw in range(80):
        statistic = kernel_statistic(
            made(2 * draw, real, 0.0), made(2 * draw + 1, fake, 0.0), CUBIC
        )
        spread = spread_of_mean([statistic], draw)
        draws.append((spread.value, cautious_interval(spread.value, spread, 0.95)))
    assert covered(draws, 0.0) > least


def test_standard_error_is_the_spread_over_draws_where_the_plain_sum_is_too_wide() -> None:
    spreads = [
        spread_of_mean([fvd(light(2 * draw, 64), light(2 * draw + 1, 64))], draw)
        for draw in range(80)
    ]
    sd = stdev(spread.value for spread in spreads)
    ours = fmean((spread.single + spread.paired) ** 0.5 for spread in spreads)
    plain = fmean((spread.single + 2 * spread.paired) ** 0.5 for spread in spreads)
    assert plain > 1.25 * sd
    assert ours == pytest.approx(sd, rel=0.25)


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_naive_bootstrap_lies_above_the_expected_distance(shift: float) -> None:
    """The same check that the chosen interval passes: it can fail, and here it does."""
    generator = torch.Generator().manual_seed(0)
    draws = []
    for draw in range(25):
        sides = [light(2 * draw, 64).values, light(2 * draw + 1, 64, shift).values]
        copies = []
        for _ in range(40):
            picks = [torch.randint(64, (64,), generator=generator) for _ in sides]
            copies.append(
                frechet_distance_thin(
                    *(side[pick] for side, pick in zip(sides, picks, strict=True)), correction=1
                )
            )
        copies.sort()
        value = frechet_distance_thin(*sides, correction=1)
        draws.append((value, Interval(copies[1], copies[-2], 0.95, 0.0, "jackknife")))
    assert covered(draws) < 0.8


def test_interval_is_around_the_distance_and_reaches_further_up() -> None:
    real, fake = drawn(1, 60, 8), drawn(2, 60, 8, 0.3)
    statistic = fvd(real, fake)
    value = statistic.at(statistic.ones).value
    found = interval_of(fvd(real, fake), seed=0)
    assert found.low < value < found.high
    assert found.high - value > value - found.low


def test_higher_level_is_wider() -> None:
    real, fake = drawn(1, 60, 8), drawn(2, 60, 8, 0.3)
    narrow, wide = (interval_of(fvd(real, fake), seed=0, level=level) for level in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_order_of_files_moves_no_bit() -> None:
    real, fake = drawn(1, 60, 8), drawn(2, 60, 8, 0.3)
    turned = ClipFeatures(real.values.flip(0), list(real.videos)[::-1])
    assert interval_of(fvd(turned, fake), seed=0) == interval_of(fvd(real, fake), seed=0)


def test_clips_of_one_video_are_no_new_evidence() -> None:
    """Four copies of each clip leave the standard error; as 240 videos they would halve it."""
    real, fake = drawn(1, 60, 4), drawn(2, 60, 4, 1.0)
    copied = [
        ClipFeatures(side.values.repeat(4, 1), list(side.videos) * 4) for side in (real, fake)
    ]
    apart = [ClipFeatures(c.values, [f"{i}" for i in range(240)]) for c in copied]
    error = interval_of(frechet_statistic(real, fake, correction=0), seed=0).standard_error
    of_copies = interval_of(frechet_statistic(*copied, correction=0), seed=0).standard_error
    of_apart = interval_of(frechet_statistic(*apart, correction=0), seed=0).standard_error
    assert of_copies == pytest.approx(error, rel=1e-6)
    assert of_apart == pytest.approx(error / 2, rel=0.1)


def test_difference_is_surer_than_its_two_parts() -> None:
    real = drawn(1, 60, 8)
    first, second = fvd(real, drawn(2, 60, 8, 0.5)), fvd(real, drawn(3, 60, 8, 0.5))
    found = paired_difference_interval(first, second, seed=0)
    parts = [spread_of_mean([part], seed=0) for part in (first, second)]
    alone = sum(part.single + part.paired for part in parts) ** 0.5
    assert found.standard_error < 0.9 * alone
    assert found.low < 0 < found.high


def test_difference_of_equal_fakes_is_exactly_zero() -> None:
    statistic = fvd(drawn(1, 60, 8), drawn(2, 60, 8, 0.5))
    found = paired_difference_interval(statistic, statistic, seed=0)
    assert (found.low, found.high, found.standard_error) == (0, 0, 0)


def test_difference_of_unlike_fakes_excludes_zero() -> None:
    real = drawn(1, 60, 8)
    worse, better = fvd(real, drawn(2, 60, 8, 0.8)), fvd(real, drawn(3, 60, 8, 0.1))
    assert paired_difference_interval(worse, better, seed=0).low > 0


def test_interval_of_a_sum_scales_with_its_factor() -> None:
    statistic = fvd(drawn(1, 60, 8), drawn(2, 60, 8, 0.5))
    once, twice = interval_of(statistic, seed=0), interval_of(combine([(2.0, statistic)]), seed=0)
    assert twice.low == pytest.approx(2 * once.low)
    assert twice.high == pytest.approx(2 * once.high)


def test_kernel_distance_has_an_interval_that_may_reach_below_zero() -> None:
    options = KernelOptions(degree=3, coef0=1.0, dtype="float64")
    found = interval_of(kernel_statistic(drawn(1, 60, 8), drawn(2, 60, 8), options), seed=0)
    assert found.low < 0 < found.high


def _difference_of_means(real: Tensor, fake: Tensor) -> float:
    return float(real[:, 0].mean() - fake[:, 0].mean())


def test_jackknife_gives_the_textbook_error_of_a_difference_of_means() -> None:
    real, fake = drawn(1, 2000, 2), drawn(2, 2000, 2, 0.5)
    found = jackknife_interval(_difference_of_means, [(real, fake)], seed=0)
    expected = (1 / 2000 + 1.5**2 / 2000) ** 0.5
    assert found.standard_error == pytest.approx(expected, rel=0.3)
    assert found.method == "jackknife"


def test_jackknife_leaves_out_whole_videos() -> None:
    real, fake = drawn(1, 40, 2), drawn(2, 40, 2, 0.5)
    copied = ClipFeatures(real.values.repeat(3, 1), list(real.videos) * 3)
    once, thrice = (
        jackknife_interval(_difference_of_means, [(side, fake)], seed=0) for side in (real, copied)
    )
    assert thrice.standard_error == pytest.approx(once.standard_error)


@pytest.mark.parametrize(
    ("probability", "freedom", "expected"),
    # Tables of Student's t, 5 digits; those by hand were 4.2 % and 1.3 % off.
    [(0.9995, 3, 12.924), (0.9995, 4, 8.6103), (0.975, 3, 3.1824), (0.975, 1e9, 1.95996)],
)
def test_student_quantile(probability: float, freedom: float, expected: float) -> None:
    assert student_quantile(probability, freedom) == pytest.approx(expected, rel=2e-5)
    assert student_quantile(probability, freedom) == student.ppf(probability, freedom)


def test_mean_of_repeats_has_the_error_of_the_mean() -> None:
    """Repeats of other clips of the same videos: each alone is less sure than their mean."""
    repeats = [fvd(light(seed, 64), light(seed + 50, 64, 1.0)) for seed in range(10)]
    alone = fmean(spread_of_mean([r], 0).single + spread_of_mean([r], 0).paired for r in repeats)
    together = spread_of_mean(repeats, 0)
    assert together.single + together.paired < 0.3 * alone
    assert together.value == pytest.approx(fmean(spread_of_mean([r], 0).value for r in repeats))
    same = spread_of_mean(repeats[:1] * 10, 0)
    assert same.single == pytest.approx(spread_of_mean([repeats[0]], 0).single)


def test_repeats_of_few_other_videos_each_have_halves() -> None:
    """All four videos of a repeat may fall into one half of the videos of all repeats."""
    repeats = []
    for seed in range(12):
        real, fake = light(seed, 4), light(seed + 50, 4, 1.0)
        named = [
            ClipFeatures(side.values, [f"{seed} {video}" for video in side.videos])
            for side in (real, fake)
        ]
        repeats.append(fvd(*named))
    found = spread_of_mean(repeats, 0)
    assert math.isfinite(found.single + found.paired + found.halves.value)


def test_few_videos_are_refused_however_many_clips() -> None:
    real = ClipFeatures(drawn(1, 60, 4).values, ["a", "b", "c"] * 20)
    with pytest.raises(InputError, match="real: clips from 3 videos; an interval needs at least 4"):
        interval_of(fvd(real, drawn(2, 60, 4)), seed=0)
    with pytest.raises(InputError, match="fake: clips from 3 videos"):
        jackknife_interval(_difference_of_means, [(drawn(2, 60, 4), real)], seed=0)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_level_is_a_share(level: float) -> None:
    with pytest.raises(InputError, match="expected a number between 0 and 1"):
        interval_of(fvd(drawn(1, 60, 4), drawn(2, 60, 4)), seed=0, level=level)


def test_committed_study_shows_what_the_notes_of_records_say() -> None:
    study = ROOT / "benchmarks" / "evidence" / "coverage.csv"
    with study.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    fvd = {
        (int(row["n_fake"]), row["tails"]): float(row["coverage"])
        for row in rows
        if row["number"] == "fvd"
    }
    assert len(fvd) == 10  # 4 to 256 videos, both tails
    assert min(fvd.values()) >= 0.83
    assert min(found for (n, tails), found in fvd.items() if n >= 8 or tails == "light") >= 0.9
    kvd = [float(row["coverage"]) for row in rows if row["number"] == "kvd"]
    assert min(kvd) >= 0.82
    told = [row for row in rows if row["number"] == "fvd infinity" and float(row["told"]) > 0.5]
    assert len(told) > 10
    assert min(float(row["coverage"]) for row in told) >= 0.94
