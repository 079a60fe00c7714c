"""Packs of features: many writers, damage, killed writers, packs put together, the older form."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from leo_bench.evaluation.features import key_folder
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.loose_files import sealed
from leo_bench.evaluation.features.packs import append, begin, content_of, packed

DIGEST, OTHER = "ab" * 32, "cd" * 32
CLIPS = {"0:16:1": torch.arange(4.0), "16:16:1": torch.ones(4)}


def digest_of(number: int) -> str:
    return f"{number:064x}"


def the_pack(root: Path) -> Path:
    (found,) = root.rglob("*.pack")
    return found


def written_by_many(root: Path, writers: int, *, hours_ago: float) -> None:
    """One pack each with a video of its own and one of all."""
    folder = root / "features" / "key"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(writers):
        begin(folder / f"{number}.pack")
        for digest, name in ((digest_of(number), "0:16:1"), (DIGEST, f"{number}:16:1")):
            clips = {name: torch.full((4,), float(number))}
            append(folder / f"{number}.pack", packed("key", digest, content_of(clips)))
        os.utime(folder / f"{number}.pack", (time.time() - 3600 * hours_ago,) * 2)


def loose(root: Path, digest: str) -> Path:
    """A file as versions before packs wrote it."""
    path = root / "features" / "key" / digest[:2] / f"{digest}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(save(CLIPS, metadata=sealed("key", digest, CLIPS)))
    return path


def test_many_videos_are_read_in_one_pass_and_each_once(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    for number in range(5):
        store.write("key", digest_of(number), {"0:16:1": torch.full((4,), float(number))})
    store.write("key", digest_of(3), {"9:16:1": torch.zeros(4)})
    wanted = [digest_of(number) for number in (4, 3, 1, 9)]
    found = list(FeatureStore(tmp_path).read_many("key", wanted))
    assert sorted(digest for digest, _ in found) == [digest_of(n) for n in (1, 3, 4)]
    clips = dict(found)
    assert clips[digest_of(3)].keys() == {"0:16:1", "9:16:1"}
    assert torch.equal(clips[digest_of(4)]["0:16:1"], torch.full((4,), 4.0))


def test_tensors_of_any_shape_and_kind_come_back(tmp_path: Path) -> None:
    clips = {
        "codes": torch.rand(3, 5),
        "nothing": torch.zeros(0),
        "double": torch.rand(2, dtype=torch.float64),
        "strided": torch.rand(4, 4)[:, 1],
    }
    FeatureStore(tmp_path).write("key", DIGEST, clips)
    read = FeatureStore(tmp_path).read("key", DIGEST)
    assert all(torch.equal(read[name], clips[name]) for name in clips)
    assert {t.dtype for t in read.values()} == {torch.float32, torch.float64}


def test_a_store_sees_what_another_wrote_after_it_was_opened(tmp_path: Path) -> None:
    early = FeatureStore(tmp_path)
    assert early.read("key", DIGEST) == {}
    FeatureStore(tmp_path).write("key", DIGEST, CLIPS)
    assert early.read("key", DIGEST).keys() == CLIPS.keys()
    FeatureStore(tmp_path).write("key", DIGEST, {"9:16:1": torch.ones(4)})
    assert early.read("key", DIGEST).keys() == {*CLIPS, "9:16:1"}


def test_writers_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each store has a pack of its own, as each process has."""

    def write(first: int) -> None:
        store = FeatureStore(tmp_path)
        for number in range(first, first + 20):
            store.write("key", digest_of(number), {"0:16:1": torch.full((4,), float(number))})
            store.write("key", DIGEST, {f"{number}:16:1": torch.ones(4)})
            assert store.read("key", digest_of(number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(0, 160, 20)))
    store = FeatureStore(tmp_path)
    found = dict(store.read_many("key", [DIGEST, *map(digest_of, range(160))]))
    assert len(found) == 161
    assert len(found[DIGEST]) == 160
    assert all(float(found[digest_of(n)]["0:16:1"][0]) == n for n in range(160))
    assert store.news() == ()
    assert len(list(tmp_path.rglob("*.pack"))) == 8


@pytest.mark.parametrize("keep", [-1, 60, 20])
def test_a_record_that_a_killed_writer_left_unfinished_is_no_damage(
    tmp_path: Path, keep: int
) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    whole = the_pack(tmp_path).read_bytes()
    the_pack(tmp_path).write_bytes(whole + packed("key", OTHER, content_of(CLIPS))[:keep])
    assert store.read("key", OTHER) == {}
    assert store.read("key", DIGEST).keys() == CLIPS.keys()
    assert store.news() == ()


