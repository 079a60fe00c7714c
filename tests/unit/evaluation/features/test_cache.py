"""The feature store: what is written is read, whole or not at all."""

import json
import os
import time
from pathlib import Path

import pytest
import torch

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.cache import FeatureStore, StoreSize
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.places import UNKEPT

DIGEST = "ab" * 32
CLIPS = {"0:16:1": torch.arange(4.0), "16:16:1": torch.ones(4)}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    FeatureStore(tmp_path).write("key", DIGEST, CLIPS)
    read = FeatureStore(tmp_path).read("key", DIGEST)
    assert read.keys() == CLIPS.keys()
    assert all(torch.equal(read[name], CLIPS[name]) for name in CLIPS)


def test_another_key_or_video_knows_nothing(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    assert store.read("other", DIGEST) == {}
    assert store.read("key", "cd" * 32) == {}


def test_later_clips_of_a_video_join_the_earlier(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, {"0:16:1": torch.zeros(4)})
    store.write("key", DIGEST, {"8:16:1": torch.ones(4)})
    assert store.read("key", DIGEST).keys() == {"0:16:1", "8:16:1"}


def test_numbers_are_sealed_by_their_key(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    content = b'{"values":[1.5],"interval":null}'
    store.write_numbers("key", content)
    assert store.read_numbers("key") == content
    path = tmp_path / "numbers" / "key.json"
    assert json.loads(path.read_bytes())["values"] == [1.5]
    path.write_bytes(path.read_bytes().replace(b"1.5", b"1.6"))
    assert store.read_numbers("key") is None
    assert "1 file was damaged" in store.news()[0]
    store.write_numbers("key", content)
    path.rename(tmp_path / "numbers" / "other.json")
    assert store.read_numbers("other") is None
    assert store.read_numbers("key") is None
    assert store.damaged == [path, tmp_path / "numbers" / "other.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"sha256":"' + b"0" * 200])
def test_any_numbers_file_that_is_not_ours_is_damage(tmp_path: Path, content: bytes) -> None:
    store = FeatureStore(tmp_path)
    store.write_numbers("key", b'{"a":1}')
    (tmp_path / "numbers" / "key.json").write_bytes(content)
    assert store.read_numbers("key") is None
    assert len(store.damaged) == 1


def test_a_store_that_cannot_be_written_is_said_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = FeatureStore(tmp_path / "file")
    store.describe("key", {})
    store.write("key", DIGEST, CLIPS)
    store.write_numbers("key", b"{}")
    (news,) = store.news()
    assert "3 files could not be kept" in news
    assert "--no-cache" in news
    assert store.read("key", DIGEST) == {}


def test_something_else_in_a_place_is_said_and_no_error(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "key").write_text("in the way")
    (tmp_path / "numbers" / "key.json").mkdir(parents=True)
    assert store.read("key", DIGEST) == {}
    assert store.read_numbers("key") is None
    store.write("key", DIGEST, CLIPS)
    store.write_numbers("key", b"{}")
    assert "2 files could not be kept" in store.news()[0]
    assert not list(tmp_path.rglob("*.part"))


def test_what_a_killed_run_left_is_pruned(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    kept = next(tmp_path.rglob("*.pack"))
    (kept.parent / f".{kept.name}.1-ab.part").write_bytes(b"half")
    assert store.size().files == 2
    store.prune(older_than_days=0)
    assert store.size().files == 0


def test_what_killed_processes_did_not_want_to_keep_is_pruned(tmp_path: Path) -> None:
    FeatureStore(tmp_path / UNKEPT / "ab").write("key", DIGEST, CLIPS)
    assert FeatureStore(tmp_path).size().files == 1
    assert FeatureStore(tmp_path).prune(older_than_days=5).files == 0
    assert FeatureStore(tmp_path).prune(older_than_days=0).files == 1
    assert not list((tmp_path / UNKEPT).iterdir())


def test_scanned_videos_are_pruned_and_so_is_their_older_form(tmp_path: Path) -> None:
    (tmp_path / "videos" / "reading").mkdir(parents=True)
    for name in ("reading/1-a.rows", "reading/.1-a.rows.2-b.part", "stat-v2.sqlite"):
        (tmp_path / "videos" / name).write_bytes(b"12")
    assert FeatureStore(tmp_path).size() == StoreSize(3, 6)
    assert FeatureStore(tmp_path).prune(older_than_days=0) == StoreSize(3, 6)
    assert FeatureStore(tmp_path).size() == StoreSize(0, 0)


def test_pruning_deletes_what_is_old_and_nothing_else(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    old = next(tmp_path.rglob("*.pack"))
    os.utime(old, (time.time() - 10 * 86400,) * 2)
    store.write("other", "cd" * 32, CLIPS)
    assert store.prune(older_than_days=5).files == 1
    assert store.read("key", DIGEST) == {}
    assert store.read("other", "cd" * 32).keys() == CLIPS.keys()
    assert store.prune(older_than_days=0).files == 1
    assert store.size().files == 0
    assert not list((tmp_path / "features").iterdir())


def test_a_file_that_is_gone_once_it_is_looked_at_counts_for_nothing(tmp_path: Path) -> None:
    """As when another command renames its finished file; a link to nothing is listed likewise."""
    store = FeatureStore(tmp_path)
    part = tmp_path / "features" / "key" / "ab" / ".abc.part"
    part.parent.mkdir(parents=True)
    part.symlink_to(tmp_path / "nothing")
    assert store.size() == StoreSize(0, 0)
    assert store.prune(older_than_days=0) == StoreSize(0, 0)


def test_frames_packed_for_training_are_counted_and_pruned(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    (tmp_path / "frames").mkdir()
    for name in ("ab-64.npy", "cd-64.unfinished"):
        (tmp_path / "frames" / name).write_bytes(b"frames")
    assert store.size() == StoreSize(2, 12)
    assert store.prune(older_than_days=0) == StoreSize(2, 12)
    assert not list((tmp_path / "frames").iterdir())


def test_an_unwritable_place_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(tmp_path / "file" / "below", b"content")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_one_line_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "record.json"
    target.write_text("old")

    def full(path: Path, content: bytes) -> int:
        with Path("/dev/full").open("wb", buffering=0) as device:
            return device.write(content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="No space left on device"):
        write_atomically(target, b"new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
