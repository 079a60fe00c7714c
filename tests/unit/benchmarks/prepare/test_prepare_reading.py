"""What preparing reads: whole videos, parts of them, and none that is cut off."""

from pathlib import Path

import pytest
from made_videos import moving

from leo_bench.benchmarks.prepare.reading import read_frames, read_part
from leo_bench.benchmarks.prepare.store import write_frames
from leo_bench.evaluation.errors import BadVideoError


def written(path: Path, frames: int) -> Path:
    write_frames(path, moving(frames), 25)
    return path


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
@pytest.mark.parametrize("start", [0, 1, 13, 29])
def test_a_part_is_the_same_frames_as_in_the_whole(suffix: str, start: int, tmp_path: Path) -> None:
    path = written(tmp_path / f"video.{suffix}", 30)
    whole, part = list(read_frames(path)), list(read_part(path, start, start + 5))
    assert len(part) == min(5, 30 - start)
    assert all((a == b).all() for a, b in zip(whole[start:], part, strict=False))


def test_a_part_beyond_the_end_is_empty(tmp_path: Path) -> None:
    assert list(read_part(written(tmp_path / "v.mkv", 3), 3, 9)) == []


def test_a_truncated_video_is_no_video(tmp_path: Path) -> None:
    path = written(tmp_path / "v.mp4", 30)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadVideoError, match=r"v\.mp4"):
        list(read_frames(path))
