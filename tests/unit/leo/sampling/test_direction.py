"""Direction of motion, on codes that are known exactly."""

import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.diffusion.codes import CodeStats, code_windows
from leo_bench.leo.sampling.direction import (
    Direction,
    eased,
    ended,
    looped,
    resampled,
    scaled,
    there_and_back,
)
from leo_bench.leo.sampling.options import Sampling

CODES = torch.tensor([[0.0, 1.0], [1.0, 1.5], [3.0, 2.0], [2.0, 4.0], [2.5, 8.0]])[None]
WINDOW = 9


def line(start: Tensor, end: Tensor) -> Tensor:
    """A straight window, in the place of the Transition DM."""
    share = torch.linspace(0, 1, WINDOW)[:, None]
    way = torch.lerp(start[:, None], end[:, None], share)
    way[:, 0], way[:, -1] = start, end
    return way


def no_transition(start: Tensor, end: Tensor) -> Tensor:
    raise AssertionError("no transition was asked for")


def stats(reach: float) -> CodeStats:
    """Of codes from -reach to reach."""
    ramp = torch.linspace(-reach, reach, 9)[:, None].expand(-1, 2)
    return CodeStats.of(code_windows([ramp], 4))


def steps(codes: Tensor) -> Tensor:
    return codes.diff(dim=1)


def test_motion_times_zero_is_a_still_and_times_one_keeps_all_bits() -> None:
    odd = CODES / 3
    assert torch.equal(scaled(odd, 0, stats(9)).codes, odd[:, :1].expand(-1, 5, -1))
    assert torch.equal(scaled(odd, 1, stats(0.1)).codes, odd)


def test_motion_is_scaled_from_the_first_code() -> None:
    wide = scaled(CODES, 2, stats(100))
    assert torch.equal(wide.codes, CODES[:, :1] + 2 * (CODES - CODES[:, :1]))
    assert not wide.clamped.any()


def test_wide_motion_stays_in_the_range_of_training() -> None:
    wide = scaled(CODES, 2, stats(10))  # 1 + 2 * 7 = 15
    torch.testing.assert_close(wide.codes[0, :, 1], torch.tensor([1.0, 2.0, 3.0, 7.0, 10.0]))
    assert wide.clamped.tolist() == [[False, False, False, False, True]]


def test_codes_that_are_out_of_range_as_drawn_are_not_moved_back() -> None:
    wide = scaled(CODES, 2, stats(0.5))
    assert torch.equal(wide.codes[:, 0], CODES[:, 0])
    assert torch.equal(wide.codes.amax(1), CODES.amax(1))
    narrow = scaled(CODES, 0.5, stats(0.5))
    assert not narrow.clamped.any()


def test_speed_one_keeps_all_bits_and_two_takes_every_second_code() -> None:
    odd = CODES / 3
    assert torch.equal(resampled(odd, 1, 5), odd)
    assert torch.equal(resampled(odd, 2, 3), odd[:, ::2])
    assert torch.equal(resampled(odd, 7, 1), odd[:, :1])


def test_slow_motion_passes_through_drawn_codes_and_stays_between_them() -> None:
    slow = resampled(CODES, 0.25, 17)
    torch.testing.assert_close(slow[:, ::4], CODES, rtol=0, atol=1e-6)
    for number in range(4):
        between = slow[:, 4 * number : 4 * number + 5]
        ends = between[:, [0, -1]].sort(dim=1).values
        assert ((between >= ends[:, :1] - 1e-6) & (between <= ends[:, 1:] + 1e-6)).all()


def test_slow_motion_turns_more_evenly_than_on_lines() -> None:
    wave = torch.sin(torch.arange(33.0) / 3)[None, :, None]
    slow = resampled(wave, 0.25, 129)
    lines = torch.nn.functional.interpolate(wave.mT, size=129, mode="linear", align_corners=True).mT
    assert steps(steps(slow)).abs().max() < 0.6 * steps(steps(lines)).abs().max()


