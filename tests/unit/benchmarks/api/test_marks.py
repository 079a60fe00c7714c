"""Which numbers of videos in memory are marked, and which are not."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from made_records import features, fvd_of, record

from leo_bench.benchmarks.api.marks import SideInMemory, marked, marks
from leo_bench.evaluation.clips import ClipChoice, Window
from leo_bench.evaluation.preprocess import AS_STORED
from leo_bench.evaluation.videos.tensors import TensorVideos

WINDOW = Window(16)
RESIZE = "shorter-side-lanczos-center-crop"


def side(frames: list[int], window: Window = WINDOW, **changes: Any) -> SideInMemory:
    videos = {f"{i:06d}": torch.zeros(n, 3, 8, 6).byte() for i, n in enumerate(frames)}
    made = SideInMemory(
        name="real",
        source=TensorVideos("real", videos, "round"),
        used=range(len(frames)),
        clips=len(frames),
        window=window,
        choice=ClipChoice(start="random"),
        resize=AS_STORED,
        resolution=None,
        protocol="p",
    )
    return replace(made, **changes)


CUT = "real side, in memory: each clip has {} frames, so that protocol p could not choose where"


@pytest.mark.parametrize(
    ("frames", "window", "choice"),
    [
        (16, Window(16), ClipChoice(start="random")),
        (31, Window(16, 2), ClipChoice(start="random")),
        (32, Window(16, 2), ClipChoice(start="random", last_start="block")),
        (17, Window(16), ClipChoice(start="random", last_start="block-1", needs="block+1")),
        (16, Window(16), ClipChoice(start="blocks")),
        (32, Window(16, 2), ClipChoice(start="every")),
    ],
)
def test_clips_cut_to_one_window_leave_nothing_to_choose(
    frames: int, window: Window, choice: ClipChoice
) -> None:
    (said,) = marks(side([frames, frames], window, choice=choice))
    assert said.startswith(CUT.format(frames))


@pytest.mark.parametrize(
    ("frames", "window", "choice"),
    [
        ([17, 17], Window(16), ClipChoice(start="random")),
        ([16, 17], Window(16), ClipChoice(start="random")),
        ([32, 32], Window(16, 2), ClipChoice(start="random")),
        ([31, 31], Window(16), ClipChoice(start="blocks")),
        ([32, 32], Window(16, 2), ClipChoice(start="blocks")),
        ([33, 33], Window(16, 2), ClipChoice(start="every")),
        ([16, 16], Window(16), ClipChoice(start="first")),
        ([16, 16], Window(16), ClipChoice(start="first", needs="exact")),
    ],
)
def test_whole_videos_are_not_marked(frames: list[int], window: Window, choice: ClipChoice) -> None:
    assert not list(marks(side(frames, window, choice=choice)))


def test_fewer_clips_than_the_protocol_takes_are_marked() -> None:
    choice = ClipChoice(start="first", count=2048)
    (said,) = marks(side([16] * 3, choice=choice))
    assert said == "real side, in memory: 3 clips, where protocol p takes up to 2,048"
    assert not list(marks(side([16] * 3, choice=choice, clips=2048)))


def test_frames_of_an_unknown_resolution_are_marked() -> None:
    (said,) = marks(side([17], resize=RESIZE))
    assert "frames of 8x6 as given; protocol p resizes" in said
    assert not list(marks(side([17], resize=RESIZE, resolution=8)))


def test_floats_are_marked_on_the_real_side_alone() -> None:
    (said,) = marks(side([17], rule="round"))
    assert "the rule that protocol p has for generated videos ('round')" in said
    assert not list(marks(side([17], rule="round", name="fake")))


def test_a_marked_record_is_not_comparable() -> None:
    real, fake = features(1, 8), features(2, 8)
    made = record(fvd_of(real, fake), real.values, fake.values)
    assert marked(made, []) == made
    found = marked(made, ["cut"])
    assert (found.comparable, found.caveats) == (False, ("cut",))
    assert type(made).model_validate(found.model_dump()) == found
