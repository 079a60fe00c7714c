"""One folder, one series of pictures: several are refused, or one of them is chosen."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from made_videos import clip, moving, opened, same
from PIL import Image

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.series import check_series, choosing_pattern, series_of

FRAMES = [f"{number:06d}.png" for number in range(18)]


def numbered(pattern: str, start: int = 0, count: int = 18) -> list[str]:
    return [pattern.format(number) for number in range(start, start + count)]


SEVERAL = {
    "twins": [*FRAMES, *numbered("{:06d}.jpg")],
    "twins of one suffix": [*numbered("{:06d}.jpg"), *numbered("{:06d}.jpeg")],
    "twins of one suffix in capitals": [*FRAMES, *numbered("{:06d}.PNG")],
    "masks": [*FRAMES, *numbered("{:06d}_mask.png")],
    "depth at half the rate": [*FRAMES, *[f"{n:06d}_depth.png" for n in range(0, 18, 2)]],
    "eyes": [*numbered("left_{:04d}.png"), *numbered("right_{:04d}.png")],
    "eyes, numbers first": [*numbered("{:04d}L.png"), *numbered("{:04d}R.png")],
    "three of each": numbered("a{}.png") + numbered("b{}.png") + numbered("c{}.png"),
    "thumbnails": [*FRAMES, *numbered("thumb_{:06d}.png")],
    "one poster": [*FRAMES, "poster.jpg"],
    "one copy": [*FRAMES, "000003 (1).png"],
    "timestamps that interleave": [*numbered("rgb_{}5.png"), *numbered("depth_{}7.png")],
    "two of two": ["0.png", "0_mask.png", "1.png", "1_mask.png"],
}

ONE = {
    "padded": FRAMES,
    "unpadded": numbered("frame_{}.png"),
    "gaps": FRAMES[:5] + FRAMES[9:],
    "image": numbered("image_{:05d}.jpg"),
    "timestamps": [f"2020-01-02_03-04-{n:02d}.{n * 41:03d}.png" for n in range(18)],
    "ids with letters": numbered("LGuN4pwcB_A_frames_{:08d}.jpg"),
    "both spellings": [*numbered("{:03d}.jpg"), *numbered("{:03d}.jpeg", start=18)],
}

NOTED = {
    "a prefix that changes": [*numbered("a_{:03d}.png"), *numbered("b_{:03d}.png", start=18)],
    "hashes": [f"{hash_:08x}.png" for hash_ in (n * 2654435761 % 2**32 for n in range(40))],
    "words": ["begin.png", "between.png", "end.png"],
}


@pytest.mark.parametrize("names", SEVERAL.values(), ids=SEVERAL.keys())
def test_several_series_are_refused_with_two_of_them_named(names: list[str]) -> None:
    with pytest.raises(InputError) as raised:
        check_series({"v00": sorted(names), "v01": FRAMES, "v02": sorted(names)}, "/data/fake")
    message = str(raised.value)
    assert message.startswith("/data/fake: v00 holds several series of pictures: ")
    assert "so do 1 other folders" in message
    assert "--frames-glob" in message
    assert all(f"like {series.first}" in message for series in series_of(sorted(names))[:2])
    assert len(message) < 300


@pytest.mark.parametrize("names", ONE.values(), ids=ONE.keys())
def test_one_series_needs_no_word(names: list[str]) -> None:
    assert check_series({"v": sorted(names)}, "x") == []


@pytest.mark.parametrize("names", NOTED.values(), ids=NOTED.keys())
def test_odd_names_are_one_series_with_a_note(names: list[str]) -> None:
    (note,) = check_series({"u": FRAMES, "v": sorted(names)}, "x")
    assert note.endswith(": 1 folder, first v")


@pytest.mark.parametrize("names", SEVERAL.values(), ids=SEVERAL.keys())
def test_the_pattern_that_is_advised_chooses_that_series(names: list[str]) -> None:
    from fnmatch import fnmatchcase

    names = sorted(names)
    longest = series_of(names)[0]
    pattern = choosing_pattern(longest, names)
    assert pattern is not None
    kept = [name for name in names if fnmatchcase(name, pattern)]
    assert len(kept) == longest.length
    assert check_series({"v": kept}, "x") == []


def write(folder: Path, kind: str) -> None:
    """A video, and beside each frame another picture."""
    folder.mkdir(parents=True)
    for number, frame in enumerate(moving(6)):
        picture = Image.fromarray(frame)
        picture.save(folder / f"{number:06d}.png")
        if kind == "twins":
            picture.save(folder / f"{number:06d}.jpg")
        elif kind == "masks":
            picture.convert("L").point(lambda level: 255 * (level > 128)).save(
                folder / f"{number:06d}_mask.png"
            )


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("kind", "glob"), [("twins", "*.png"), ("masks", "*[0-9].png")])
def test_a_chosen_series_is_the_video_without_the_other(
    tmp_path: Path, kind: str, glob: str, zipped: bool
) -> None:
    for name in ("v0", "v1"):
        write(tmp_path / "fake" / name, kind)
    path = tmp_path / "fake"
    if zipped:
        path = tmp_path / "fake.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in (tmp_path / "fake").rglob("*.*"):
                archive.write(file, file.relative_to(tmp_path))
    for on_error in ("fail", "skip"):
        with pytest.raises(InputError, match=r"v0 holds several series.*so do 1 other"):
            opened(path, on_error=on_error)
    source = opened(path, frames_glob=glob)
    assert source.frame_counts == (6, 6)
    assert same(clip(source, 0, range(6)), moving(6))
    assert any("12 " in note and "of another name" in note for note in source.notes)
    with pytest.raises(InputError, match=r"v0 holds several series"):
        opened(path, frames_glob="*.webp")


@pytest.mark.parametrize("zipped", [False, True])
def test_a_pattern_that_fits_no_picture_leaves_a_side_of_one_series_whole(
    tmp_path: Path, zipped: bool
) -> None:
    """--frames-glob serves both sides, and the real one may hold frames alone."""
    write(tmp_path / "real" / "v0", "alone")
    path = tmp_path / "real"
    if zipped:
        path = tmp_path / "real.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in (tmp_path / "real").rglob("*.*"):
                archive.write(file, file.relative_to(tmp_path))
    source = opened(path, frames_glob="*[0-9]_left.png")
    assert source.frame_counts == (6,)
    assert same(clip(source, 0, range(6)), moving(6))
    assert any("no picture fits --frames-glob '*[0-9]_left.png'" in note for note in source.notes)


def test_patterns_of_a_source_are_those_of_its_frames(tmp_path: Path) -> None:
    """`only` once chose folders by some of their frames, and then read all of them."""
    write(tmp_path / "v0", "masks")
    write(tmp_path / "w0", "masks")
    source = opened(tmp_path, only=("v*",), without=("*_mask.png",))
    assert source.names == ("v0",)
    assert same(clip(source, 0, range(6)), moving(6))


def test_a_pipe_among_frames_is_left_out_and_not_waited_for(tmp_path: Path) -> None:
    import os

    write(tmp_path / "v0", "alone")
    os.mkfifo(tmp_path / "v0" / "000006.png")
    source = opened(tmp_path)
    assert source.frame_counts == (6,)
    assert source.notes == ["files that are no videos were left out: 1 pipes and devices"]


def test_digits_of_other_scripts_are_digits() -> None:
    assert len(series_of([f"{chr(0x0660 + n)}.png" for n in range(10)])) == 1
    assert np.array_equal([series.length for series in series_of(["a.png", "b.png"])], [1, 1])
