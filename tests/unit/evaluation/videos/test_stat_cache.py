"""What was found out about files is recalled while, and only while, they are the same."""

import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_videos import clip, encode, moving, opened, same
from PIL import Image

from leo_bench.evaluation.videos.container import VideoFiles
from leo_bench.evaluation.videos.frames import FrameFolders
from leo_bench.evaluation.videos.source import fingerprint
from leo_bench.evaluation.videos.stored import Place

LONG_AGO = 1_600_000_000


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the videos that were scanned rather than recalled."""
    names: list[str] = []
    for layout in (VideoFiles, FrameFolders):

        def counting(self: Any, place: Place, scan: Any = layout.scan) -> Any:
            names.append(place.name)
            return scan(self, place)

        monkeypatch.setattr(layout, "scan", counting)
    return names


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Three video files that have lain there for years."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for seed, name in enumerate("abc"):
        age(encode(folder / f"{name}.mkv", moving(4, 16, 16, seed), "ffv1", "bgr0"))
    return folder


def age(path: Path) -> Path:
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def store(root: Path) -> Path:
    (file,) = (root / "videos").glob("*.sqlite")
    return file


def test_a_second_opening_scans_nothing_and_finds_the_same(videos: Path, scans: list[str]) -> None:
    first = opened(videos)
    assert sorted(scans) == ["a.mkv", "b.mkv", "c.mkv"]
    scans.clear()
    second = opened(videos)
    assert scans == []
    assert second.videos == first.videos
    assert fingerprint(second) == fingerprint(first)
    assert same(clip(second, 1, range(4)), moving(4, 16, 16, 1))


def test_progress_counts_only_what_is_left_to_do(videos: Path) -> None:
    opened(videos)
    age(encode(videos / "d.mkv", moving(2, 16, 16), "ffv1", "bgr0"))
    told: list[tuple[int, int]] = []
    opened(videos, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(4, 4)]


def test_folders_and_single_files_share_what_was_found(videos: Path, scans: list[str]) -> None:
    opened(videos / "a.mkv")
    opened(videos.parent)
    assert sorted(scans) == ["a.mkv", "videos/b.mkv", "videos/c.mkv"]
    scans.clear()
    assert opened(videos).names == ("a.mkv", "b.mkv", "c.mkv")
    assert scans == []


@pytest.mark.parametrize("change", ["other bytes of the same length", "replaced", "time alone"])
def test_a_changed_file_is_scanned_again(videos: Path, scans: list[str], change: str) -> None:
    before = opened(videos)
    scans.clear()
    path = videos / "b.mkv"
    if change == "other bytes of the same length":
        data = bytearray(path.read_bytes())
        seek_head = data.index(bytes.fromhex("114d9b74"))
        void = seek_head + 5 + (data[seek_head + 4] & 0x7F)
        assert data[void] == 0xEC
        data[void + 20] ^= 1  # where nothing is held, so that the video stays sound
        path.write_bytes(data)
        age(path)  # as a copy that keeps times does; the change time and the inode still tell
    elif change == "replaced":
        other = age(encode(videos.parent / "o.mkv", moving(4, 16, 16, 9), "ffv1", "bgr0"))
        other.replace(path)
    else:
        os.utime(path, (LONG_AGO, LONG_AGO + 1))
    after = opened(videos)
    assert scans == ["b.mkv"]
    assert (after.digest(1) == before.digest(1)) == (change == "time alone")
    assert after.digest(0) == before.digest(0)


def test_files_changed_a_moment_ago_are_not_believed(tmp_path: Path, scans: list[str]) -> None:
    """A second change within the clock's grain could not be seen."""
    path = encode(tmp_path / "a.mkv", moving(3, 16, 16), "ffv1", "bgr0")
    for _ in range(2):
        opened(path)
    os.utime(path, (time.time() + 60, time.time() + 60))  # a clock that is ahead
    opened(path)
    assert scans == ["a.mkv"] * 3