def test_the_frame_after_a_loop_is_frame_one() -> None:
    loop = looped(CODES, line)
    assert loop.shape == (1, 5 + WINDOW - 2, 2)
    assert torch.equal(loop[:, :5], CODES)
    again = torch.cat([loop, CODES], dim=1)
    # Without a jolt: where motion ends and begins again, steps differ as those of one cubic do.
    jolts = steps(steps(again)).norm(dim=2)[0]
    ragged = torch.cat([CODES, line(CODES[:, -1], CODES[:, 0])[:, 1:-1], CODES], dim=1)
    assert jolts[3] < 0.6 * steps(steps(ragged)).norm(dim=2)[0, 3]
    assert jolts[len(loop[0]) - 1] < 0.6 * steps(steps(ragged)).norm(dim=2)[0, len(loop[0]) - 1]


def test_there_and_back_repeats_no_frame_of_an_even_number() -> None:
    ramp = torch.arange(4.0)[None, :, None]
    assert there_and_back(ramp, 6).flatten().tolist() == [0, 1, 2, 3, 2, 1]
    assert there_and_back(ramp[:, :3], 5).flatten().tolist() == [0, 1, 2, 2, 1]
    assert there_and_back(ramp[:, :1], 1).flatten().tolist() == [0]


def test_the_last_code_is_exactly_the_target() -> None:
    target = torch.tensor([[0.1, -7.3]])
    video = ended(CODES, target, line)
    assert video.shape == (1, 5 + WINDOW - 1, 2)
    assert torch.equal(video[:, :5], CODES)
    assert torch.equal(video[:, -1], target)
    way = steps(video)[0].norm(dim=1)
    assert way[-1] < 0.6 * way[-2]  # it comes to rest


def test_an_eased_line_between_steps_of_its_own_is_that_line() -> None:
    way = line(torch.zeros(1, 2), torch.tensor([[8.0, 4.0]]))
    step = torch.tensor([[1.0, 0.5]])
    torch.testing.assert_close(eased(way, step, step), way)


def test_the_middle_of_a_transition_is_left_as_drawn() -> None:
    way = torch.randn(2, 20, 3, generator=torch.Generator().manual_seed(0))
    smooth = eased(way, way[:, 1], way[:, 2])
    assert torch.equal(smooth[:, [0, *range(7, 13), 19]], way[:, [0, *range(7, 13), 19]])
    assert not torch.isclose(smooth, way)[:, [1, 6, 13, 18]].all(dim=(0, 2)).any()


@pytest.mark.parametrize("speed", [0.3, 1, 1.1, 2, 3.7])
@pytest.mark.parametrize(
    ("options", "ends"),
    [({}, False), ({"loop": "transition"}, False), ({"loop": "there-and-back"}, False), ({}, True)],
)
@pytest.mark.parametrize("frames", [11, 12, 40])
def test_as_many_frames_come_out_as_are_asked_for(
    frames: int, options: dict[str, str], ends: bool, speed: float
) -> None:
    sampling = Sampling.model_validate({"frames": frames, "speed": speed, **options})
    direction = Direction(sampling, ends, WINDOW)
    codes = torch.randn(2, direction.codes, 3, generator=torch.Generator().manual_seed(0))
    target = torch.ones(2, 3) if ends else None
    made = direction.applied(codes, line if direction.needs_transition else no_transition, target)
    assert made.shape == (2, frames, 3)
    assert torch.equal(made[:, 0], codes[:, 0])
    assert made.dtype == torch.float32


def test_no_direction_changes_no_bit() -> None:
    direction = Direction(Sampling(frames=5))
    assert direction.codes == 5
    assert torch.equal(direction.applied(CODES, no_transition, None), CODES)
    assert not direction.changes_codes


@pytest.mark.parametrize(
    ("options", "ends", "said"),
    [
        (
            {"frames": 8, "loop": "transition"},
            False,
            "--loop transition .* last 7 .* for 9 or more",
        ),
        ({"frames": 9}, True, "--to takes the last 8 frames .* for 10 or more"),
    ],
)
def test_too_few_frames_for_a_transition_are_refused(
    options: dict[str, object], ends: bool, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        _ = Direction(Sampling.model_validate(options), ends, WINDOW).codes


def test_a_loop_has_no_other_end() -> None:
    with pytest.raises(InputError, match="drop --loop or --to"):
        Direction(Sampling(loop="transition"), ends=True)
