"""The published preprocessing of CelebV-HQ, UCF-101 and GRID, on small downloads."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from made_downloads import HEIGHT, WIDTH, cut, moving, write
from PIL import Image

from leo_bench.benchmarks.prepare import celebvhq, grid, ucf101
from leo_bench.benchmarks.prepare.boxes import Box
from leo_bench.benchmarks.prepare.job import PrepareOptions
from leo_bench.benchmarks.prepare.run import prepare
from leo_bench.evaluation.errors import InputError


def celebv_info(folder: Path, names: Sequence[str]) -> Path:
    clip = {
        "ytb_id": "yt",
        "duration": {"start_sec": 1.0, "end_sec": 2.0},
        "bbox": {"top": 0.25, "bottom": 0.75, "left": 0.25, "right": 0.75},
        "attributes": {},
        "version": "v0.1",
    }
    path = folder / "celebvhq_info.json"
    path.write_text(json.dumps({"meta_info": {}, "clips": dict.fromkeys(names, clip)}))
    return path


def test_the_celebv_box_grows_and_is_squared_to_its_shorter_side() -> None:
    """Of 100x200: 23..77 high is 54, 23..77 % of 200 wide is 108; the square has side 54."""
    box = celebvhq.Fractions(top=0.25, bottom=0.75, left=0.25, right=0.75)
    assert celebvhq.pixel_box(box, height=100, width=200) == Box(73, 23, 127, 77)


def test_celebv_clips_are_cut_from_the_raw_video_by_seconds(tmp_path: Path) -> None:
    write(tmp_path / "raw" / "yt.mp4", moving(80), fps=25)
    celebv_info(tmp_path, ["yt_0"])
    plan = celebvhq.plan(tmp_path, PrepareOptions(resolution=32))
    frames, made = cut(plan.jobs[0])
    assert len(frames) == 25
    assert frames[0].shape == (32, 32, 3)
    assert made.notes == []


@pytest.mark.parametrize(("width", "boxed"), [(WIDTH, True), (HEIGHT, False)])
def test_a_processed_celebv_clip_is_boxed_if_nobody_did(
    width: int, boxed: bool, tmp_path: Path
) -> None:
    write(tmp_path / "downloaded_celebvhq" / "processed" / "yt_0.mp4", moving(3, width))
    celebv_info(tmp_path, ["yt_0", "other_1"])
    plan = celebvhq.plan(tmp_path, PrepareOptions())
    _, made = cut(plan.jobs[0])
    assert any("boxed" in note for note in made.notes) == boxed
    assert plan.missing == ("other_1: neither processed/other_1.mp4 nor raw/yt.mp4",)


def test_a_celebv_name_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "raw" / "yt.mp4", moving(30))
    celebv_info(tmp_path, ["../../evil"])
    with pytest.raises(InputError, match="cannot be the name of a prepared video"):
        prepare("celebvhq", tmp_path, tmp_path / "out")


@pytest.fixture
def ucf(tmp_path: Path) -> Path:
    for clip in ("v_Punch_g01_c01", "v_Punch_g02_c01"):
        write(tmp_path / "UCF-101" / "Punch" / f"{clip}.mkv", moving(12))
    lists = tmp_path / "ucfTrainTestlist"
    lists.mkdir()
    (lists / "trainlist01.txt").write_text("Punch/v_Punch_g02_c01.avi 1\r\n")
    (lists / "testlist01.txt").write_text("Punch/v_Punch_g01_c01.avi\nPunch/v_Punch_g03_c01.avi\n")
    return tmp_path


def test_ucf_splits_link_to_the_downloaded_files(ucf: Path) -> None:
    report = prepare("ucf101", ucf, ucf / "out")
    link = ucf / "out" / "ucf101" / "train01" / "Punch" / "v_Punch_g02_c01.mkv"
    assert report.videos == {"train01": 1, "test01": 1, "all": 2}
    assert report.missing == ("Punch/v_Punch_g03_c01: no video",)
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.samefile(ucf / "UCF-101" / "Punch" / "v_Punch_g02_c01.mkv")


def test_ucf_at_a_resolution_is_stylegan_vs_conversion(ucf: Path) -> None:
    prepare("ucf101", ucf, ucf / "out", PrepareOptions(resolution=32))
    frames = sorted((ucf / "out/ucf101/test01/Punch/v_Punch_g01_c01").iterdir())
    with Image.open(frames[0]) as first:
        assert (len(frames), first.size, first.format) == (12, (32, 32), "JPEG")


def test_ucf_without_lists_says_where_to_get_them(ucf: Path) -> None:
    with pytest.raises(InputError, match=r"ucfTrainTestlist is not in .*crcv.ucf.edu"):
        ucf101.plan(ucf / "UCF-101" / "Punch", PrepareOptions())


def test_grid_clips_are_named_by_speaker_and_cut_to_the_central_square(tmp_path: Path) -> None:
    for speaker in ("s1", "s23"):
        write(tmp_path / speaker / "bbaf2n.mkv", moving(4, 40, 30))
    plan = grid.plan(tmp_path, PrepareOptions(resolution=30))
    frames, made = cut(plan.jobs[0])
    assert {job.name for job in plan.jobs} == {"s1/bbaf2n", "s23/bbaf2n"}
    assert (frames[0] == moving(4, 40, 30)[0, :, 5:35]).all()
    assert made.notes == ["4 frames, not the corpus's 75"]
    assert plan.missing[0] == "s1: 999 of its 1000 videos"


def test_a_grid_video_keeps_its_split_whatever_else_is_there(tmp_path: Path) -> None:
    for sentence in ("bbaf2n", "bbaf3s", "bbaf4p"):
        write(tmp_path / "s1" / f"{sentence}.mkv", moving(1))
    before = {job.name: job.split for job in grid.plan(tmp_path, PrepareOptions()).jobs}
    write(tmp_path / "s2" / "bbaf2n.mkv", moving(1))
    after = {job.name: job.split for job in grid.plan(tmp_path, PrepareOptions()).jobs}
    assert before.items() <= after.items()


def test_a_grid_video_with_an_empty_picture_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "download" / "s1" / "bbaf2n.mkv", moving(4, 40, 30))
    broken = moving(4, 40, 30)
    broken[2] = 128
    write(tmp_path / "download" / "s1" / "bbaf3s.mkv", broken)
    report = prepare("grid", tmp_path / "download", tmp_path, PrepareOptions(resolution=30))
    assert [video.name for video in report.left_out] == ["s1/bbaf3s"]
    assert report.left_out[0].reason == "bbaf3s.mkv: frame 2 is one colour, no picture"
    assert "0 failed" in report.summary
    assert "1 left out" in report.summary
    assert [path.stem for path in (tmp_path / "grid").rglob("*.mkv")] == ["bbaf2n"]


def test_grid_videos_of_nobody_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "videos" / "bbaf2n.mkv", moving(1))
    with pytest.raises(InputError, match="no folder above it is named for a speaker"):
        grid.plan(tmp_path / "videos", PrepareOptions())
