"""Choosing clips is pure: every rule is checked without a pixel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.clips import ClipChoice, ClipRef, Window, choose_clips
from evaluation.errors import InputError

RANDOM = ClipChoice(start="random")
counts = st.lists(st.integers(16, 300), min_size=1, max_size=20)


def named(frame_counts: list[int]) -> list[str]:
    return [f"video{i:03d}" for i in range(len(frame_counts))]


def test_blocks_give_every_phase_of_every_whole_block() -> None:
    refs = choose_clips(["a", "b"], [200, 63], Window(16, 4), ClipChoice(start="blocks"), seed=0)
    assert refs == [ClipRef(0, block * 64 + phase) for block in range(3) for phase in range(4)]


def test_block_clips_share_no_frame() -> None:
    window = Window(16, 4)
    refs = choose_clips(["a"], [300], window, ClipChoice(start="blocks"), seed=0)
    frames = [frame for ref in refs for frame in window.indices(ref.start)]
    assert len(frames) == len(set(frames)) == 256


@given(counts, st.integers(1, 4), st.integers(0, 5))
def test_a_random_clip_lies_inside_its_video(
    frame_counts: list[int], stride: int, seed: int
) -> None:
    window = Window(4, stride)
    refs = choose_clips(named(frame_counts), frame_counts, window, RANDOM, seed)
    assert len(refs) == len(frame_counts)
    assert all(r.start >= 0 and window.indices(r.start)[-1] < frame_counts[r.video] for r in refs)


def test_random_starts_reach_both_ends() -> None:
    starts = {choose_clips(["v"], [19], Window(16), RANDOM, seed)[0].start for seed in range(100)}
    assert starts == {0, 1, 2, 3}


@pytest.mark.parametrize(("last_start", "latest"), [("span", 7), ("block", 4), ("block-1", 3)])
def test_the_latest_start_is_the_published_one(last_start: str, latest: int) -> None:
    choice = ClipChoice.model_validate({"start": "random", "last_start": last_start})
    starts = {choose_clips(["v"], [20], Window(4, 4), choice, s)[0].start for s in range(200)}
    assert max(starts) == latest


@given(counts, st.integers(0, 3))
def test_a_choice_does_not_depend_on_the_other_videos(frame_counts: list[int], seed: int) -> None:
    names = named(frame_counts)
    together = choose_clips(names, frame_counts, Window(8), RANDOM, seed)
    alone = choose_clips(names[-1:], frame_counts[-1:], Window(8), RANDOM, seed)
    assert together[-1].start == alone[0].start


def test_a_shuffled_choice_takes_other_videos_with_another_seed() -> None:
    choice = ClipChoice(start="first", order="shuffled", count=10)
    chosen = {
        frozenset(
            r.video for r in choose_clips(named([16] * 100), [16] * 100, Window(16), choice, s)
        )
        for s in range(5)
    }
    assert len(chosen) == 5


def test_listed_takes_the_first_by_name() -> None:
    choice = ClipChoice(start="first", count=3)
    assert [r.video for r in choose_clips(named([16] * 9), [16] * 9, Window(16), choice, 7)] == [
        0,
        1,
        2,
    ]


def test_too_few_clips_for_an_exact_protocol_says_how_many_there_are() -> None:
    choice = ClipChoice(start="blocks", count=2048, enough="exact")
    with pytest.raises(InputError, match=r"2 videos hold 16 clips .* needs 2048.*--clips 16"):
        choose_clips(["a", "b"], [128, 128], Window(16, 4), choice, seed=0)


def test_fewer_clips_are_used_where_the_protocol_allows_it() -> None:
    choice = ClipChoice(start="first", count=2048)
    assert len(choose_clips(["a", "b"], [16, 16], Window(16), choice, seed=0)) == 2


def test_cdfvd_passes_over_the_videos_again_with_new_starts() -> None:
    choice = ClipChoice(start="random", count=6, enough="again")
    refs = choose_clips(["a", "b"], [500, 500], Window(16), choice, seed=0)
    assert [r.video for r in refs] == [0, 1, 0, 1, 0, 1]
    assert len({r.start for r in refs}) == 6


def test_a_short_fake_is_an_error_that_names_it_and_its_frames() -> None:
    choice = ClipChoice(start="first", short="error")
    with pytest.raises(InputError, match=r"1 of 2 videos .* 16 frames .*: short.mp4 \(9\)"):
        choose_clips(["long.mp4", "short.mp4"], [16, 9], Window(16), choice, seed=0)


def test_no_video_long_enough_is_an_error_even_where_short_ones_are_discarded() -> None:
    with pytest.raises(InputError, match="2 of 2 videos have fewer than the 64 frames"):
        choose_clips(["a", "b"], [63, 10], Window(16, 4), RANDOM, seed=0)


def test_strictly_longer_discards_a_video_of_exactly_the_block() -> None:
    choice = ClipChoice(start="random", needs="block+1", last_start="block-1")
    assert choose_clips(["a", "b"], [16, 17], Window(16), choice, seed=3) == [ClipRef(1, 0)]


@pytest.mark.parametrize(("frames", "stride"), [(0, 1), (16, 0), (-1, 2)])
def test_an_empty_window_is_refused(frames: int, stride: int) -> None:
    with pytest.raises(InputError, match="1 or more"):
        Window(frames, stride)
