"""What a window is told besides its first code: codes before it, the first code of its video."""

import pytest
import torch
from tiny_codes import CODE, LENGTH, book, lmdm_config, saved, waves

from leo_bench.leo.diffusion.codes import Windows, code_windows
from leo_bench.leo.diffusion.context import Context
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.models.motion_models import MotionModel
from leo_bench.leo.sampling.rollout import Rollout
from leo_bench.leo.stage import Share
from leo_bench.leo.stages import lmdm

HISTORY = 6
TELLING = {"history": HISTORY, "anchor": True}
FAST = Sampler("ddim", 2, batch=4)
KEYS = [("sample", 0, i) for i in range(3)]


@pytest.fixture(scope="module")
def windows() -> Windows:
    return code_windows(book().sequences, LENGTH)


@pytest.fixture(scope="module")
def motion() -> MotionModel:
    return MotionModel.of(saved(lmdm.build(lmdm_config(**TELLING), book(), seed=0), noise=0.05))


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_codes_before_a_window_are_those_of_its_video(windows: Windows) -> None:
    per_video = 40 - LENGTH + 1
    picked = torch.tensor([per_video, per_video + 2, per_video + 20])  # all of the second video
    before, there = windows.before(picked, 4)
    video = windows.codes[40:80]
    assert there.tolist() == [0, 2, 4]
    assert torch.equal(before[0], video[[0, 0, 0, 0]])
    assert torch.equal(before[1], video[[2, 2, 0, 1]])
    assert torch.equal(before[2], video[16:20])


def test_codes_before_a_window_are_as_far_apart_as_its_own() -> None:
    windows = code_windows([waves(40, 0.0)], 8, stride=3)
    before, there = windows.before(torch.tensor([7]), 4)
    assert there.tolist() == [2]
    assert torch.equal(before[0], windows.codes[[7, 7, 1, 4]])


def test_windows_of_training_are_told_what_their_video_has(windows: Windows) -> None:
    context = Context(HISTORY, anchor=True, factor=2)
    picked = torch.arange(len(windows)).repeat(20)
    told = context.drawn(windows, picked, random())
    _, there = windows.before(picked, HISTORY - 1)
    assert (told.known <= there).all()
    assert set(told.known.tolist()) == set(range(HISTORY))
    alone = float((told.known[there == HISTORY - 1] == 0).float().mean())
    assert 0.45 < alone < 0.55
    first = windows.take(picked)[:, 0]
    back = torch.arange(context.slots, 0, -1)
    untold = back > told.known[:, None]
    assert torch.equal(told.before[untold], first[:, None].expand_as(told.before)[untold])


def test_the_anchor_of_training_is_any_code_of_the_same_video(windows: Windows) -> None:
    picked = torch.arange(len(windows)).repeat(20)
    anchor = Context(1, anchor=True, factor=2).drawn(windows, picked, random()).anchor
    at = (windows.codes[None] == anchor[:, None]).all(2).float().argmax(1)
    begin, end = windows.sequences[picked].unbind(1)
    assert ((begin <= at) & (at < end)).all()
    begins = windows.starts[picked] == begin
    assert torch.equal(at[begins], begin[begins])
    assert len(set((at - begin)[~begins].tolist())) == 40


@pytest.mark.parametrize("given", [0, 2, 5, 9])
def test_the_last_codes_given_are_told(given: int) -> None:
    context = Context(HISTORY, anchor=True, factor=4)
    codes = waves(given + 1, 0.2)[None]
    told = context.given(codes[:, -1], codes[:, :-1], None)
    known = min(given, HISTORY - 1)
    assert context.slots == 8
    assert told.known.tolist() == [known]
    assert torch.equal(told.before[:, 8 - known :], codes[:, given - known : given])
    assert (told.before[:, : 8 - known] == codes[:, -1:]).all()
    assert torch.equal(told.anchor, codes[:, 0])


