"""Checks have plain right answers, and a rater who always answers the same fails half of them."""

from collections import Counter

import pytest
import torch
from torch import Tensor

from leo_bench.benchmarks.user_study.checks import Check, checks_between, checks_of
from leo_bench.benchmarks.user_study.drawing import MethodVideos
from leo_bench.benchmarks.user_study.showing import Look, squares
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.tensors import TensorVideos

FRAMES = 16
LOOK = Look(side=32, times=8, frames=FRAMES, fps=25.0)


def clip(pace: int) -> Tensor:
    """A bright square that moves by `pace` pixels a frame."""
    found = torch.full((FRAMES, 3, 32, 80), 90, dtype=torch.uint8)
    for t in range(FRAMES):
        found[t, :, 8:16, pace * t + 16 : pace * t + 24] = 250
    return found


def method(paces: list[int], name: str = "real") -> MethodVideos:
    videos = {f"v{i:02d}": clip(pace) for i, pace in enumerate(paces)}
    return MethodVideos(name, f"{name}/", TensorVideos(name, videos, "round"), True, 1)


def drawn(question: str, count: int, **other: object) -> list[Check]:
    base = method([3] * 12)
    given = {"count": count, "look": LOOK, "seed": 0, **other}
    return checks_of(question, base, [0, 1, 2], **given)[0]  # type: ignore[arg-type]


def frames(check: Check, which: int) -> Tensor:
    made_of = check.clips[which]
    return torch.stack(list(made_of.source.each_frame(made_of.index, range(FRAMES))))


def damages(checks: list[Check]) -> Counter[str]:
    return Counter(one.clips[-1].spec.split(":")[1] for one in checks)


def test_checks_of_pairs_show_a_video_beside_its_damaged_self() -> None:
    for question, kinds in (
        ("realism", {"noise=80": 2, "frozen": 2}),
        ("coherence", {"shuffled": 2, "noise=80": 2}),
    ):
        found = drawn(question, 4)
        assert damages(found) == kinds
        assert {one.right for one in found} == {"a"}
        for one in found:
            assert one.clips[0].video == one.clips[1].video
            assert one.clips[0].index not in (0, 1, 2)  # those are rated
            assert torch.equal(frames(one, 0), clip(3))
            assert not torch.equal(frames(one, 1), clip(3))
        assert len({one.clips[0].index for one in found}) == 4


def test_a_loop_is_yes_and_a_still_clip_no() -> None:
    found = drawn("repetition", 4)
    assert Counter(one.right for one in found) == {"yes": 2, "no": 2}
    for one in found:
        shown = frames(one, 0)
        if one.right == "yes":
            assert torch.equal(shown[:4], shown[4:8])
            assert torch.equal(shown[:8], shown[8:])
            assert not torch.equal(shown[0], shown[2])
        else:
            assert torch.equal(shown, shown[:1].expand_as(shown))


@pytest.mark.parametrize("side", [16, 32])
def test_noise_is_strong_at_the_size_of_the_clip(side: int) -> None:
    look = Look(side, 8, FRAMES, 25.0)
    one = drawn("realism", 1, look=look)[0]
    clean = squares(one.clips[0].source, side).read(one.clips[0].index, range(FRAMES))
    noisy = frames(one, 1)
    assert noisy.shape == clean.shape == (FRAMES, 3, side, side)
    assert float((noisy.float() - clean.float()).abs().mean()) > 50


def test_videos_that_move_are_chosen_first_for_checks_by_motion() -> None:
    base = method([1, 3, 1, 2, 1, 1])
    found, notes = checks_of("realism", base, [], count=2, look=LOOK, seed=0)
    by_damage = {one.clips[1].spec.split(":")[1]: one.clips[0].index for one in found}
    assert by_damage == {"frozen": 1, "noise=80": 3}
    assert notes == []


def test_a_loop_moves() -> None:
    late = clip(0)
    late[8:] = clip(3)[8:]
    videos = {f"v{i}": late for i in range(4)} | {"moves": clip(1)}
    base = MethodVideos("real", "real/", TensorVideos("real", videos, "round"), True, 1)
    found = checks_of("repetition", base, [], count=1, look=LOOK, seed=0)[0]
    assert found[0].clips[0].video == "moves"


def test_rated_videos_are_shown_where_there_are_no_others() -> None:
    base = method([3] * 4)
    found, notes = checks_of("realism", base, [0, 1, 2], count=3, look=LOOK, seed=0)
    assert len(found) == 3
    assert notes == ["checks and practice show videos of real that are rated, too"]
    with pytest.raises(InputError, match=r"real: 5 checks and practice .* 4 videos of real/ have"):
        checks_of("realism", base, [], count=5, look=LOOK, seed=0)


def test_a_question_of_ones_own_has_checks_of_its_own() -> None:
    right, wrong = method([3] * 5, "fast"), method([1] * 5, "slow")
    found = checks_between(right, wrong, count=3, frames=FRAMES, seed=0)
    assert [one.right for one in found] == ["a"] * 3
    for one in found:
        assert [made_of.spec for made_of in one.clips] == ["fast/", "slow/"]
        assert one.clips[0].video == one.clips[1].video
    with pytest.raises(
        InputError, match=r"fast: 6 checks and practice .* 5 videos of fast/ have 16"
    ):
        checks_between(right, wrong, count=6, frames=FRAMES, seed=0)
