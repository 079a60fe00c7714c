"""Zip files of frames, read in place, hostile ones refused."""

import io
import stat
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from made_videos import clip, moving, opened, same
from PIL import Image

from leo_bench.evaluation.errors import BadVideoError, InputError


def png(frame: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(frame).save(out, "PNG")
    return out.getvalue()


def pack(path: Path, videos: dict[str, int], prefix: str = "", method: int = 0) -> Path:
    """A zip of videos of so many frames each; video i slides over scene i."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for seed, (name, count) in enumerate(videos.items()):
            for number, frame in enumerate(moving(count, seed=seed)):
                archive.writestr(f"{prefix}{name}/{number:06d}.png", png(frame))
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("prefix", ["", "ffs/", "data/ffs/"])
def test_videos_are_the_folders_below_the_one_that_holds_all(
    tmp_path: Path, method: int, prefix: str
) -> None:
    source = opened(pack(tmp_path / "a.zip", {"v1": 5, "v0": 3}, prefix, method))
    assert source.names == ("v0", "v1")
    assert source.frame_counts == (3, 5)
    assert source.layout_note == "a zip of 2 folders of frames"
    assert (source.medium.layout, source.medium.codecs) == ("zip of frames", ("png",))
    assert same(clip(source, 1, [0, 4]), [moving(5, seed=0)[0], moving(5, seed=0)[4]])
    assert same(clip(source, 0, range(3)), moving(3, seed=1))


def test_nested_folders_keep_their_path(tmp_path: Path) -> None:
    source = opened(pack(tmp_path / "a.zip", {"x/v": 2, "y/z/v": 2}, "root/"))
    assert source.names == ("x/v", "y/z/v")


def test_a_single_video_keeps_the_name_of_its_folder(tmp_path: Path) -> None:
    assert opened(pack(tmp_path / "a.zip", {"v": 2}, "root/")).names == ("v",)


def test_frames_without_a_folder_are_one_video(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number, frame in enumerate(moving(3)):
            archive.writestr(f"{number}.png", png(frame))
    source = opened(tmp_path / "a.zip")
    assert source.names == ("a.zip",)
    assert same(clip(source, 0, range(3)), moving(3))


def test_a_zip_and_the_folder_it_was_made_of_hold_the_same_videos(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"v0": 3, "v1": 4})
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "folder")
    zipped, folder = opened(path), opened(tmp_path / "folder")
    assert zipped.names == folder.names
    assert all(same(clip(zipped, i, range(3)), clip(folder, i, range(3))) for i in range(2))


def test_backslashes_part_folders_as_slashes_do(tmp_path: Path) -> None:
    """As programs on Windows have written them."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for seed, name in enumerate(["set\\v0\\", "set\\v1\\"]):
            for number, frame in enumerate(moving(3, seed=seed)):
                archive.writestr(zipfile.ZipInfo(f"{name}{number}.png"), png(frame))
    source = opened(tmp_path / "a.zip")
    assert source.names == ("v0", "v1")
    assert same(clip(source, 1, range(3)), moving(3, seed=1))


def test_what_is_left_out_of_a_zip_is_counted(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"v": 2})
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("v/._000000.png", "__MACOSX/v/0.png", "v/about.txt", "v/LICENSE"):
            archive.writestr(name, b"x")
    assert opened(path).notes == [
        "files that are no videos were left out: 2 hidden, 1 txt, 1 without suffix"
    ]


def test_many_members_that_hold_nothing_are_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leo_bench.evaluation.files.zip_files._MANY", 50)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(60):
            archive.writestr(f"v{number}/0.png", b"")
    with pytest.raises(InputError, match="60 members, most of which hold next to nothing"):
        opened(path)
    assert opened(pack(tmp_path / "b.zip", {"v": 60})).frame_counts == (60,)


def test_many_threads_read_one_zip(tmp_path: Path) -> None:
    source = opened(pack(tmp_path / "a.zip", {"v": 20}, method=zipfile.ZIP_DEFLATED))
    with ThreadPoolExecutor(8) as pool:
        clips = list(pool.map(lambda i: clip(source, 0, [i % 20]), range(200)))
    assert all(same(got, [moving(20)[i % 20]]) for i, got in enumerate(clips))


