"""Several kinds of media in one folder: what is read, what is left out, and what --only chooses."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from made_videos import clip, decoded, encode, moving, opened, same
from PIL import Image

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.protocols.of_clips import load_protocol
from leo_bench.evaluation.videos.listing import suffixes_of
from leo_bench.evaluation.videos.stored import StoredVideos


def mkv(path: Path, seed: int = 0) -> Path:
    return encode(path, moving(4, 16, 16, seed), "ffv1", "bgr0")


def picture(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(moving(1, 16, 16, seed)[0]).save(path)


def frames(folder: Path, count: int = 3) -> None:
    for number in range(count):
        picture(folder / f"{number}.png", number)


def zipped(path: Path, folders: tuple[str, ...] = ("v",)) -> None:
    folder = path.with_suffix("")
    for name in folders:
        frames(folder / name)
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
            file.unlink()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two video files."""
    for seed in range(2):
        mkv(tmp_path / f"{seed}.mkv", seed)
    return tmp_path


def notes(source: StoredVideos) -> str:
    return "\n".join(source.notes)


def test_video_files_and_zips_of_one_video_each_are_one_source(files: Path) -> None:
    zipped(files / "more.zip")
    source = opened(files)
    assert source.names == ("0.mkv", "1.mkv", "more.zip")
    assert source.frame_counts == (4, 4, 3)
    assert source.medium.layout == "mixed: video files, zip of frames"
    assert same(clip(source, 1, [0, 2]), [decoded(files / "1.mkv")[i] for i in (0, 2)])
    assert same(clip(source, 2, [2]), [moving(1, 16, 16, 2)[0]])
    assert "video files and zips of frames together" in notes(source)
    source.check_unchanged(2)
    again = opened(files)  # from the cache of scanned videos
    assert [again.digest(i) for i in range(3)] == [source.digest(i) for i in range(3)]


@pytest.mark.parametrize("name", ["preview.png", "0.png"])
def test_a_preview_is_left_out(files: Path, name: str) -> None:
    picture(files / name)
    (files / "README.md").write_text("about")
    source = opened(files)
    assert source.names == ("0.mkv", "1.mkv")
    assert f"pictures beside videos were left out: {name}" in notes(source)
    assert "files that are no videos were left out: 1 md" in notes(source)


def test_a_picture_of_each_video_is_left_out(files: Path) -> None:
    for seed in range(2):
        picture(files / f"{seed}.jpg")
    assert opened(files).names == ("0.mkv", "1.mkv")


AMBIGUOUS = {
    "frames": "a mixture: 3 frames",
    "two pictures": "a mixture: 2 frames",
    "array": "a mixture: 1 array files",
    "a zip of several videos": r"c\.zip holds 2 videos",
    "a zip with the name of a file": r"0\.mkv and 0\.zip may be one video twice",
}


@pytest.mark.parametrize("what", AMBIGUOUS)
def test_what_may_be_meant_in_two_ways_is_refused(files: Path, what: str) -> None:
    if what == "frames":
        frames(files / "v")
    elif what == "two pictures":
        picture(files / "a.png")
        picture(files / "b.png")
    elif what == "array":
        np.save(files / "c.npy", np.zeros((2, 8, 8, 3), np.uint8))
    elif what == "a zip of several videos":
        zipped(files / "c.zip", ("v", "w"))
    else:
        zipped(files / "0.zip")
    with pytest.raises(InputError, match=AMBIGUOUS[what]) as refused:
        opened(files)
    assert "--only" in str(refused.value)
    source = opened(files, suffixes=suffixes_of("mkv"))
    assert source.names == ("0.mkv", "1.mkv")
    assert "--only left out: " in notes(source)


def test_kinds_are_chosen_by_word(files: Path) -> None:
    frames(files / "v")
    picture(files / "v" / "7.jpg")
    np.save(files / "c.npy", np.zeros((2, 8, 8, 3), np.uint8))
    assert opened(files, suffixes=suffixes_of("videos")).names == ("0.mkv", "1.mkv")
    assert opened(files, suffixes=suffixes_of(".NPY")).names == ("c.npy",)
    pngs = opened(files, suffixes=suffixes_of("png"))
    assert (pngs.names, pngs.frame_counts) == (("v",), (3,))
    assert "--only left out: 1 jpg, 2 mkv, 1 npy" in notes(pngs)
    with pytest.raises(InputError, match="several series"):
        opened(files, suffixes=suffixes_of("frames"))


def test_the_pictures_in_a_zip_are_not_chosen_by_suffix(files: Path) -> None:
    zipped(files / "c.zip")
    assert opened(files, suffixes=suffixes_of("zip")).frame_counts == (3,)


def test_a_side_of_another_kind_is_read_whole_with_a_note(tmp_path: Path) -> None:
    frames(tmp_path / "v")
    source = opened(tmp_path, suffixes=suffixes_of("mp4"))
    assert source.names == ("v",)
    assert "no file is of the kind that --only chooses (mp4)" in notes(source)


@pytest.mark.parametrize("only", ["mp5", "mp4,", "*.mp4", ","])
def test_an_unknown_kind_is_refused(only: str) -> None:
    with pytest.raises(InputError, match="expected suffixes of media"):
        suffixes_of(only)


def test_a_protocol_with_rules_by_medium_needs_one_medium() -> None:
    mixed = "mixed: video files, zip of frames"
    assert load_protocol("stylegan-v").loading("fake", mixed).path == ""
    with pytest.raises(InputError, match="choose one kind with --only"):
        load_protocol("tats").loading("fake", mixed)
