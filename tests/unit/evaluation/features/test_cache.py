"""The feature store: what is written is read, whole or not at all."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.cache import FeatureStore, StoreSize
from leo_bench.evaluation.files.atomic import write_atomically

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


def test_a_file_is_its_own_keys_and_videos_and_nobody_elses(tmp_path: Path) -> None:
    """Sound features in another's place are another's features."""
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    mine = next(tmp_path.rglob("*.safetensors"))
    for key, digest in (("key", "cd" * 32), ("other", DIGEST)):
        place = tmp_path / "features" / key / digest[:2] / f"{digest}.safetensors"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(mine.read_bytes())
        assert store.read(key, digest) == {}
        assert store.damaged[-1] == place
    assert "2 files were damaged and computed again" in store.news()[0]
    assert store.news() == ()


def test_a_clip_under_another_clips_name_is_damage(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    path = next(tmp_path.rglob("*.safetensors"))
    path.write_bytes(path.read_bytes().replace(b'"0:16:1"', b'"8:16:1"'))
    assert store.read("key", DIGEST) == {}
    assert store.damaged == [path]


def test_a_file_of_the_older_form_is_not_read_and_no_damage(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    path = tmp_path / "features" / "key" / "ab" / f"{DIGEST}.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(save(CLIPS | {"__sha256__": torch.zeros(32, dtype=torch.uint8)}))
    assert store.read("key", DIGEST) == {}
    assert store.news() == ()
    store.write("key", DIGEST, CLIPS)
    assert store.read("key", DIGEST).keys() == CLIPS.keys()


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


def test_a_folder_in_the_place_of_a_file_is_said_and_no_error(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    (tmp_path / "features" / "key" / "ab" / f"{DIGEST}.safetensors").mkdir(parents=True)
    (tmp_path / "numbers" / "key.json").mkdir(parents=True)
    assert store.read("key", DIGEST) == {}
    assert store.read_numbers("key") is None
    store.write("key", DIGEST, CLIPS)
    store.write_numbers("key", b"{}")
    assert "2 files could not be kept" in store.news()[0]
    assert not list(tmp_path.rglob("*.part"))


def test_many_writers_of_one_file_leave_one_whole_file(tmp_path: Path) -> None:
    def write(number: int) -> None:
        FeatureStore(tmp_path).write("key", DIGEST, {f"{number}:16:1": torch.ones(4) * number})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(64)))
    store = FeatureStore(tmp_path)
    assert store.read("key", DIGEST)
    assert store.news() == ()
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".safetensors"]


def test_what_a_killed_run_left_is_pruned(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.write("key", DIGEST, CLIPS)
    kept = next(tmp_path.rglob("*.safetensors"))
    (kept.parent / f".{kept.name}.1-ab.part").write_bytes(b"half")
    assert store.size().files == 2
    store.prune(older_than_days=0)
    assert store.size().files == 0


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


def test_a_file_that_is_gone_once_it_is_looked_at_counts_for_nothing(tmp_path: Path) -> None:
    """As when another command renames its finished file; a link to nothing is listed likewise."""
    store = FeatureStore(tmp_path)
    part = tmp_path / "features" / "key" / "ab" / ".abc.safetensors.1.part"
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