def test_the_network_sees_which_codes_are_told() -> None:
    context = Context(4, anchor=True, factor=2)
    codes = waves(3, 0.2)[None]
    told = context.given(codes[:, -1], codes[:, :-1], torch.zeros(1, CODE))
    window = codes[:, -1:] + torch.randn(1, LENGTH, CODE, generator=random())
    window[:, 0] = codes[:, -1]
    fed = context.fed(window, told, window[..., :0])
    assert fed.shape == (1, context.slots + LENGTH, CODE + context.channels(CODE))
    assert torch.equal(fed[0, :, :CODE], torch.cat([told.before, window], 1)[0])
    assert fed[0, :, CODE].tolist() == [0, 0, 1, 1, 1] + [0] * (LENGTH - 1)
    assert torch.equal(fed[0, :, CODE + 1 :], (-codes[0, -1]).expand(context.slots + LENGTH, -1))


def test_what_else_is_shown_stands_behind_the_last_slots() -> None:
    context = Context(3, anchor=False, factor=2)
    window, shown = torch.randn(2, 2, LENGTH, CODE, generator=random())
    fed = context.fed(window, context.given(window[:, 0], None, None), shown[:, 1:])
    assert torch.equal(fed[:, -LENGTH + 1 :, -CODE:], shown[:, 1:])
    assert not fed[:, : -LENGTH + 1, -CODE:].any()


def test_without_context_the_network_is_fed_the_window_alone() -> None:
    context = Context(1, anchor=False, factor=4)
    window = torch.randn(2, LENGTH, CODE, generator=random())
    assert context.channels(CODE) == 0
    assert torch.equal(
        context.fed(window, context.given(window[:, 0], None, None), window[..., :0]), window
    )


def test_models_of_any_context_begin_and_learn_alike() -> None:
    """Pairs of an ablation share weights, windows, steps and noise."""
    plain, telling = (lmdm.build(lmdm_config(**c), book(), seed=3) for c in ({}, TELLING))
    one, other = plain.batch(5, Share()), telling.batch(5, Share())
    assert all(torch.equal(one[key], other[key]) for key in ("window", "step", "noise"))
    states = [stage.players[0].module.network.state_dict() for stage in (plain, telling)]
    for name, weight in states[0].items():
        wide = states[1][name]
        assert torch.equal(wide if wide.shape == weight.shape else wide[:, :CODE], weight)
    assert not states[1]["enter.weight"][:, CODE:].any()


def test_what_is_told_changes_the_motion(motion: MotionModel) -> None:
    codes = torch.stack([waves(8, phase) for phase in (0.1, 0.7, 1.9)])
    first, before = codes[:, -1], codes[:, :-1]
    alone = motion.windows(first, KEYS, FAST)
    assert not torch.allclose(alone, motion.windows(first, KEYS, FAST, before))
    assert not torch.allclose(alone, motion.windows(first, KEYS, FAST, None, before[:, 0]))
    many = motion.windows(first, KEYS, FAST, before[:, -5:], before[:, 0])
    assert torch.equal(many, motion.windows(first, KEYS, FAST, before))


def test_a_rollout_tells_each_window_the_codes_before_it(motion: MotionModel) -> None:
    before = torch.stack([waves(9, phase) for phase in (0.1, 0.7, 1.9)])
    first, before = before[:, -1], before[:, :-1]
    codes = Rollout(motion, FAST).codes(first, 2 * LENGTH - 1, KEYS, before)
    seam = codes[:, LENGTH - 1]
    keys = [(*key, "run", 1) for key in KEYS]
    told = codes[:, LENGTH - HISTORY : LENGTH - 1]
    second = motion.windows(seam, keys, FAST, told, before[:, 0])
    torch.testing.assert_close(codes[:, LENGTH:-1], second[:, 1:-1], rtol=0, atol=0.2)
    untold = motion.windows(seam, keys, FAST)
    assert (codes[:, LENGTH] - second[:, 1]).norm() < (codes[:, LENGTH] - untold[:, 1]).norm()


@pytest.mark.parametrize("telling", [{"history": 2}, {"anchor": True}])
@pytest.mark.parametrize("condition", ["none", "replace"])
def test_what_no_first_code_conditions_is_told_nothing(
    condition: str, telling: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="need a condition that is given a first code"):
        lmdm_config(condition=condition, **telling)


def test_configs_without_context_keep_their_text() -> None:
    dumped = lmdm_config().model_dump_json()
    assert not any(key in dumped for key in ("history", "anchor", "noise"))
    assert '"history":6,"anchor":true' in lmdm_config(**TELLING).model_dump_json()