def member(name: str, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        (member("v/../../x.png"), "leads outside"),
        (member("../x.png"), "leads outside"),
        (member("/etc/x.png"), "leads outside"),
        (member("C:x.png"), "leads outside"),
        (member("..\\x.png"), "leads outside"),
        (member("v\\..\\..\\x.png"), "leads outside"),
        (member("\\x.png"), "leads outside"),
        (member("v/x.png", stat.S_IFLNK | 0o777), "a link or a device"),
        (member("v/x.png", stat.S_IFCHR | 0o666), "a link or a device"),
        (member("notes.txt", stat.S_IFLNK | 0o777), "a link or a device"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.filename,
)
def test_a_hostile_zip_is_refused_as_a_whole(
    tmp_path: Path, extra: zipfile.ZipInfo, reason: str
) -> None:
    path = pack(tmp_path / "a.zip", {"v": 2})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(extra, b"x")
    for on_error in ("fail", "skip"):
        with pytest.raises(InputError, match=reason) as refusal:
            opened(path, on_error=on_error)
        assert "\n" not in str(refusal.value)
    assert list(tmp_path.rglob("x*")) == []


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"v": 2})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("v/000001.png", b"x")
    with pytest.raises(InputError, match=r"v/000001\.png' occurs twice"):
        opened(path)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"v": 1})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # general purpose flags, in the local header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the central one
    path.write_bytes(data)
    with pytest.raises(InputError, match="encrypted"):
        opened(path)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("MAX_MEMBERS", 2, "3 members; at most 2 are read"),
        ("MAX_MEMBER_BYTES", 1000, "over 1,000 bytes"),
    ],
)
def test_a_zip_beyond_the_bounds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: int, reason: str
) -> None:
    path = pack(tmp_path / "a.zip", {"v": 2})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("v/noise.bin", b"x" * 2000)
    monkeypatch.setattr(f"leo_bench.evaluation.videos.archive.{name}", value)
    with pytest.raises(InputError, match=reason):
        opened(path)


def test_a_member_that_swells_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("v/0.png", bytes(20 * 2**20))
    with pytest.raises(InputError, match="swells more than 200 times"):
        opened(path)


@pytest.mark.parametrize("where", ["in the packed bytes", "in the picture"])
def test_a_corrupt_picture_is_named(tmp_path: Path, where: str) -> None:
    path = tmp_path / "a.zip"
    good, bad = png(moving(1)[0]), bytearray(png(moving(1)[0]))
    bad[60] ^= 0xFF
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("v0/0.png", good)
        archive.writestr("v1/0.png", good)
        archive.writestr("v1/1.png", good if where == "in the packed bytes" else bytes(bad))
    if where == "in the packed bytes":
        data = bytearray(path.read_bytes())
        data[data.rindex(b"IDAT") + 20] ^= 0xFF
        path.write_bytes(data)
    with pytest.raises(BadVideoError, match=r"^v1: frame v1/1\.png: "):
        opened(path).read(1, [1])
    source = opened(path, on_error="skip")
    assert "v0" in source.names


def test_a_zip_that_was_cut_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"v0": 3, "v1": 3})
    data = path.read_bytes()
    for cut in [*range(0, len(data), len(data) // 50), len(data) - 1]:
        path.write_bytes(data[:cut])
        with pytest.raises(InputError, match="cannot be read as a zip file"):
            opened(path)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([], "it is empty"),
        (["a.mp4", "b.mp4"], r"but \.mp4: unpack it"),
        (["__MACOSX/v/0.png", "v/._0.png"], "2 hidden files"),
    ],
)
def test_a_zip_without_frames_says_what_it_holds(
    tmp_path: Path, members: list[str], reason: str
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in members:
            archive.writestr(name, b"x")
    with pytest.raises(InputError, match=reason):
        opened(tmp_path / "a.zip")


def test_folders_of_frames_in_folders_of_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="v holds frames, and so does v/w in it"):
        opened(pack(tmp_path / "a.zip", {"v": 1, "v/w": 1}))


def test_zips_in_a_folder_are_one_video_each(tmp_path: Path) -> None:
    pack(tmp_path / "a.zip", {"v": 1})
    (tmp_path / "in").mkdir()
    pack(tmp_path / "in/b.zip", {"w": 2})
    source = opened(tmp_path)
    assert (source.names, source.frame_counts) == (("a.zip", "in/b.zip"), (1, 2))
    assert source.medium.layout == "zip of frames"
    pack(tmp_path / "c.zip", {"v": 1, "w": 1})
    with pytest.raises(InputError, match=r"c.zip holds 2 videos.* one video: open it by its path"):
        opened(tmp_path)
