"""What was found out about files is recalled while, and only while, they are the same."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_videos import clip, encode, moving, opened, same
from PIL import Image

from leo_bench.evaluation.videos.container import VideoFiles
from leo_bench.evaluation.videos.frames import FrameFolders
from leo_bench.evaluation.videos.scanned import ScannedVideos
from leo_bench.evaluation.videos.segments import Facts, Row, read_segment, write_segment
from leo_bench.evaluation.videos.source import fingerprint
from leo_bench.evaluation.videos.stored import Place, Stored

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


def row(number: int) -> Row:
    facts = Facts(number % 7, 16, 16, ("ffv1",), "", (), 25.0, "", (-0.5, 1.0) if number else None)
    return Row(f"/v/{number:04d}", f"1:2:3:{number}", f"{number:064x}", facts)


def age(path: Path) -> Path:
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def segments(root: Path) -> list[Path]:
    return sorted((root / "videos").rglob("*.rows"))


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


@pytest.mark.parametrize("damage", ["noise", "empty", "cut", "a bent row", "a bent header"])
def test_a_damaged_store_is_rebuilt(
    videos: Path, tmp_path: Path, scans: list[str], damage: str
) -> None:
    root = tmp_path / "cache"
    before = opened(videos, cache_root=root)
    (file,) = segments(root)
    data = file.read_bytes()
    if damage == "noise":
        file.write_bytes(os.urandom(len(data)))
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "cut":
        file.write_bytes(data[:-40])
    elif damage == "a bent row":
        assert b'"every": [[4,' in data
        file.write_bytes(data.replace(b'"every": [[4,', b'"every": [[3,'))
    else:
        file.write_bytes(data.replace(b'"reading"', b'"READING"'))
    scans.clear()
    assert opened(videos, cache_root=root).videos == before.videos
    assert scans
    scans.clear()
    opened(videos, cache_root=root)
    assert scans == []


def test_damage_loses_one_block_and_no_other(tmp_path: Path) -> None:
    file = write_segment(tmp_path, "mp4", [row(n) for n in range(2500)])
    data = bytearray(file.read_bytes())
    data[data.index(b'"/v/1500"') + 3] ^= 1
    file.write_bytes(data)
    assert list(read_segment(file, "mp4")) == [row(n) for n in (*range(1000), *range(2000, 2500))]
    assert list(read_segment(file, "another reading")) == []


def test_a_store_that_cannot_be_written_costs_only_time(videos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    source = opened(videos, cache_root=tmp_path / "file")
    assert source.frame_counts == (4, 4, 4)


def test_several_may_open_at_once(videos: Path, tmp_path: Path) -> None:
    """Openings share nothing but files, so threads stand for processes here."""
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


def test_small_segments_are_merged_and_of_twins_the_later_wins(tmp_path: Path) -> None:
    layout = VideoFiles()
    cache = ScannedVideos(tmp_path, layout.reading)
    places = [Place(f"{n}.mkv", f"/v/{n}.mkv", "", f"state {n}") for n in range(20)]
    earlier = replace(places[0], state="an earlier state")
    for place in (earlier, *places):
        cache.store([(place, known(place))])
    assert len(segments(tmp_path)) == 21
    cache.merge()
    (merged,) = segments(tmp_path)
    assert len(list(read_segment(merged, layout.reading))) == 20
    assert cache.recall(places) == [known(place) for place in places]
    assert cache.recall([earlier]) == [None]


def test_segments_that_another_process_merges_meanwhile_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ScannedVideos(tmp_path, "mp4")
    places = [Place(f"{n}.mp4", f"/v/{n}.mp4", "", f"state {n}") for n in range(20)]
    for place in places:
        cache.store([(place, known(place))])
    listed = ScannedVideos._segments  # the other process merges after this one has listed

    def late(self: ScannedVideos) -> list[Path]:
        found = listed(self)
        monkeypatch.setattr(ScannedVideos, "_segments", listed)
        ScannedVideos(tmp_path, "mp4").merge()
        return found

    monkeypatch.setattr(ScannedVideos, "_segments", late)
    assert cache.recall(places) == [known(place) for place in places]


def test_two_that_merge_at_once_lose_nothing(tmp_path: Path) -> None:
    places = [Place(f"{n}.mp4", f"/v/{n}.mp4", "", f"state {n}") for n in range(60)]

    def write(part: int) -> None:
        cache = ScannedVideos(tmp_path, "mp4")
        for place in places[part::3]:
            cache.store([(place, known(place))])
            cache.merge()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, range(3)))
    cache = ScannedVideos(tmp_path, "mp4")
    assert cache.recall(places) == [known(place) for place in places]


def known(place: Place) -> Stored:
    """A scanned video."""
    return Stored(place.name, place.file, "", 3, 16, 16, ("ffv1",), "d", state=place.state)