def test_one_new_frame_makes_its_folder_new(tmp_path: Path, scans: list[str]) -> None:
    for name in ("v", "w"):
        (tmp_path / name).mkdir()
        for number, frame in enumerate(moving(3, 16, 16)):
            Image.fromarray(frame).save(tmp_path / name / f"{number}.png")
            age(tmp_path / name / f"{number}.png")
    opened(tmp_path)
    scans.clear()
    opened(tmp_path)
    assert scans == []
    Image.fromarray(moving(1, 16, 16, 5)[0]).save(tmp_path / "v" / "1.png")
    age(tmp_path / "v" / "1.png")
    opened(tmp_path)
    assert scans == ["v"]


def test_zips_and_arrays_are_recalled_too(tmp_path: Path) -> None:
    array = np.stack([np.stack(moving(3, 16, 16, seed)) for seed in range(3)])
    np.save(tmp_path / "a.npy", array)
    age(tmp_path / "a.npy")
    first = opened(tmp_path / "a.npy")
    told: list[tuple[int, int]] = []
    second = opened(tmp_path / "a.npy", on_progress=lambda *progress: told.append(progress))
    assert told == []
    assert second.videos == first.videos


def test_the_rule_for_floats_is_part_of_what_is_recalled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.linspace(-1, 1, 2 * 4 * 4 * 3).reshape(2, 4, 4, 3))
    age(tmp_path / "a.npy")
    digests = [opened(tmp_path / "a.npy", quantise=r).digest(0) for r in ("round", "truncate") * 2]
    assert digests[:2] == digests[2:]
    assert digests[0] != digests[1]


@pytest.mark.parametrize(
    "damage", ["noise", "empty", "cut", "a bent row", "another table", "a flip"]
)
def test_a_damaged_store_is_rebuilt(
    videos: Path, tmp_path: Path, scans: list[str], damage: str
) -> None:
    root = tmp_path / "cache"
    before = opened(videos, cache_root=root)
    file = store(root)
    data = file.read_bytes()
    if damage == "noise":
        file.write_bytes(os.urandom(len(data)))
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "a bent row":
        with sqlite3.connect(file) as db:
            db.execute(
                "UPDATE scanned SET payload = replace(payload, '\"frames\": 4', '\"frames\": 3')"
            )
        db.close()
    elif damage == "another table":
        file.unlink()
        with sqlite3.connect(file) as db:
            db.execute("CREATE TABLE scanned (x)")
        db.close()
    else:
        at = data.rindex(b'"frames": 4') + len(b'"frames": ')
        file.write_bytes(data[:at] + b"3" + data[at + 1 :])
    scans.clear()
    assert opened(videos, cache_root=root).videos == before.videos
    assert scans
    if damage != "another table":
        scans.clear()
        opened(videos, cache_root=root)
        assert scans == []


def test_a_store_that_cannot_be_written_costs_only_time(videos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    source = opened(videos, cache_root=tmp_path / "file")
    assert source.frame_counts == (4, 4, 4)


def test_a_store_that_another_process_holds_costs_only_time(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leo_bench.evaluation.videos.digests.LOCK_SECONDS", 0.05)
    opened(videos, cache_root=tmp_path)
    holder = sqlite3.connect(store(tmp_path), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        assert opened(videos, cache_root=tmp_path).frame_counts == (4, 4, 4)
    finally:
        holder.close()


def test_several_may_open_at_once(videos: Path, tmp_path: Path) -> None:
    """Each opening has a connection of its own, so threads stand for processes here."""
    with ThreadPoolExecutor(6) as pool:
        sources = list(pool.map(lambda _: opened(videos, cache_root=tmp_path / "c"), range(12)))
    assert {fingerprint(source) for source in sources} == {fingerprint(opened(videos))}


def test_what_was_found_before_a_failure_is_kept(videos: Path, scans: list[str]) -> None:
    (videos / "d.mkv").write_text("no video")
    with pytest.raises(Exception, match=r"d\.mkv"):
        opened(videos)
    (videos / "d.mkv").unlink()
    scans.clear()
    opened(videos)
    assert scans == []
