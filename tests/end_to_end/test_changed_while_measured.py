"""Videos that change between opening and the record: exit 2 by name, and no poisoned cache."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from leo_bench.benchmarks.scores.acd import acd_of
from leo_bench.benchmarks.scores.features_file import FeaturesRequest, write_features
from leo_bench.benchmarks.scores.plan import plan_frames
from leo_bench.benchmarks.scores.requests import FrameScoreRequest, ScoreRequest
from leo_bench.benchmarks.scores.score import score
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.write import write_video
from leo_bench.leo.data.videos import open_training_videos

Make = Callable[..., Path]


def frames(seed: int, count: int = 16) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=generator)


def folders(root: Path, seed: int) -> None:
    for i in range(4):
        write_video(root / f"v{i}", iter(frames(seed + i)), fps=25)


def files(root: Path, seed: int) -> None:
    for i in range(4):
        write_video(root / f"v{i}.mkv", iter(frames(seed + i)), fps=25)


def mapped(root: Path, seed: int) -> None:
    for i in range(4):
        write_video(root / f"v{i}.npy", iter(frames(seed + i)), fps=25)


def zipped(root: Path, seed: int) -> None:
    folders(root.parent / "packed" / root.name, seed)
    shutil.make_archive(str(root), "zip", root.parent / "packed" / root.name)


def replace_in_place(path: Path, by: Path) -> None:
    """Other bytes, in the same file or in the files of the same folder, and the old times."""
    for old in [path] if path.is_file() else sorted(path.iterdir()):
        new = by if path.is_file() else by / old.name
        times = old.stat()
        old.write_bytes(new.read_bytes())
        os.utime(old, ns=(times.st_atime_ns, times.st_mtime_ns))


LAYOUTS: dict[str, tuple[Callable[[Path, int], None], str, str]] = {
    "folders": (folders, "real", "v2"),
    "files": (files, "real", "v2.mkv"),
    "mapped arrays": (mapped, "real", "v2.npy"),
    "zip": (zipped, "real.zip", ""),
}


def request(real: Path, fake: Path) -> ScoreRequest:
    return ScoreRequest(
        metric="fvd", real=str(real), fake=str(fake), frames=16, protocol="stylegan-v",
        extractor="pixels", device="cpu",
    )  # fmt: skip


class Changes:
    """Told of progress; at the `at`-th clip it exchanges a video's content."""

    def __init__(self, at: int, path: Path, by: Path) -> None:
        self.told, self._at, self._path, self._by = 0, at, path, by

    def __call__(self, done: int, total: int) -> None:
        self.told += 1
        if self.told == self._at:
            replace_in_place(self._path, self._by)


@pytest.mark.parametrize("at", [1, 4, 8])  # before its frames are read; behind; at the very end
@pytest.mark.parametrize("kind", LAYOUTS)
def test_a_video_that_changes_is_named_and_nothing_of_it_is_kept(
    kind: str, at: int, tmp_path: Path
) -> None:
    make, name, inner = LAYOUTS[kind]
    make(tmp_path / "real", 0)
    make(tmp_path / "fake", 50)
    make(tmp_path / "other", 90)
    real, other = tmp_path / name, tmp_path / name.replace("real", "other")
    asked = request(real, tmp_path / name.replace("real", "fake"))
    right = score(asked, Resources(store=None)).value
    store = FeatureStore(tmp_path / "cache")
    changes = Changes(at, real / inner if inner else real, other / inner if inner else other)
    shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-kept")
    how = Resources(store=store, workers=1, progress=changes)
    with pytest.raises(InputError, match=inner or r"v\d") as refused:
        score(asked, how)
    assert any(why in str(refused.value) for why in ("has changed since", "Bad CRC-32"))
    assert changes.told >= at
    kept = tmp_path.parent / f"{tmp_path.name}-kept" / name
    replace_in_place(real / inner if inner else real, kept / inner if inner else kept)
    assert score(asked, Resources(store=store)).value == right


def test_features_and_acd_and_packing_refuse_what_changes(tmp_path: Path) -> None:
    folders(tmp_path / "real", 0)
    folders(tmp_path / "other", 90)
    asked = FeaturesRequest(
        source=str(tmp_path / "real"), frames=16, stride=1, protocol="stylegan-v", side="fake",
        resolution=None, seed=0, extractor="pixels", device="cpu",
    )  # fmt: skip

    def changes() -> Resources:
        exchange = Changes(4, tmp_path / "real" / "v1", tmp_path / "other" / "v1")
        return Resources(store=FeatureStore(tmp_path / "cache"), progress=exchange)

    out = tmp_path / "features.npz"
    with pytest.raises(InputError, match="v1 has changed"):
        write_features(asked, out, changes())
    assert not out.exists()

    frames_asked = FrameScoreRequest(
        metric="acd", fake=str(tmp_path / "other"), real=str(tmp_path / "real"), frames=16,
        protocol="acd-toy", device="cpu",
    )  # fmt: skip
    shutil.copytree(tmp_path / "other", tmp_path / "third")
    exchange = Changes(4, tmp_path / "real" / "v1", tmp_path / "third" / "v3")
    with pytest.raises(InputError, match="v1 has changed"):
        acd_of(plan_frames(frames_asked), Resources(store=None, progress=exchange))

    source = open_videos(tmp_path / "real", OpenOptions(cache_root=tmp_path / "cache"))
    exchange = Changes(2, tmp_path / "real" / "v0", tmp_path / "other" / "v3")
    with pytest.raises(InputError, match="v0 has changed"):
        open_training_videos(source, 32, 0.25, progress=exchange)
    cache = Path(os.environ["LEO_BENCH_CACHE"]) / "frames"
    assert not list(cache.glob("*.npy"))
    assert not list(cache.glob("*.unfinished"))
