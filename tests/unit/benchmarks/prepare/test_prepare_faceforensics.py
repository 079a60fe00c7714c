"""FaceForensics' published preprocessing, on a download of one video."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from made_downloads import HEIGHT, WIDTH, cut, moving, write
from numpy.typing import NDArray
from PIL import Image

from leo_bench.benchmarks.prepare import faceforensics
from leo_bench.benchmarks.prepare.boxes import Box
from leo_bench.benchmarks.prepare.job import PrepareOptions
from leo_bench.benchmarks.prepare.reading import read_frames
from leo_bench.benchmarks.prepare.resample import lanczos4
from leo_bench.benchmarks.prepare.run import prepare
from leo_bench.evaluation.errors import InputError


def face_mask(box: Box, frames: int) -> NDArray[np.uint8]:
    mask = np.full((frames, HEIGHT, WIDTH, 3), 255, dtype=np.uint8)
    mask[:, box.top : box.bottom + 1, box.left : box.right + 1] = 0
    return mask


def faces(root: Path, masks: NDArray[np.uint8]) -> Path:
    """A FaceForensics download of one video."""
    train = root / "FaceForensics_compressed" / "train"
    write(train / "original" / "abc.mkv", moving(len(masks)))
    write(train / "mask" / "abc.mkv", masks)
    return root


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
