"""Clips read as levels, also by processes: the features of the plain path, or one clear line."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.clips import ClipRef, Window
from leo_bench.evaluation.errors import BadVideoError, InfrastructureError
from leo_bench.evaluation.features import clip_levels
from leo_bench.evaluation.features.clip_levels import LevelClips
from leo_bench.evaluation.features.of_clips import FeatureRecipe, Resources, extract
from leo_bench.evaluation.features.on_device import device_features
from leo_bench.evaluation.preprocess import PREPROCESS
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.source import Selection
from leo_bench.evaluation.videos.stored import Layout, Place, Stored, StoredVideos
from leo_bench.evaluation.videos.tensors import TensorVideos

FRAMES = 10


@dataclass(frozen=True)
class Pooled:
    """A network that is exact and cheap: a few pixels of each frame."""

    name: str = "pooled"
    dim: int = 3 * FRAMES * 4
    weights: str = "none"
    weights_verified: bool = True
    precision: str = "fp32"
    device: str = "cpu"

    def __call__(self, clips: Tensor) -> Tensor:
        return clips[..., 10::130, 7::130].flatten(1)


def recipe(
    preprocess: str = "squash-224", requantise: str = "half-shift-truncate"
) -> FeatureRecipe:
    return FeatureRecipe(Pooled(), 0.0, preprocess, "center-crop-lanczos", requantise, 32)


class Deadly(Layout):
    """A layout whose process is killed at a video, as the kernel does when memory runs out."""

    kind, decoder, reading = "deadly", "none", "none"

    def scan(self, place: Place) -> Stored:
        raise NotImplementedError

    def each_frame(self, video: Stored, frames: Sequence[int]) -> Iterator[Tensor]:
        if video.name == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if video.name == "broken":
            raise BadVideoError(video.name, "is cut short")
        return (torch.full((3, 8, 8), frame, dtype=torch.uint8) for frame in frames)


def deadly(*names: str) -> StoredVideos:
    videos = tuple(
        Stored(name, Path(name), "", FRAMES, 8, 8, ("png",), f"digest of {name}") for name in names
    )
    return StoredVideos("deadly", Deadly(), videos, (), [], "")


def clips_of(source: StoredVideos) -> LevelClips:
    chosen = [(i % len(source.names), range(FRAMES)) for i in range(48)]
    return LevelClips(source, chosen, recipe().load, 3 * 32 * 32 * FRAMES)


@pytest.fixture
def stored(make_videos: Callable[..., Path]) -> Selection:
    source = open_videos(make_videos("some", count=5), OpenOptions())
    return Selection(source, [3, 0, 4, 1], "chosen")


def test_processes_give_the_features_of_threads(
    stored: Selection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_levels, "cores", lambda: 2)
    refs = [ClipRef(i % 4, i % 6) for i in range(24)] + [ClipRef(2, 6)] * 8
    by_threads = extract(stored, refs, Window(FRAMES), recipe(), Resources(None))
    state = torch.random.get_rng_state()
    by_processes = extract(stored, refs, Window(FRAMES), recipe(), Resources(None, processes=3))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(by_processes.values, by_threads.values)
    assert by_processes.videos == by_threads.videos


def test_a_broken_video_is_named_and_leaves_those_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clip_levels, "cores", lambda: 2)
    clips = clips_of(deadly("a", "broken"))
    by_processes, by_threads = clips.by_processes(2), clips.by_threads(2, ahead=3)
    assert by_processes is not None
    assert by_threads is not None
    assert torch.equal(next(by_processes), next(by_threads))
    for levels in (by_processes, by_threads):
        with pytest.raises(BadVideoError, match="broken: is cut short") as error:
            next(levels)
        assert (error.value.video, error.value.reason) == ("broken", "is cut short")


def _use(levels: Iterator[Tensor], seconds: int) -> None:
    for _ in levels:
        time.sleep(seconds)


@pytest.mark.parametrize("seconds", [0, 1])  # after which it is dead, with clips not yet fetched
def test_a_process_that_is_killed_ends_the_command_with_one_line(
    monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    monkeypatch.setattr(clip_levels, "cores", lambda: 2)
    levels = clips_of(deadly("a", "b", "c", "d", "e", "f", "kill", "g")).by_processes(2)
    assert levels is not None
    with pytest.raises(InfrastructureError, match="a process that reads videos died") as error:
        _use(levels, seconds)
    assert "\n" not in str(error.value)


def test_threads_read_what_is_not_stored_few_clips_and_large_ones(stored: Selection) -> None:
    held = TensorVideos("held", {"v": torch.zeros(12, 3, 8, 8, dtype=torch.uint8)}, "round")
    many = LevelClips(stored, [(0, range(FRAMES))] * 48, recipe().load, 1024)
    assert LevelClips(held, many.clips, many.load, 1024).by_processes(2) is None
    assert many.by_processes(1) is None
    assert replace(many, clips=many.clips[:31]).by_processes(2) is None
    large = replace(many, clip_bytes=clip_levels.LEVELS_BYTES)
    assert large.by_processes(2) is None
    assert large.by_threads(2, ahead=4) is None


def test_little_shared_memory_leaves_room_for_few_clips(
    stored: Selection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(clip_levels, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(clip_levels.shutil, "disk_usage", lambda _: SimpleNamespace(free=3 * 1024))
    clips = LevelClips(stored, [(0, range(FRAMES))] * 48, recipe().load, 1024)
    assert clips.by_processes(8) is None
    monkeypatch.setattr(clip_levels.shutil, "disk_usage", lambda _: SimpleNamespace(free=8 * 1024))
    assert clip_levels._shared_bytes() == 4 * 1024
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")  # torchrun's
    assert clip_levels._shared_bytes() == 1024


@pytest.mark.parametrize("preprocess", PREPROCESS)
@pytest.mark.parametrize("size", [(40, 61), (32, 32), (225, 224)])
def test_a_clip_is_prepared_as_its_frames_are_one_by_one(
    preprocess: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = torch.Generator().manual_seed(0)
    clips = torch.randint(0, 256, (5, FRAMES, 3, *size), dtype=torch.uint8, generator=generator)
    as_stored = replace(recipe(preprocess, "as-stored"), resolution=None)
    singly = torch.stack([as_stored.network_input(iter(clip), FRAMES) for clip in clips])
    for piece_bytes in (1, 1 << 30):
        monkeypatch.setattr("leo_bench.evaluation.features.on_device.PIECE_BYTES", piece_bytes)
        found = device_features(iter(clips), Pooled(), as_stored.prepare, 2)
        assert torch.equal(torch.stack(list(found)), Pooled()(singly))
    assert torch.equal(as_stored.prepare(clips), singly)
