"""What lies at a path: layouts, names, notes, and what is refused."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_videos import clip, encode, moving, opened, same
from PIL import Image

from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.videos.source import fingerprint


def mkv(path: Path, count: int = 3, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return encode(path, moving(count, 16, 16, seed), "ffv1", "bgr0")


def frames(folder: Path, count: int = 2) -> Path:
    folder.mkdir(parents=True)
    for number, frame in enumerate(moving(count, 16, 16)):
        Image.fromarray(frame).save(folder / f"{number}.png")
    return folder


def test_a_video_file_is_a_source_of_one(tmp_path: Path) -> None:
    source = opened(mkv(tmp_path / "a.mkv"))
    assert source.names == ("a.mkv",)
    assert source.name == str(tmp_path / "a.mkv")
    assert source.layout_note == "1 video file in 1 folder (mkv 1)"


def test_video_files_of_any_nesting(tmp_path: Path) -> None:
    for name in ("b.mkv", "x/y/c.MKV", "x/a.mkv"):
        mkv(tmp_path / name)
    encode(tmp_path / "x" / "d.gif", moving(2), "gif", "rgb8")
    source = opened(tmp_path)
    assert source.names == ("b.mkv", "x/a.mkv", "x/d.gif", "x/y/c.MKV")
    assert source.layout_note == "4 video files in 3 folders (mkv 3, gif 1)"
    assert source.medium.codecs == ("ffv1", "gif")
    assert source.notes == []


def test_folders_of_frames_of_any_nesting(tmp_path: Path) -> None:
    for name in ("train/b", "train/a", "deep/er/c"):
        frames(tmp_path / name)
    source = opened(tmp_path)
    assert source.names == ("deep/er/c", "train/a", "train/b")
    assert source.layout_note == "3 folders of frames (png 6)"
    assert opened(tmp_path / "train").names == ("a", "b")
    assert opened(tmp_path / "train" / "a").names == ("a",)


def test_names_are_sorted_as_bytes(tmp_path: Path) -> None:
    names = [
        "a-b/0.mkv",
        "a/0.mkv",
        "B.mkv",
        "a.mkv",
        "é.mkv",
        "z.mkv",
        "10.mkv",
        "9.mkv",
        "中.mkv",
    ]
    for name in names:
        mkv(tmp_path / name)
    assert list(opened(tmp_path).names) == sorted(names, key=str.encode)


def test_other_files_are_left_out_and_counted(tmp_path: Path) -> None:
    mkv(tmp_path / "a.mkv")
    for name in ("list.txt", "more.txt", "labels.json", ".DS_Store", ".hidden.mkv", "LICENSE"):
        (tmp_path / name).write_text("x")
    mkv(tmp_path / ".cache" / "b.mkv")
    mkv(tmp_path / "__MACOSX" / "c.mkv")
    source = opened(tmp_path)
    assert source.names == ("a.mkv",)
    assert source.notes == [
        "files that are no videos were left out: 4 hidden, 1 json, 2 txt, 1 without suffix"
    ]


@pytest.mark.parametrize("kind", ["frames", "npy"])
def test_a_mixture_is_refused_with_counts(tmp_path: Path, kind: str) -> None:
    mkv(tmp_path / "a.mkv")
    mkv(tmp_path / "b.mkv")
    if kind == "frames":
        frames(tmp_path / "v")
    else:
        np.save(tmp_path / "c.npy", np.zeros((2, 8, 8, 3), np.uint8))
    with pytest.raises(InputError, match=r"a mixture: .*2 video files \(mkv 2\)"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ("nothing", "No such file"),
        ("an empty folder", "no videos there; looked for video files.*it is empty"),
        ("text files", "no videos there.*left out: 2 txt"),
        ("a text file", "no videos there.*1 txt"),
        ("a dangling link", "No such file"),
    ],
)
def test_where_no_videos_are_it_says_what_was_looked_for(
    tmp_path: Path, made: str, reason: str
) -> None:
    path = tmp_path / "here"
    if made == "an empty folder":
        path.mkdir()
    elif made == "text files":
        path.mkdir()
        for name in "ab":
            (path / f"{name}.txt").write_text("x")
    elif made == "a text file":
        path = tmp_path / "here.txt"
        path.write_text("x")
    elif made == "a dangling link":
        path.symlink_to(tmp_path / "gone")
    with pytest.raises(InputError, match=reason) as refusal:
        opened(path)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_links_to_files_and_folders_are_followed(tmp_path: Path) -> None:
    """`data prepare` links videos that need no work."""
    mkv(tmp_path / "download" / "a.mkv", 5)
    frames(tmp_path / "elsewhere" / "v")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "b.mkv").symlink_to("../download/a.mkv")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "w").symlink_to(tmp_path / "elsewhere" / "v")
    assert opened(tmp_path / "set").names == ("b.mkv",)
    assert opened(tmp_path / "set").frame_counts == (5,)
    assert opened(tmp_path / "more").names == ("w",)


def test_a_link_that_leads_nowhere_is_a_broken_video(tmp_path: Path) -> None:
    mkv(tmp_path / "a.mkv")
    (tmp_path / "b.mkv").symlink_to("gone.mkv")
    with pytest.raises(BadVideoError, match=r"b\.mkv: .*No such file"):
        opened(tmp_path)
    assert [s.name for s in opened(tmp_path, on_error="skip").skipped] == ["b.mkv"]


def test_a_frame_that_is_a_link_to_nowhere_is_named(tmp_path: Path) -> None:
    folder = frames(tmp_path / "v")
    (folder / "2.png").symlink_to("gone.png")
    with pytest.raises(BadVideoError, match=r"v: frame 2\.png: No such file"):
        opened(tmp_path)


def test_links_that_lead_back_are_not_followed(tmp_path: Path) -> None:
    mkv(tmp_path / "x" / "a.mkv")
    (tmp_path / "x" / "loop").symlink_to(tmp_path)
    (tmp_path / "x" / "self").symlink_to(".")
    source = opened(tmp_path)
    assert source.names == ("x/a.mkv",)
    assert "links that lead back were not followed" in source.notes[0]


def test_pipes_are_left_out_and_not_waited_for(tmp_path: Path) -> None:
    mkv(tmp_path / "a.mkv")
    os.mkfifo(tmp_path / "b.mkv")
    source = opened(tmp_path)
    assert source.names == ("a.mkv",)
    assert "1 pipes and devices" in source.notes[0]


def test_a_name_that_is_not_text_is_refused(tmp_path: Path) -> None:
    mkv(tmp_path / "a.mkv")
    try:
        (tmp_path / "a.mkv").rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mkv"))
    except OSError:
        pytest.skip("this file system takes text only")
    with pytest.raises(InputError, match="not UTF-8"):
        opened(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    mkv(tmp_path / "x" / "a.mkv")
    (tmp_path / "x").chmod(0)
    try:
        with pytest.raises(InputError, match="cannot be listed"):
            opened(tmp_path)
    finally:
        (tmp_path / "x").chmod(0o755)


def broken_set(folder: Path) -> Path:
    for seed, name in enumerate(["a.mkv", "c.mkv", "e.mkv"]):
        mkv(folder / name, 2 + seed, seed)
    (folder / "b.mp4").write_text("a text file")
    (folder / "d.mkv").write_bytes((folder / "e.mkv").read_bytes()[:-40])
    return folder


def test_by_default_the_first_broken_video_by_name_stops_everything(tmp_path: Path) -> None:
    for workers in (1, 4):
        with pytest.raises(BadVideoError, match=r"^b\.mp4: ") as refusal:
            opened(broken_set(tmp_path / str(workers)), workers=workers)
        assert refusal.value.video == "b.mp4"


def test_skipped_videos_are_listed_with_their_reasons(tmp_path: Path) -> None:
    source = opened(broken_set(tmp_path), on_error="skip")
    assert source.names == ("a.mkv", "c.mkv", "e.mkv")
    assert [s.name for s in source.skipped] == ["b.mp4", "d.mkv"]
    assert "cannot be read as a video" in source.skipped[0].reason
    assert "cut off" in source.skipped[1].reason
    assert same(clip(source, 2, range(4)), moving(4, 16, 16, 2))


def test_where_every_video_is_broken_nothing_is_left_to_skip_to(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("x")
    with pytest.raises(InputError, match=r"not one video can be read; a\.mp4: "):
        opened(tmp_path, on_error="skip")


def test_the_source_does_not_depend_on_workers(tmp_path: Path) -> None:
    for seed in range(9):
        mkv(tmp_path / "set" / f"{seed}.mkv", 2 + seed, seed)
    sources = [
        opened(tmp_path / "set", workers=workers, cache_root=tmp_path / str(workers))
        for workers in (1, 2, 4)
    ]
    assert len({s.videos for s in sources}) == 1
    assert len({fingerprint(s) for s in sources}) == 1


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(["a", "b", "c", "d"]))
def test_the_source_does_not_depend_on_the_order_of_the_directory(
    tmp_path_factory: pytest.TempPathFactory, order: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("set")
    for name in order:
        np.save(folder / f"{name}.npy", np.full((2, 4, 5, 3), ord(name), np.uint8))
    source = opened(folder)
    assert source.names == ("a.npy", "b.npy", "c.npy", "d.npy")
    assert [int(source.read(i, [0])[0, 0, 0, 0]) for i in range(4)] == [97, 98, 99, 100]


def test_progress_is_told(tmp_path: Path) -> None:
    for seed in range(3):
        mkv(tmp_path / f"{seed}.mkv", seed=seed)
    told: list[tuple[int, int]] = []
    opened(tmp_path, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_mixed_sizes_are_known_without_reading(tmp_path: Path) -> None:
    encode(tmp_path / "a.mkv", moving(2, 16, 16), "ffv1", "bgr0")
    encode(tmp_path / "b.mkv", moving(2, 32, 48), "ffv1", "bgr0")
    assert opened(tmp_path).sizes() == [(16, 16), (32, 48)]


def test_importing_does_not_load_pyav() -> None:
    import subprocess
    import sys

    program = (
        "import leo_bench.evaluation.videos.discover, leo_bench.evaluation.videos.write, sys;"
        ' sys.exit("av" in sys.modules)'
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
