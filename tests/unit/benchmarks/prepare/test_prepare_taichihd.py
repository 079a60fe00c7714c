"""TaichiHD's published preprocessing, on small downloads."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from made_downloads import HEIGHT, WIDTH, cut, moving, write
from PIL import Image

from leo_bench.benchmarks.prepare import taichihd
from leo_bench.benchmarks.prepare.job import PrepareOptions
from leo_bench.benchmarks.prepare.resample import anti_aliased_linear
from leo_bench.evaluation.errors import InputError


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
