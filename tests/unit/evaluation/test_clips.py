"""Choosing clips is pure: every rule is checked without a pixel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leo_bench.evaluation.clips import (
    ClipChoice,
    ClipRef,
    Window,
    choose_clips,
    derived_seed,
    givers,
)
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.clip_notes import choice_notes

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


CDFVD_FILES = ClipChoice(
    start="random", last_start="block", short="next", order="shuffled", enough="again"
)


def as_cdfvd_finds_it(frame_counts: list[int], frames: int) -> list[int]:
    """Its loader word for word (data_utils.py:170-205): indices, exceptions and modulo."""
    clips = [max(0, n - frames + 1) for n in frame_counts]
    found = []
    for place in range(len(clips)):
        at = place
        while True:
            try:
                if at >= sum(clips):  # torchvision's VideoClips.get_clip
                    raise IndexError
                video = at
                while clips[video] <= 0:
                    video += 1
            except IndexError:
                at = (at + 1) % sum(clips)
                continue
            found.append(video)
            break
    return found


@given(st.lists(st.integers(10, 22), min_size=1, max_size=12))
def test_a_short_file_is_replaced_by_the_one_that_cdfvd_takes(frame_counts: list[int]) -> None:
    if max(frame_counts) < 16:
        with pytest.raises(InputError, match="have fewer than the 16 frames"):
            choose_clips(named(frame_counts), frame_counts, Window(16), CDFVD_FILES, 0)
        return
    taken = as_cdfvd_finds_it(frame_counts, 16)
    assert givers(frame_counts, Window(16), CDFVD_FILES) == taken
    refs = choose_clips(named(frame_counts), frame_counts, Window(16), CDFVD_FILES, seed=0)
    assert sorted(ref.video for ref in refs) == sorted(taken)
    assert all(0 <= ref.start <= frame_counts[ref.video] - 16 for ref in refs)


def test_a_replacements_start_is_drawn_for_its_place() -> None:
    counts = [400, 15, 400]
    drawn = [
        [r.start for r in choose_clips(["a", "b", "c"], counts, Window(16), CDFVD_FILES, seed)]
        for seed in range(5)
    ]
    assert all(len(starts) == len(set(starts)) == 3 for starts in drawn)


def test_a_short_file_is_named_with_what_replaced_it() -> None:
    counts, window = [20, 15, 24], Window(16)
    refs = choose_clips(named(counts), counts, window, CDFVD_FILES, 0)
    assert choice_notes(named(counts), counts, window, CDFVD_FILES, refs, "real videos") == (
        "1 of 3 real videos is shorter than 16 frames and replaced by a random clip of the next "
        "that has one (15 frames): video001 by video002",
    )
    counts = [16, 10, 10, 16]  # two clips in all: the original's place 3 is not below 2
    refs = choose_clips(named(counts), counts, window, CDFVD_FILES, 0)
    (note,) = choice_notes(named(counts), counts, window, CDFVD_FILES, refs, "fake videos")
    assert "(10 frames; 1 that are long enough too, as in the original)" in note
    assert note.endswith(": video001 by video003, video002 by video003, video003 by video000")


def test_more_than_the_count_are_taken_at_random_and_the_last_pass_too() -> None:
    """cd-fvd's loader is shuffled (data_utils.py:134): the rest of a pass is no first by name."""
    counts = [40] * 100
    few = CDFVD_FILES.model_copy(update={"count": 10})
    chosen = {
        frozenset(r.video for r in choose_clips(named(counts), counts, Window(16), few, seed))
        for seed in range(5)
    }
    assert len(chosen) == 5
    more = CDFVD_FILES.model_copy(update={"count": 150})
    refs = choose_clips(named(counts), counts, Window(16), more, seed=0)
    assert sorted(r.video for r in refs[:100]) == list(range(100))
    rest = [r.video for r in refs[100:]]
    assert len(set(rest)) == 50
    assert rest != sorted(rest)
    assert max(rest) > 60


