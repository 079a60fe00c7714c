"""Occurrence of repeated motion: planted repeats, the stated rate of false alarms, stillness."""

import math

import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.repetition.motion_signals import smoothed
from leo_bench.evaluation.repetition.score import (
    Calibration,
    Null,
    RepetitionSettings,
    calibrate,
    source_repetition,
    video_repetition,
)
from leo_bench.leo.seeds import normal

QUICK = RepetitionSettings(segment=8, tempos=(1.0,), smooth=1, variance=1)


def motion(name: str, frames: int = 96, dims: int = 3) -> Tensor:
    """Smooth noise: no motion of it comes back but by chance."""
    noise = normal((frames + 4, dims), "motion", name).double()
    return noise.unfold(0, 5, 1).mean(-1)


def motions(kind: str, count: int) -> dict[str, Tensor]:
    return {f"{kind}-{i}": motion(f"{kind}-{i}") for i in range(count)}


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return calibrate(motions("real", 39), QUICK)


def test_planted_repeats_are_found_at_their_times_and_lags(calibration: Calibration) -> None:
    signal = motion("planted")
    signal[40:56] = signal[10:26]
    signal[70:84] = signal[12:26]
    found = video_repetition(signal, calibration)
    assert found.occurs
    # 40-56 holds two segments of 8; 70-84 one, and it may be like the first showing or the second.
    exact = [repeat for repeat in found.repeats if repeat.alike > 0.999]
    assert len(exact) >= 3
    for repeat in exact:
        assert repeat.tempo == 1
        if repeat.start < 60:
            assert (repeat.lag, 40 <= repeat.start <= 48) == (30, True)
        else:
            assert repeat.lag in (58, 28)
            assert 70 <= repeat.start <= 76
    assert found.repeated_share >= (16 + 14) / 96
    assert all(
        abs(a.start - b.start) >= 8 for a in found.repeats for b in found.repeats if a is not b
    )


def test_no_more_alarms_than_stated_where_nothing_repeats() -> None:
    """Noise: what is like within a video is so by chance, as between two: both nulls hold."""
    real, fresh = (
        {name: signal[:48] for name, signal in motions(kind, 99).items()}
        for kind in ("real", "fresh")
    )
    found = source_repetition(fresh.items(), calibrate(real, QUICK))
    nulls: tuple[Null, ...] = ("real", "strangers")
    for null in nulls:
        # 0.05 +- 0.031, by the chance of both sets of 99
        assert 0 < found.occurrence_under(null) < 0.13
    assert found.occurrence == found.occurrence_under("real")
    assert found.interval[0] < 0.05 < found.interval[1]


def test_the_threshold_is_an_order_statistic(calibration: Calibration) -> None:
    assert calibration.videos == 39
    assert calibration.threshold == calibration.closest["real"][1]  # 5 % of 40: the second largest
    assert calibration.threshold_of("strangers") == calibration.closest["strangers"][4]  # of 117
    assert QUICK.fewest_videos == 19
    with pytest.raises(InputError, match=r"18 calibration videos: .* need at least 19"):
        calibrate(motions("real", 18), QUICK)
    assert calibrate(motions("real", 19), QUICK).threshold == max(
        calibrate(motions("real", 19), QUICK).closest["real"]
    )


def test_stillness_is_no_repetition_and_is_told_apart(calibration: Calibration) -> None:
    still = video_repetition(torch.full((96, 3), 2.5), calibration)
    assert (still.occurs, still.still_share, still.closest) == (False, 1.0, -math.inf)
    trembling = video_repetition(motion("small") * 1e-3, calibration)
    assert (trembling.occurs, trembling.still_share) == (False, 1.0)
    half = motion("half")
    half[48:] = half[47]
    found = video_repetition(half, calibration)
    assert found.still_share == pytest.approx(41 / 89, abs=0.08)
    assert not found.occurs


def test_periodic_motion_repeats(calibration: Calibration) -> None:
    time = torch.arange(96, dtype=torch.float64)[:, None]
    waving = (time / 16 * 2 * math.pi + torch.tensor([0.0, 1.0, 2.0])).sin()
    found = video_repetition(waving, calibration)
    assert found.occurs
    assert all(repeat.lag % 16 == pytest.approx(0) for repeat in found.repeats)
    assert found.repeated_share == pytest.approx(1 - 16 / 96, abs=0.03)


