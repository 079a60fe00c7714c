"""Long motion: how many runs, what happens at seams, and that samples do not know of each other."""

from dataclasses import replace

import pytest
import torch
from tiny_codes import (
    LENGTH,
    book,
    frame_config,
    lmdm_config,
    saved,
    transition_config,
    waves,
)

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.models.motion_models import CodeModel, MotionModel, TransitionModel
from leo_bench.leo.sampling.rollout import Rollout, Transitions, ending_at, windows_needed
from leo_bench.leo.stages import frame_dm, lmdm, transition_dm

FAST = Sampler("ddpm", 4, batch=4)
KEYS = [("sample", 0, i) for i in range(6)]
FIRST = waves(6, 0.3)


def in_range(motion, window):
    """The window as a rollout has it: its end inside the training range."""
    return ending_at(window, motion.stats.clamped(window[:, -1]), LENGTH)


@pytest.fixture(scope="module")
def motion():
    return MotionModel.of(saved(lmdm.build(lmdm_config(), book(), seed=0), noise=0.05))


@pytest.fixture(scope="module")
def starts():
    return CodeModel.of(saved(frame_dm.build(frame_config(), book(), seed=0), noise=0.05))


@pytest.fixture(scope="module")
def transitions(starts):
    stage = transition_dm.build(transition_config(), book(), seed=0)
    return Transitions(starts, TransitionModel.of(saved(stage, noise=0.05)))


@pytest.mark.parametrize(("frames", "expected"), [(1, 0), (64, 1), (65, 2), (128, 3), (512, 9)])
def test_each_run_adds_all_codes_but_its_first(frames, expected):
    assert windows_needed(frames, length=64) == expected


@pytest.mark.parametrize(("frames", "expected"), [(1, 0), (64, 1), (65, 2), (127, 3), (1024, 17)])
def test_all_runs_but_the_last_add_less_where_codes_are_spared(frames, expected):
    assert windows_needed(frames, length=64, spare=1) == expected


@pytest.mark.parametrize("frames", [1, 10, 16, 17, 31, 50])
def test_as_many_codes_come_as_asked_for_from_as_few_runs_as_can_be(motion, frames):
    segments = list(Rollout(motion, FAST).segments(FIRST, frames, KEYS))
    assert sum(segment.shape[1] for segment in segments) == frames
    assert len(segments) == 1 + windows_needed(frames, LENGTH)


def test_no_run_goes_on_from_a_spared_code_but_a_video_may_end_with_it(motion):
    spare = 2
    config = motion.config.model_copy(update={"spare": spare})
    rollout = Rollout(replace(motion, config=config), FAST)
    short, long = (rollout.codes(FIRST, frames, KEYS) for frames in (LENGTH, 2 * LENGTH))
    drawn = motion.windows(FIRST, [(*key, "run", 0) for key in KEYS], FAST)
    kept = LENGTH - spare
    first = ending_at(drawn, motion.stats.clamped(drawn[:, kept - 1]), kept)
    assert torch.equal(short, first)
    assert torch.equal(long[:, :kept], first[:, :kept])
    drawn = motion.windows(first[:, kept - 1], [(*key, "run", 1) for key in KEYS], FAST)
    second = ending_at(drawn, motion.stats.clamped(drawn[:, kept - 1]), kept)
    assert torch.equal(long[:, kept : 2 * kept - 1], second[:, 1:kept])


def test_the_first_code_is_the_given_one(motion):
    assert torch.equal(Rollout(motion, FAST).codes(FIRST, 20, KEYS)[:, 0], FIRST)


def test_a_run_begins_with_the_last_code_of_the_run_before_once(motion):
    codes = Rollout(motion, FAST).codes(FIRST, 2 * LENGTH - 1, KEYS)
    seam = codes[:, LENGTH - 1]
    keys = [(*key, "run", 1) for key in KEYS]
    second = in_range(motion, motion.windows(seam, keys, FAST))
    assert torch.equal(codes[:, LENGTH:], second[:, 1:])
    assert (codes[:, LENGTH] != seam).any(dim=1).all()


