"""Crops of training videos: found once, kept in a file, and searched again only where new."""

import json
from pathlib import Path

import pytest
import torch
from test_cropping import HALF, Levels, frame, source
from torch import Tensor

from leo_bench.evaluation.embedders.boxes import Box
from leo_bench.evaluation.errors import InputError
from leo_bench.leo.data.cropping import CroppedVideos, Cropping, MiddleSquare
from leo_bench.leo.data.kept_crops import CROPS, find_crops

PERSON = frame((40, 30, 60, 60))
VIDEOS = {"a": [PERSON, PERSON], "b": [frame((10, 20, 41, 53))] * 2}


class Counted(Levels):
    def __init__(self) -> None:
        self.searched = 0

    def boxes(self, frame: Tensor) -> list[Box]:
        self.searched += 1
        return super().boxes(frame)


def searched(path: Path, videos: dict[str, list[Tensor]]) -> tuple[CroppedVideos, int]:
    detector = Counted()
    cropped = CroppedVideos.of(source(videos), Cropping(detector, HALF))
    find_crops(cropped, path)
    return cropped, detector.searched


def test_crops_are_found_once_and_read_as_they_were(tmp_path: Path) -> None:
    path, told = tmp_path / CROPS, []
    first = CroppedVideos.of(source(VIDEOS), Cropping(Levels(), HALF))
    find_crops(first, path, lambda done, count: told.append((done, count)))
    assert told == [(1, 2), (2, 2)]
    before = path.read_bytes()
    again, count = searched(path, VIDEOS)
    assert (again.found, count) == (first.found, 0)
    assert path.read_bytes() == before
    assert torch.equal(again.read(1, [0]), first.read(1, [0]))


def test_after_a_kill_only_what_is_missing_is_searched(tmp_path: Path) -> None:
    path = tmp_path / CROPS
    whole, _ = searched(path, VIDEOS)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], lines[-1][:40]]))
    again, count = searched(path, VIDEOS)
    assert (again.found, count) == (whole.found, 2)
    assert searched(path, VIDEOS)[1] == 0
    damaged = {**json.loads(lines[-1]), "square": [1]}
    path.write_text("\n".join([*lines[:-1], json.dumps(damaged)]))
    assert searched(path, VIDEOS)[0].found == whole.found


def test_lines_of_other_videos_and_rules_are_not_taken(tmp_path: Path) -> None:
    path = tmp_path / CROPS
    searched(path, VIDEOS)
    others = {**VIDEOS, "b": [frame((70, 30, 90, 60))] * 2}
    found, count = searched(path, others)
    assert count == 2
    assert found.crop(1).box == Box(70, 30, 90, 60)
    middle = CroppedVideos.of(source(VIDEOS), MiddleSquare())
    find_crops(middle, path)
    assert middle.crop(0).square.side == 100


def test_all_videos_without_anybody_are_said_together(tmp_path: Path) -> None:
    path, nobody = tmp_path / CROPS, [frame()]
    with pytest.raises(InputError, match=r"^made: c: no face found; give one in which"):
        searched(path, {**VIDEOS, "c": nobody})
    line = r"^made: no face found in 2 of 4 videos \(c, d\); leave them out, .*--crop square$"
    with pytest.raises(InputError, match=line):
        searched(path, {**VIDEOS, "c": nobody, "d": nobody})
    assert searched(path, VIDEOS)[1] == 0
