"""One frame after another is the same as all at once, for every layout and every recipe."""

import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from leo_bench.benchmarks.sources.damage import damaged
from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.extractors import ExtractorRequest, build_extractor
from leo_bench.evaluation.features.of_clips import FeatureRecipe
from leo_bench.evaluation.preprocess import PREPROCESS, REQUANTISE, RESIZE
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.source import Selection, VideoSource
from leo_bench.evaluation.videos.tiles import TileGrid, tiles_of
from leo_bench.evaluation.videos.write import write_video

FRAMES = 12


def pictures(height: int = 24, width: int = 40, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    shape = (FRAMES, 3, height, width)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def files(root: Path, suffix: str) -> VideoSource:
    for i in range(2):
        write_video(root / f"v{i}{suffix}", iter(pictures(seed=i)), fps=25)
    return open_videos(root, OpenOptions(cache_root=root.parent / "cache"))


def array(root: Path) -> VideoSource:
    root.mkdir()
    floats = (pictures().permute(0, 2, 3, 1).numpy() / 127.5 - 1).astype(np.float32)
    np.savez_compressed(root / "v.npz", a=floats, b=floats[::-1])
    return open_videos(root, OpenOptions(quantise="round", cache_root=root.parent / "cache"))


SOURCES: dict[str, Callable[[Path], VideoSource]] = {
    "lossless": lambda root: files(root, ".mkv"),
    "h264": lambda root: files(root, ".mp4"),
    "gif": lambda root: files(root, ".gif"),
    "folders": lambda root: files(root, ""),
    "npy": lambda root: files(root, ".npy"),
    "npz": array,
    "world": lambda root: open_world("toy-faces", "test", WorldShape(32, FRAMES, 2)),
    "tiles": lambda root: tiles_of(files(root, ".mkv"), TileGrid(rows=2, cols=2), "tiles"),
    "noise": lambda root: damaged(files(root, ".mkv"), "noise"),
    "shuffled": lambda root: damaged(files(root, ".mkv"), "shuffled"),
    "blur": lambda root: damaged(files(root, ".mkv"), "blur"),
    "selection": lambda root: Selection(files(root, ".mkv"), [1], "one"),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_frames_one_by_one_are_those_read_together(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So small that what is made in pieces is made in many.
    monkeypatch.setattr("leo_bench.evaluation.videos.source.PIECE_BYTES", 3 * 24 * 40 * 2)
    monkeypatch.setattr("leo_bench.evaluation.videos.tiles.PIECE_BYTES", 3 * 24 * 40 * 2)
    source = SOURCES[kind](tmp_path / "videos")
    for video in range(len(source.names)):
        for wanted in (range(FRAMES), [0], [3, 4, 9], range(1, FRAMES, 2)):
            together = source.read(video, wanted)
            one_by_one = list(source.each_frame(video, wanted))
            assert torch.equal(torch.stack(one_by_one), together)
            assert all(frame.is_contiguous() for frame in one_by_one)
        source.check_unchanged(video)


def recipes() -> Iterator[tuple[str, str, str, int | None]]:
    for preprocess in PREPROCESS:
        yield preprocess, "center-crop-lanczos", "as-stored", None
    for resize in RESIZE:
        yield "squash-224", resize, "as-stored", 48
    for requantise in REQUANTISE:
        yield "squash-224", "center-crop-lanczos", requantise, 33


@pytest.mark.parametrize("size", [(64, 64), (37, 53), (131, 97), (225, 224), (301, 480)])
@pytest.mark.parametrize(("preprocess", "resize", "requantise", "resolution"), list(recipes()))
def test_a_clip_made_frame_by_frame_has_the_bits_of_one_made_at_once(
    size: tuple[int, int], preprocess: str, resize: str, requantise: str, resolution: int | None
) -> None:
    clip = pictures(*size)[:3]
    resized = clip
    if resolution is not None:
        resized = RESIZE[resize](clip, resolution)
    at_once = PREPROCESS[preprocess](REQUANTISE[requantise](resized)[None])[0]
    pixels = build_extractor(ExtractorRequest("pixels", 1e-3))
    recipe = FeatureRecipe(pixels, 1e-3, preprocess, resize, requantise, resolution)
    assert torch.equal(recipe.network_input(iter(clip), len(clip)), at_once)


def test_no_two_frames_are_held_as_stored(tmp_path: Path) -> None:
    """What a clip takes in memory is the network's input, however large its frames are."""
    alive = most = 0

    class Counted(Tensor):
        """Knows how many of it there are."""

    def stored() -> Iterator[Tensor]:
        nonlocal alive, most
        for _ in range(8):
            frame = torch.zeros(3, 90, 160, dtype=torch.uint8).as_subclass(Counted)
            alive += 1
            most = max(most, alive)
            weak.append(weakref.finalize(frame, gone))
            yield frame
            del frame

    def gone() -> None:
        nonlocal alive
        alive -= 1

    weak: list[weakref.finalize] = []
    recipe = FeatureRecipe(
        build_extractor(ExtractorRequest("pixels", 1e-3)),
        1e-3,
        "squash-224",
        "center-crop-lanczos",
        "as-stored",
        None,
    )
    recipe.network_input(stored(), 8)
    assert most == 1