def test_a_run_begins_where_training_has_been(motion):
    codes = Rollout(motion, FAST).codes(FIRST + 100, 2 * LENGTH, KEYS)
    farthest = motion.stats.denormalised(motion.stats.high + motion.stats.bounds[0])
    assert (codes[:, LENGTH] <= farthest + 1e-3).all()


def test_what_left_the_range_of_training_is_led_back_without_a_jump(motion):
    """The window's codes are moved by a share that grows evenly, so no step is longer by more."""
    first = FIRST + 100
    codes = Rollout(motion, FAST).codes(first, LENGTH, KEYS)
    drawn = motion.windows(first, [(*key, "run", 0) for key in KEYS], FAST)
    end = motion.stats.clamped(drawn[:, -1])
    assert torch.equal(codes[:, 0], first)
    assert torch.equal(codes[:, -1], end)
    moved = (codes - drawn).diff(dim=1)
    even = (end - drawn[:, -1])[:, None] / (LENGTH - 1)
    assert float(even.abs().max()) > 1
    assert torch.allclose(moved, even.expand_as(moved), atol=1e-4)


def test_what_ends_in_the_range_of_training_keeps_its_bits(motion):
    keys = [(*key, "run", 0) for key in KEYS]
    drawn = motion.windows(FIRST, keys, FAST)
    inside = (motion.stats.clamped(drawn[:, -1]) == drawn[:, -1]).all(dim=1)
    assert inside.any()
    codes = Rollout(motion, FAST).codes(FIRST, LENGTH, KEYS)
    assert torch.equal(codes[inside], drawn[inside])


@pytest.mark.parametrize("order", [[0], [5], [3, 1, 4], [5, 4, 3, 2, 1, 0]])
def test_a_sample_is_the_same_to_the_bit_whatever_it_is_drawn_with(motion, transitions, order):
    rollout = Rollout(motion, FAST, transitions)
    together = rollout.codes(FIRST, 3 * LENGTH, KEYS)
    again = rollout.codes(FIRST[order], 3 * LENGTH, [KEYS[i] for i in order])
    assert torch.equal(again, together[order])


def test_a_transition_leads_to_a_drawn_code_and_motion_goes_on_from_it(motion, starts, transitions):
    codes = Rollout(motion, FAST, transitions).codes(FIRST, 3 * LENGTH - 2, KEYS)
    drawn = starts.codes([(*key, "end", 1) for key in KEYS], FAST)
    # A run of L, L-2 codes between, then a whole run that begins with the drawn code.
    assert torch.equal(codes[:, 2 * LENGTH - 2], drawn)
    second = in_range(motion, motion.windows(drawn, [(*key, "run", 1) for key in KEYS], FAST))
    assert torch.equal(codes[:, 2 * LENGTH - 2 :], second)


def test_transitions_come_as_often_as_asked_for(motion, starts, transitions):
    rare = Transitions(starts, transitions.motion, every=2)
    without = Rollout(motion, FAST).codes(FIRST, 3 * LENGTH, KEYS)
    with_them = Rollout(motion, FAST, rare).codes(FIRST, 3 * LENGTH, KEYS)
    until = 2 * LENGTH - 1
    assert torch.equal(with_them[:, :until], without[:, :until])
    assert not torch.equal(with_them[:, until:], without[:, until:])


@pytest.fixture(scope="module")
def whole():
    config = lmdm_config(condition="none")
    return Rollout(MotionModel.of(saved(lmdm.build(config, book(), seed=0), noise=0.05)), FAST)


def test_a_model_of_whole_sequences_cannot_begin_with_a_given_code(whole):
    with pytest.raises(InputError, match="cannot begin with a given code"):
        whole.codes(FIRST, 10, KEYS)