def test_signs_scales_and_offsets_of_dimensions_do_not_matter(calibration: Calibration) -> None:
    factors, offset = torch.tensor([-1.0, 50.0, 0.02]), torch.tensor([3.0, -40.0, 0.0])
    other = calibrate(
        {name: signal * factors + offset for name, signal in motions("real", 39).items()}, QUICK
    )
    assert other.threshold == pytest.approx(calibration.threshold, abs=1e-9)
    signal = motion("planted")
    signal[40:56] = signal[10:26]
    mine, theirs = (
        video_repetition(s, c)
        for s, c in ((signal, calibration), (signal * factors - offset, other))
    )
    assert mine.closest == pytest.approx(theirs.closest, abs=1e-9)
    assert [r.start for r in mine.repeats] == [r.start for r in theirs.repeats]


def test_a_dimension_that_never_moves_changes_nothing(calibration: Calibration) -> None:
    def padded(signal: Tensor) -> Tensor:
        return torch.cat([signal, torch.full((len(signal), 1), 7.0)], dim=1)

    other = calibrate({n: padded(s) for n, s in motions("real", 39).items()}, QUICK)
    assert other.threshold == pytest.approx(calibration.threshold, abs=1e-9)
    found = video_repetition(padded(motion("x")), other)
    assert found.closest == pytest.approx(video_repetition(motion("x"), calibration).closest)


def test_smoothing_is_the_window_s_mean_and_shifts_nothing() -> None:
    one = torch.zeros(21, 1, dtype=torch.float64)
    one[10] = 1
    window = torch.tensor([0.25, 0.75, 1.0, 0.75, 0.25]).double() / 3
    assert torch.allclose(smoothed(one, 5)[8:13, 0], window)
    assert smoothed(one, 5).count_nonzero() == 5
    assert torch.equal(smoothed(one, 4), smoothed(one, 5))
    assert smoothed(one, 1) is one
    level = torch.full((21, 2), 3.0, dtype=torch.float64)
    assert torch.allclose(smoothed(level, 9), level)


def test_a_repeat_is_found_through_trembling_in_other_directions() -> None:
    """As generated codes tremble: in 20 dimensions, where real motion lies in three."""
    spread = torch.linalg.qr(normal((20, 20), "codes").double())[0][:3] * 3

    def slow(name: str) -> Tensor:
        return smoothed(motion(name, frames=160), 25) @ spread

    settings = RepetitionSettings(tempos=(1.0,))
    calibration = calibrate({f"real-{i}": slow(f"real-{i}") for i in range(19)}, settings)
    assert calibration.axes.shape == (20, 3)
    planted = slow("planted")
    planted[100:150] = planted[10:60]
    trembling = planted + 0.3 * normal((160, 20), "trembling").double()
    found = video_repetition(trembling, calibration)
    assert found.occurs
    assert found.repeats[0].lag == pytest.approx(90, abs=1)
    assert found.trembling > 5 * video_repetition(planted, calibration).trembling
    plain = calibrate(
        {f"real-{i}": slow(f"real-{i}") for i in range(19)},
        settings.model_copy(update={"smooth": 1, "variance": 1.0}),
    )
    assert not video_repetition(trembling, plain).occurs


def test_occurrence_of_a_source_and_its_interval(calibration: Calibration) -> None:
    signals = motions("some", 10)
    for name in list(signals)[:4]:
        signals[name][60:80] = signals[name][5:25]
    found = source_repetition(signals.items(), calibration)
    planted = dict.fromkeys(list(signals)[:4], True)
    assert {name: flag for name, flag in found.flags.items() if name in planted} == planted
    share = sum(found.flags.values()) / 10
    assert found.occurrence == share
    assert found.interval[0] < share < found.interval[1]
    untouched = source_repetition(motions("some", 10).items(), calibration)
    difference = found.difference(untouched)
    assert difference is not None
    assert difference.low <= share - untouched.occurrence <= difference.high
    assert share - untouched.occurrence >= 0.3


def test_what_cannot_be_used(calibration: Calibration) -> None:
    with pytest.raises(InputError, match=r"80 frames x 3 numbers; .* for 96 x 3"):
        video_repetition(motion("short", frames=80), calibration)
    with pytest.raises(InputError, match="no videos"):
        source_repetition([], calibration)
    broken = motion("broken")
    broken[7, 1] = math.nan
    with pytest.raises(InputError, match="not finite"):
        video_repetition(broken, calibration)
    with pytest.raises(InputError, match="nothing moves"):
        calibrate({str(i): torch.ones(96, 3) for i in range(20)}, QUICK)
    with pytest.raises(InputError, match="same number of frames"):
        calibrate(motions("real", 20) | {"short": motion("short", frames=80)}, QUICK)
    with pytest.raises(InputError, match="1 frames: shorter than a segment"):
        calibrate({str(i): torch.ones(1, 3) * i for i in range(20)}, QUICK)
