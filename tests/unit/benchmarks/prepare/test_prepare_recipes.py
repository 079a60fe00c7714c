"""Each data set's published preprocessing, on small downloads in the official layouts."""

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from leo_bench.benchmarks.prepare import celebvhq, faceforensics, grid, taichihd, ucf101
from leo_bench.benchmarks.prepare.boxes import Box
from leo_bench.benchmarks.prepare.job import Cut, Job, PrepareOptions
from leo_bench.benchmarks.prepare.reading import read_frames
from leo_bench.benchmarks.prepare.resample import Frame, anti_aliased_linear, lanczos4
from leo_bench.benchmarks.prepare.run import prepare
from leo_bench.benchmarks.prepare.store import write_frames
from leo_bench.evaluation.errors import InputError

WIDTH, HEIGHT = 64, 48


def moving(frames: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """uint8 [T,H,W,3]; every frame differs from every other, no symmetry."""
    t, y, x, c = np.mgrid[:frames, :height, :width, :3]
    return ((t * 37 + y * 5 + x * 3 + c * 60) % 256).astype(np.uint8)


def write(path: Path, frames: NDArray[np.uint8], fps: float = 25) -> Path:
    write_frames(path, frames, fps)
    return path


def face_mask(box: Box, frames: int) -> NDArray[np.uint8]:
    mask = np.full((frames, HEIGHT, WIDTH, 3), 255, dtype=np.uint8)
    mask[:, box.top : box.bottom + 1, box.left : box.right + 1] = 0
    return mask


def cut(job: Job) -> tuple[list[Frame], Cut]:
    made = job.cut()
    return list(made.frames), made


def faces(root: Path, masks: NDArray[np.uint8]) -> Path:
    """A FaceForensics download of one video."""
    train = root / "FaceForensics_compressed" / "train"
    write(train / "original" / "abc.mkv", moving(len(masks)))
    write(train / "mask" / "abc.mkv", masks)
    return root


# --- FaceForensics -----------------------------------------------------------------------------


def test_each_frame_is_cropped_by_its_own_mask_and_resized_by_lanczos4(tmp_path: Path) -> None:
    masks = face_mask(Box(10, 10, 30, 30), 3)
    masks[1] = face_mask(Box(20, 12, 40, 32), 1)[0]
    plan = faceforensics.plan(faces(tmp_path, masks), PrepareOptions())
    frames, made = cut(plan.jobs[0])
    original = moving(3)
    assert (frames[0] == lanczos4(original[0, 10:30, 10:30], 256)).all()
    assert (frames[1] == lanczos4(original[1, 12:32, 20:40], 256)).all()
    assert made.notes == []


def test_wide_crop_takes_one_box_around_all_of_them(tmp_path: Path) -> None:
    masks = face_mask(Box(10, 10, 30, 30), 2)
    masks[1] = face_mask(Box(14, 12, 34, 30), 1)[0]
    plan = faceforensics.plan(faces(tmp_path, masks), PrepareOptions(wide_crop=True))
    frames, _ = cut(plan.jobs[0])
    assert (frames[0] == lanczos4(moving(2)[0, 8:32, 10:34], 256)).all()


def test_a_frame_whose_box_leaves_the_picture_is_dropped_and_listed(tmp_path: Path) -> None:
    masks = face_mask(Box(10, 10, 30, 30), 3)
    masks[1] = face_mask(Box(2, 5, 10, 45), 1)[0]  # squared, it starts 14 left of the picture
    frames, made = cut(faceforensics.plan(faces(tmp_path, masks), PrepareOptions()).jobs[0])
    assert len(frames) == 2
    assert made.notes == ["frame 1 dropped: box (-14, 5, 26, 45) leaves the picture"]


def test_a_frame_without_mask_is_dropped_and_listed(tmp_path: Path) -> None:
    masks = face_mask(Box(10, 10, 30, 30), 3)
    masks[2] = 255
    frames, made = cut(faceforensics.plan(faces(tmp_path, masks), PrepareOptions()).jobs[0])
    assert len(frames) == 2
    assert made.notes == ["frame 2 dropped: no mask"]


def test_originals_without_mask_and_masks_without_original_are_missing(tmp_path: Path) -> None:
    faces(tmp_path, face_mask(Box(10, 10, 30, 30), 2))
    train = tmp_path / "FaceForensics_compressed" / "train"
    write(train / "original" / "lonely.mkv", moving(2))
    write(train / "mask" / "orphan.mkv", moving(2))
    plan = faceforensics.plan(tmp_path, PrepareOptions())
    assert [job.name for job in plan.jobs] == ["abc"]
    assert plan.missing == ("train/lonely: no mask video", "train/orphan: no original video")


def test_a_text_file_called_avi_fails_alone(tmp_path: Path) -> None:
    faces(tmp_path, face_mask(Box(10, 10, 30, 30), 2))
    train = tmp_path / "FaceForensics_compressed" / "train"
    (train / "original" / "text.avi").write_text("no video")
    write(train / "mask" / "text.mkv", face_mask(Box(10, 10, 30, 30), 2))
    report = prepare("faceforensics", tmp_path, tmp_path / "out")
    assert report.videos == {"train": 1}
    assert [failure.name for failure in report.failed] == ["text"]
    assert report.failed[0].reason.startswith("text.avi: ")


def test_a_full_disk_stops_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    faces(tmp_path, face_mask(Box(10, 10, 30, 30), 2))
    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        prepare("faceforensics", tmp_path, tmp_path / "out")


def test_frames_are_stored_at_pillows_default_quality(tmp_path: Path) -> None:
    """`q=95` is no option of Pillow's: the published frames are JPEG 75, 4:2:0."""
    faces(tmp_path, face_mask(Box(10, 10, 30, 30), 2))
    prepare("faceforensics", tmp_path, tmp_path / "out")
    stored = sorted((tmp_path / "out" / "faceforensics" / "train" / "abc").iterdir())
    frame = lanczos4(moving(2)[0, 10:30, 10:30], 256)
    Image.fromarray(frame).save(tmp_path / "expected.jpg", quality=75, subsampling="4:2:0")
    assert [path.name for path in stored] == ["000000.jpg", "000001.jpg"]
    assert stored[0].read_bytes() == (tmp_path / "expected.jpg").read_bytes()


def test_lossless_storage_is_spared_the_jpeg(tmp_path: Path) -> None:
    faces(tmp_path, face_mask(Box(10, 10, 30, 30), 2))
    prepare("faceforensics", tmp_path, tmp_path / "out", PrepareOptions(storage="lossless"))
    stored = list(read_frames(tmp_path / "out" / "faceforensics" / "train" / "abc.mkv"))
    assert (stored[1] == lanczos4(moving(2)[1, 10:30, 10:30], 256)).all()


# --- TaichiHD ----------------------------------------------------------------------------------


def taichi_row(video: str, start: int, end: int, bbox: str, partition: str = "train") -> str:
    return f"{video},{start},{end},{bbox},25,{WIDTH},{HEIGHT},{partition}"


def taichi_metadata(folder: Path, rows: Sequence[str]) -> Path:
    path = folder / "taichi-metadata.csv"
    path.write_text("video_id,start,end,bbox,fps,width,height,partition\n" + "\n".join(rows) + "\n")
    return path


def test_taichi_clips_are_cut_by_box_and_frame_numbers(tmp_path: Path) -> None:
    write(tmp_path / "vid.mkv", moving(40))
    taichi_metadata(
        tmp_path,
        [taichi_row("vid", 9, 30, "8-4-40-36"), taichi_row("gone", 0, 9, "0-0-9-9", "test")],
    )
    plan = taichihd.plan(tmp_path, PrepareOptions())
    frames, _ = cut(plan.jobs[0])
    assert plan.jobs[0].name == "vid#000009#000030"
    assert plan.missing == ("test/gone#000000#000009",)
    assert len(frames) == 21
    assert (frames[0] == anti_aliased_linear(moving(40)[9, 4:36, 8:40], 256)).all()


def test_taichi_boxes_are_scaled_to_the_video_that_was_downloaded(tmp_path: Path) -> None:
    write(tmp_path / "vid.mkv", moving(10, 2 * WIDTH, 2 * HEIGHT), fps=50)
    taichi_metadata(tmp_path, [taichi_row("vid", 2, 4, "8-4-40-36")])
    frames, made = cut(taichihd.plan(tmp_path, PrepareOptions()).jobs[0])
    assert len(frames) == 4
    large = moving(10, 2 * WIDTH, 2 * HEIGHT)
    assert (frames[0] == anti_aliased_linear(large[4, 8:72, 16:80], 256)).all()
    assert len(made.notes) == 2


def test_taichi_without_metadata_says_where_to_get_it(tmp_path: Path) -> None:
    write(tmp_path / "vid.mkv", moving(3))
    with pytest.raises(InputError, match=r"taichi-metadata.csv is not in .*video-preprocessing"):
        taichihd.plan(tmp_path, PrepareOptions())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (b"video_id\n" + b'"' + b"x" * 200_000 + b'"\n', "comma-separated"),
        (b"video_id,start\nvid,1,2,3\n", "line 2: "),
    ],
)
def test_metadata_that_is_none_is_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    write(tmp_path / "vid.mkv", moving(3))
    metadata = tmp_path / "mine.csv"
    metadata.write_bytes(content)
    with pytest.raises(InputError, match=said) as raised:
        taichihd.plan(tmp_path, PrepareOptions(metadata=metadata))
    assert str(raised.value).startswith(f"{metadata}: ")
    assert len(str(raised.value)) < 300 + len(str(metadata))