def test_a_flipped_bit_loses_its_record_is_said_once_and_mended(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    store.write("key", OTHER, CLIPS)
    path = the_pack(tmp_path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert dict(store.read_many("key", [DIGEST, OTHER])).keys() == {DIGEST}
    (news,) = store.news()
    assert f"1 file was damaged and computed again, first {path}" in news
    store.write("key", OTHER, CLIPS)
    assert dict(store.read_many("key", [DIGEST, OTHER])).keys() == {DIGEST, OTHER}
    assert store.news() == ()


@pytest.mark.parametrize("at", [0, 8, 45])
def test_a_damaged_frame_loses_what_is_behind_it_and_no_more(tmp_path: Path, at: int) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    path = the_pack(tmp_path)
    content = bytearray(path.read_bytes() + packed("key", OTHER, content_of(CLIPS)))
    content[path.stat().st_size + at] ^= 1
    path.write_bytes(content)
    assert dict(store.read_many("key", [DIGEST, OTHER])).keys() == {DIGEST}
    assert store.damaged == [path]
    assert not path.exists()
    store.write("key", OTHER, CLIPS)
    assert dict(store.read_many("key", [DIGEST, OTHER])).keys() == {DIGEST, OTHER}


def test_a_pack_is_its_own_keys_and_nobody_elses(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    place = tmp_path / "features" / "other" / "1.pack"
    place.parent.mkdir()
    place.write_bytes(the_pack(tmp_path).read_bytes())
    assert store.read("other", DIGEST) == {}
    assert store.damaged == [place]
    assert store.read("key", DIGEST).keys() == CLIPS.keys()


def test_packs_are_put_together_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_folder, "MANY", 5)
    written_by_many(tmp_path, 8, hours_ago=2)
    old = loose(tmp_path, OTHER)
    wanted = [DIGEST, OTHER, *map(digest_of, range(8))]
    for _ in range(2):
        found = dict(FeatureStore(tmp_path).read_many("key", wanted))
        assert found.keys() == set(wanted)
        assert found[DIGEST].keys() == {f"{n}:16:1" for n in range(8)}
        assert float(found[digest_of(7)]["0:16:1"][0]) == 7
        assert found[OTHER].keys() == CLIPS.keys()
        assert the_pack(tmp_path).stat().st_mtime < time.time() - 3600
    assert not old.parent.exists()
    assert [path.name for path in tmp_path.rglob(".*")] == []


def test_packs_that_are_written_to_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_folder, "MANY", 5)
    written_by_many(tmp_path, 8, hours_ago=0.5)
    assert FeatureStore(tmp_path).read("key", digest_of(3))
    assert len(list(tmp_path.rglob("*.pack"))) == 8


def test_one_process_at_a_time_puts_packs_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_folder, "MANY", 5)
    written_by_many(tmp_path, 8, hours_ago=2)
    claim = tmp_path / "features" / "key" / ".merging.part"
    claim.touch()
    assert FeatureStore(tmp_path).read("key", digest_of(3))
    assert len(list(tmp_path.rglob("*.pack"))) == 8
    os.utime(claim, (time.time() - 7200,) * 2)  # of a killed process
    for _ in range(2):
        assert FeatureStore(tmp_path).read("key", digest_of(3))
    assert len(list(tmp_path.rglob("*.pack"))) == 1


def test_packs_that_another_process_puts_together_meanwhile_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_by_many(tmp_path, 8, hours_ago=2)
    wanted = [DIGEST, *map(digest_of, range(8))]
    reading: Iterator[tuple[str, object]] = FeatureStore(tmp_path).read_many("key", wanted)
    found = [next(reading)]  # what lies where is known to it now
    monkeypatch.setattr(key_folder, "MANY", 5)
    FeatureStore(tmp_path).read("key", DIGEST)
    assert len(list(tmp_path.rglob("*.pack"))) == 1
    found += reading
    assert sorted(digest for digest, _ in found) == sorted(wanted)
    assert found[-1][0] == DIGEST


def test_a_writer_whose_pack_is_gone_begins_another(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    the_pack(tmp_path).unlink()
    store.write("key", OTHER, CLIPS)
    assert dict(store.read_many("key", [DIGEST, OTHER])).keys() == {OTHER}
    assert store.news() == ()


@pytest.mark.parametrize("keep", [0, 10, -1])
def test_a_damaged_file_of_the_older_form_is_said_and_deleted(tmp_path: Path, keep: int) -> None:
    store = FeatureStore(tmp_path)
    path = loose(tmp_path, DIGEST)
    path.write_bytes(path.read_bytes()[:keep])
    assert store.read("key", DIGEST) == {}
    assert store.damaged == [path]
    assert not path.exists()


def test_a_file_of_the_older_form_is_its_own_videos_and_nobody_elses(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    mine, other = loose(tmp_path, DIGEST), loose(tmp_path, OTHER)
    other.write_bytes(mine.read_bytes())
    assert dict(store.read_many("key", [DIGEST, OTHER])).keys() == {DIGEST}
    assert store.damaged == [other]


def test_a_file_from_before_checksums_is_not_read_and_no_damage(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    path = loose(tmp_path, DIGEST)
    path.write_bytes(save(CLIPS | {"__sha256__": torch.zeros(32, dtype=torch.uint8)}))
    assert store.read("key", DIGEST) == {}
    assert store.news() == ()
    store.write("key", DIGEST, CLIPS)
    assert store.read("key", DIGEST).keys() == CLIPS.keys()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_leaves_the_pack_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    before = the_pack(tmp_path).read_bytes()
    right = os.write

    def full(file: int, content: bytes) -> int:
        if len(content) > 10:
            return right(file, bytes(content[:10]))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    store.write("key", OTHER, CLIPS)
    monkeypatch.undo()
    assert "No space left on device" in store.news()[0]
    assert the_pack(tmp_path).read_bytes() == before
