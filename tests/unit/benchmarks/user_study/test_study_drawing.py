"""Which videos a study shows, and which make a pair."""

import pytest
import torch

from leo_bench.benchmarks.user_study.drawing import MethodVideos, compared, draw_pairs, draw_videos
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.tensors import TensorVideos


def method(name: str, videos: list[str], frames: int = 10, stride: int = 1) -> MethodVideos:
    clip = torch.zeros(frames, 3, 16, 16, dtype=torch.uint8)
    source = TensorVideos(name, dict.fromkeys(videos, clip), "round")
    return MethodVideos(name, f"{name}/", source, name == "real", stride)


def numbered(count: int, start: int = 0, ending: str = "") -> list[str]:
    return [f"v{i:03d}{ending}" for i in range(start, start + count)]


def names(found: MethodVideos, indices: list[int]) -> list[str]:
    return [found.source.names[i] for i in indices]


def test_every_two_methods_or_one_with_each_other() -> None:
    methods = [method(name, ["v"]) for name in ("ours", "theirs", "real")]
    both = [(a.name, b.name) for a, b in compared(methods, None)]
    assert both == [("ours", "theirs"), ("ours", "real"), ("theirs", "real")]
    both = [(a.name, b.name) for a, b in compared(methods, "theirs")]
    assert both == [("theirs", "ours"), ("theirs", "real")]


def test_videos_of_equal_names_are_paired_whatever_their_suffix() -> None:
    first, second = method("a", numbered(40, 0, ".mp4")), method("b", numbered(40, 10))
    found = draw_pairs(first, second, videos=20, frames=10, seed=0)
    here = names(first, [a for a, _ in found.pairs])
    there = names(second, [b for _, b in found.pairs])
    assert here == [f"{name}.mp4" for name in there]
    assert len(set(here)) == 20
    assert found.note == "a and b: videos of equal names"


def test_a_dot_in_a_name_is_no_suffix() -> None:
    first, second = method("a", ["walk0.5", "walk0.7"]), method("b", ["walk0.5", "walk0.7"])
    found = draw_pairs(first, second, videos=2, frames=10, seed=0)
    assert all(a == b for a, b in found.pairs)


def test_other_videos_are_drawn_by_seed_and_the_note_says_so() -> None:
    first, second = method("a", numbered(40)), method("b", numbered(40, 39))
    found = draw_pairs(first, second, videos=20, frames=10, seed=0)
    assert len({a for a, _ in found.pairs}) == len({b for _, b in found.pairs}) == 20
    assert found.note == "a and b: videos drawn by seed (1 video has the same name in both)"
    assert found == draw_pairs(first, second, videos=20, frames=10, seed=0)
    assert found.pairs != draw_pairs(first, second, videos=20, frames=10, seed=1).pairs


def test_a_method_shows_the_same_videos_to_every_other() -> None:
    ours = method("ours", numbered(40))
    with_a = draw_pairs(ours, method("a", numbered(30, 100)), videos=5, frames=10, seed=0)
    with_b = draw_pairs(ours, method("b", numbered(30, 200)), videos=5, frames=10, seed=0)
    assert [a for a, _ in with_a.pairs] == [a for a, _ in with_b.pairs]
    assert [a for a, _ in with_a.pairs] == draw_videos(ours, 5, 10, 0)


def test_short_videos_are_left_out_and_too_few_are_refused() -> None:
    assert len(draw_videos(method("a", numbered(5), frames=10, stride=3), 5, 4, 0)) == 5
    with pytest.raises(InputError) as refused:
        draw_videos(method("a", numbered(5), frames=10, stride=3), 5, 5, 0)
    assert str(refused.value) == (
        "a: a/: 0 of 5 videos have 5 frames at stride 3, and 5 are wanted: give fewer --frames"
    )
    with pytest.raises(InputError) as refused:
        draw_videos(method("a", numbered(5)), 6, 8, 0)
    assert str(refused.value) == (
        "a: a/: 5 of 5 videos have 8 frames, and 6 are wanted: give --videos 5, or fewer --frames"
    )