def test_hidden_files_of_a_download_are_left_out_and_counted(tmp_path: Path) -> None:
    """macOS leaves `._x` beside x on other file systems."""
    folder = tmp_path / "cut" / "test" / "b#000002#000004"
    folder.mkdir(parents=True)
    for index, frame in enumerate(moving(2)):
        Image.fromarray(frame).save(folder / f"{index}.png")
        (folder / f"._{index}.png").write_bytes(b"x")
    (folder.parent / "._b#000002#000004.mp4").write_bytes(b"x")
    plan = taichihd.plan(tmp_path / "cut", PrepareOptions())
    assert [len(job.sources) for job in plan.jobs] == [2]
    assert "hidden files that were left out: 3" in plan.notes

    rows = tmp_path / "rows"
    write(rows / "vid.mkv", moving(5))
    (rows / "._vid.mkv").write_bytes(b"x")
    taichi_metadata(rows, [taichi_row("vid", 2, 4, "8-4-40-36")])
    assert taichihd.plan(rows, PrepareOptions()).notes == ("hidden files that were left out: 1",)


def test_taichi_clips_that_are_cut_already_are_taken(tmp_path: Path) -> None:
    write(tmp_path / "taichi" / "train" / "a#000001#000004.mkv", moving(3))
    frames_folder = tmp_path / "taichi" / "test" / "b#000002#000004.mp4"
    frames_folder.mkdir(parents=True)
    for index, frame in enumerate(moving(2)):
        Image.fromarray(frame).save(frames_folder / f"{index:07d}.png")
    plan = taichihd.plan(tmp_path, PrepareOptions(resolution=32))
    assert [(job.split, job.name) for job in plan.jobs] == [
        ("train", "a#000001#000004"),
        ("test", "b#000002#000004"),
    ]
    for job, count in zip(plan.jobs, (3, 2), strict=True):
        frames, _ = cut(job)
        assert (frames[-1] == anti_aliased_linear(moving(count)[-1], 32)).all()


# --- CelebV-HQ ---------------------------------------------------------------------------------


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


# --- UCF-101 -----------------------------------------------------------------------------------


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


# --- GRID --------------------------------------------------------------------------------------


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
