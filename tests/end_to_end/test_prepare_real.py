"""Preparations on real downloads: files of the official layouts, where they are at hand."""

import shutil
from pathlib import Path

import pytest
from places import SHARED_FOLDER

from leo_bench.benchmarks.datasets.dataset import load_dataset
from leo_bench.benchmarks.datasets.opening import open_dataset
from leo_bench.benchmarks.datasets.verify import verify
from leo_bench.benchmarks.evidence import published_samples
from leo_bench.benchmarks.prepare import taichihd
from leo_bench.benchmarks.prepare.job import PrepareOptions
from leo_bench.benchmarks.prepare.reading import read_frames
from leo_bench.benchmarks.prepare.run import prepare

SHARED = SHARED_FOLDER / "data"
OFFICIAL = SHARED / "official_layout"
pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")


def test_mocogans_strips_give_the_bits_of_the_lossless_videos(tmp_path: Path) -> None:
    prepare("weizmann", OFFICIAL / "mocogan_actions", tmp_path / "strips")
    report = prepare("weizmann", SHARED / "real" / "weizmann64", tmp_path / "videos")
    strips = sorted((tmp_path / "strips" / "weizmann" / "train").iterdir())
    assert len(strips) == 4
    for path in strips:
        twin = tmp_path / "videos" / path.relative_to(tmp_path / "strips")
        assert path.read_bytes() == twin.read_bytes()
    assert report.videos == {"train": 28, "test": 8}  # 72 strips less their mirrors
    assert verify(load_dataset("weizmann"), "train", tmp_path / "videos").sound


def test_official_ucf_files_are_linked_by_the_official_lists(tmp_path: Path) -> None:
    options = PrepareOptions(metadata=SHARED / "meta" / "ucf101")
    report = prepare("ucf101", OFFICIAL / "UCF-101", tmp_path, options)
    source = open_dataset(load_dataset("ucf101"), "all", tmp_path)
    assert report.videos["all"] == 6
    assert len(report.missing) == 13320 - 6
    assert set(source.sizes()) == {(240, 320)}


def test_an_official_grid_video_has_its_75_frames(tmp_path: Path) -> None:
    prepare("grid", OFFICIAL / "grid", tmp_path)
    source = open_dataset(load_dataset("grid"), "train", tmp_path)
    assert list(source.names) == ["s1/bbaf2n.mkv"]
    assert list(source.frame_counts) == [75]
    assert source.sizes() == [(128, 128)]


def test_the_official_taichi_list_has_the_rows_that_are_known(tmp_path: Path) -> None:
    shutil.copyfile(SHARED / "real" / "taichi" / "lia_driving1.mp4", tmp_path / "u6rJiF-gPx8.mp4")
    metadata = SHARED / "meta" / "taichihd" / "taichi-metadata.csv"
    plan = taichihd.plan(tmp_path, PrepareOptions(metadata=metadata))
    expected = load_dataset("taichihd").splits
    assert len(plan.jobs) + len(plan.missing) == 3334
    assert sum(line.startswith("test/") for line in plan.missing) == expected["test"].videos
    assert (expected["train"].listed or 0) + (expected["test"].videos or 0) == 3334


def test_clips_of_the_right_size_come_through_taichi_as_they_are(tmp_path: Path) -> None:
    clip = SHARED / "real" / "weizmann64" / "00000000_wave2_p0.mp4"
    place = tmp_path / "download" / "taichi" / "train" / "abc#000000#000059.mp4"
    place.parent.mkdir(parents=True)
    shutil.copyfile(clip, place)
    prepare("taichihd", tmp_path / "download", tmp_path, PrepareOptions(resolution=64))
    stored = read_frames(tmp_path / "taichihd" / "train" / "abc#000000#000059.mkv")
    assert all((a == b).all() for a, b in zip(stored, read_frames(clip), strict=True))


@pytest.mark.parametrize(
    ("file", "tiles", "side"),
    [
        ("generated/latte_page/taichi-digan-grid.mp4", 8, 128),  # stretched by its page, 1 px pad
        ("generated/mostgan_page/celebv_digan.mp4", 8, 128),
    ],
)
def test_tiles_of_a_published_grid_become_clips(
    file: str, tiles: int, side: int, tmp_path: Path
) -> None:
    rows = [row for row in published_samples.read_rows(SHARED) if row.file == file]
    places = list(published_samples.cut_clips(SHARED, rows[:2], tmp_path))
    assert len(rows) == tiles
    frames = list(read_frames((tmp_path / places[1]).with_suffix(".mkv")))
    assert len(frames) == rows[1].frames
    assert frames[0].shape == (side, side, 3)
    # No tile ends on the dark line between tiles.
    assert min(frames[0][-1].mean(), frames[0][:, -1].mean()) > 20


def test_a_real_face_laid_out_as_faceforensics_is_prepared(tmp_path: Path) -> None:
    rows = [r for r in published_samples.read_rows(SHARED) if r.clip_id.endswith("grid-multi_01")]
    list(published_samples.lay_out_faces(SHARED, rows, tmp_path))
    report = prepare("faceforensics", tmp_path, tmp_path / "out")
    source = open_dataset(load_dataset("faceforensics"), "train", tmp_path / "out")
    assert report.videos == {"train": 1}
    assert list(source.frame_counts) == [75]
    assert source.sizes() == [(256, 256)]
    assert source.medium.codecs == ("jpeg",)
