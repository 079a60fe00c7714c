"""The feature store: what is written is read, whole or not at all."""

import os
import time
from pathlib import Path

import pytest
import torch

from evaluation.atomic import write_atomically
from evaluation.cache import FeatureStore, StoreSize
from evaluation.errors import InputError

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


@pytest.mark.parametrize("keep", [0, 10, -1])
def test_a_file_cut_short_is_damage_and_not_features(tmp_path: Path, keep: int) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    path = next(tmp_path.rglob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:keep])
    assert store.read("key", DIGEST) == {}
    assert store.damaged == [path]


def test_one_flipped_bit_is_damage(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    path = next(tmp_path.rglob("*.safetensors"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert store.read("key", DIGEST) == {}


def test_pruning_deletes_what_is_old_and_nothing_else(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    old = next(tmp_path.rglob("*.safetensors"))
    os.utime(old, (time.time() - 10 * 86400,) * 2)
    store.write("key", "cd" * 32, CLIPS)
    assert store.prune(older_than_days=5).files == 1
    assert store.read("key", DIGEST) == {}
    assert store.read("key", "cd" * 32).keys() == CLIPS.keys()
    assert store.prune(older_than_days=0).files == 1
    assert store.size().files == 0


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