def test_every_start_of_every_video_is_a_clip_as_likely_as_any_other() -> None:
    """TATS on files: torchvision's VideoClips, so that long videos count for more."""
    counts, window = [16, 25, 15, 115], Window(16)
    every = ClipChoice(start="every")
    listed = choose_clips(named(counts), counts, window, every, seed=0)
    assert listed == [ClipRef(v, s) for v in (0, 1, 3) for s in range(counts[v] - 15)]
    few = ClipChoice(start="every", order="shuffled", count=40)
    drawn = [choose_clips(named(counts), counts, window, few, seed) for seed in range(50)]
    assert all(len(set(refs)) == 40 and set(refs) <= set(listed) for refs in drawn)
    of_last = sum(ref.video == 3 for refs in drawn for ref in refs) / 2000
    assert abs(of_last - 100 / 111) < 0.03
    assert len({tuple(refs) for refs in drawn}) == 50


def test_every_start_with_a_stride_needs_whole_blocks() -> None:
    every = ClipChoice(start="every")
    refs = choose_clips(["a", "b"], [63, 66], Window(16, 4), every, seed=0)
    assert refs == [ClipRef(1, 0), ClipRef(1, 1), ClipRef(1, 2)]


def test_a_draw_of_every_start_does_not_depend_on_the_other_videos() -> None:
    few = ClipChoice(start="every", order="shuffled", count=5)
    alone = choose_clips(["b"], [30], Window(16), few, seed=4)
    among = choose_clips(["a", "b", "c"], [15, 30, 3], Window(16), few, seed=4)
    assert [r.start for r in alone] == [r.start for r in among]


def test_whole_arrays_are_taken_as_they_are_or_not_at_all() -> None:
    whole = ClipChoice(start="first", needs="exact", short="error", count=5, enough="again")
    refs = choose_clips(["a", "b"], [16, 16], Window(16), whole, seed=0)
    assert refs == [ClipRef(v, 0) for v in (0, 1, 0, 1, 0)]
    for counts, window in (([16, 20], Window(16)), ([16, 12], Window(16)), ([64], Window(16, 4))):
        with pytest.raises(
            InputError, match="arrays are taken whole: give their length as --frames"
        ):
            choose_clips(named(counts), counts, window, whole, seed=0)


def test_repeats_of_neighbouring_seeds_share_no_seed() -> None:
    """Adding to the seed made repeat r of seed s the same as repeat r - 1 of seed s + 1."""
    seeds = [derived_seed(seed, repeat) for seed in range(50) for repeat in range(50)]
    assert len(set(seeds)) == 2500
    assert [derived_seed(seed, 0) for seed in (0, 7)] == [0, 7]
    assert derived_seed(0, 1) == 8387676479537351653
    assert all(derived_seed(3, part, bits=31) < 2**31 for part in range(100))


@pytest.mark.parametrize(
    ("counts", "window", "choice", "said"),
    [
        (
            [130] * 48 + [72, 125] * 11,
            Window(128),
            RANDOM,
            "22 of 70 real videos are shorter than 128 frames and left out (72 to 125 frames)",
        ),
        (
            [50, 47, 47],
            Window(16, 3),
            RANDOM,
            "2 of 3 real videos are shorter than 48 frames (16 at stride 3) and left out "
            "(47 frames)",
        ),
        (
            [50, 16],
            Window(16),
            ClipChoice(start="random", needs="block+1", last_start="block-1"),
            "1 of 2 real videos has no more than 16 frames and is left out (16 frames)",
        ),
        (
            [16] * 9,
            Window(16),
            ClipChoice(start="first", count=3),
            "6 of 9 real videos gave no clip: 3 clips are asked for, the first by name",
        ),
        (
            [16] * 9,
            Window(16),
            ClipChoice(start="first", count=2048),
            "the real videos hold 9 clips, of 2,048 that are asked for",
        ),
        (
            [17, 18],
            Window(16),
            ClipChoice(start="random", count=6, enough="again"),
            "the 2 real videos gave 6 clips, in passes one after another",
        ),
        ([16, 16], Window(16), ClipChoice(start="first"), None),
        ([16, 16], Window(16), ClipChoice(start="first", count=2), None),
    ],
)
def test_what_is_left_out_is_said_with_number_and_reason(
    counts: list[int], window: Window, choice: ClipChoice, said: str | None
) -> None:
    refs = choose_clips(named(counts), counts, window, choice, seed=0)
    notes = choice_notes(named(counts), counts, window, choice, refs, "real videos")
    assert notes == (() if said is None else (said,))


@pytest.mark.parametrize("count", [0, -1, 10**10])
def test_a_count_has_a_range(count: int) -> None:
    with pytest.raises(ValueError, match="count"):
        ClipChoice(start="first", count=count)
