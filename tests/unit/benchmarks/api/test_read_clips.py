"""`read_clips`: the first frames of the first videos."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import leo_bench
from conftest import write_frames
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.discover import open_videos

Make = Callable[..., Path]


def test_clips_are_those_of_the_source(make_videos: Make) -> None:
    folder = make_videos("faces", count=3, frames=6)
    clips = leo_bench.read_clips(folder, count=2, frames=4)
    source = open_videos(folder)
    assert torch.equal(clips, torch.stack([source.read(i, range(4)) for i in (0, 1)]))
    assert clips.shape == (2, 4, 3, 32, 32)
    assert clips.dtype == torch.uint8


def test_a_source_with_fewer_videos_gives_all(make_videos: Make) -> None:
    assert len(leo_bench.read_clips(str(make_videos("faces", count=2, frames=2)), frames=2)) == 2


def test_a_source_of_the_command_line() -> None:
    assert leo_bench.read_clips("toy-faces/test", 2, 3).shape == (2, 3, 3, 64, 64)


@pytest.mark.parametrize(
    ("count", "frames", "message"),
    [
        (2, 9, "video000 has 6 frames; give frames=6 or fewer"),
        (0, 4, "count=0, frames=4: must be 1 or more"),
        (2, 0, "count=2, frames=0: must be 1 or more"),
    ],
)
def test_refused(make_videos: Make, count: int, frames: int, message: str) -> None:
    folder = make_videos("faces", count=2, frames=6)
    with pytest.raises(InputError, match=message):
        leo_bench.read_clips(folder, count, frames)


def test_videos_of_several_sizes_and_absent_ones_are_refused(tmp_path: Path) -> None:
    write_frames(tmp_path / "both/a", 2, size=(32, 32))
    write_frames(tmp_path / "both/b", 2, size=(16, 32))
    with pytest.raises(InputError, match=r"several sizes, \(16, 32\) and \(32, 32\)"):
        leo_bench.read_clips(tmp_path / "both", frames=2)
    with pytest.raises(InputError, match="did you mean toy-faces"):
        leo_bench.read_clips("toy-face/test")
