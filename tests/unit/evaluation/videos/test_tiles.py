"""Tiled videos taken apart."""

from pathlib import Path

import numpy as np
import pytest
import torch
from made_videos import encode, opened
from torch import Tensor

from conftest import Run
from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.videos import tiles
from leo_bench.evaluation.videos.tiles import TileGrid, tiles_of


def videos(count: int, frames: int = 4, side: int = 16) -> Tensor:
    """uint8 [N,T,3,S,S], each unlike the others."""
    chance = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, frames, 3, side, side), generator=chance).byte()


def make_grid(clips: Tensor, columns: int, padding: int) -> Tensor:
    """As torchvision.utils.make_grid: padding around every tile, blank tiles behind the last."""
    count, frames, _, side, _ = clips.shape
    rows = -(-count // columns)
    step = side + padding
    shape = (frames, 3, rows * step + padding, columns * step + padding)
    whole = torch.zeros(shape, dtype=torch.uint8)
    for i, clip in enumerate(clips):
        top, left = padding + i // columns * step, padding + i % columns * step
        whole[:, :, top : top + side, left : left + side] = clip
    return whole


def save_video_grid(clips: Tensor, columns: int) -> Tensor:
    """As VideoGPT's save_video_grid, in TATS and Latte: one pixel between, none in front."""
    whole = make_grid(clips, columns, 1)
    return torch.roll(whole, (-1, -1), (2, 3))


def write(path: Path, whole: Tensor) -> Path:
    pixels = [frame.permute(1, 2, 0).contiguous().numpy() for frame in whole]
    return encode(path, pixels, "ffv1", "bgr0")


@pytest.mark.parametrize(
    "grid",
    [
        TileGrid(rows=2, cols=3),
        TileGrid(tile=16),
        TileGrid(rows=2, tile=16),
        TileGrid(rows=2, cols=3, tile=16),
    ],
    ids=str,
)
def test_tiles_side_by_side(tmp_path: Path, grid: TileGrid) -> None:
    clips = videos(6)
    source = tiles_of(opened(write(tmp_path / "a.mkv", make_grid(clips, 3, 0))), grid, "g")
    assert source.names == [f"a.mkv/r{r}c{c}" for r in range(2) for c in range(3)]
    assert source.frame_counts == [4] * 6
    assert source.sizes() == [(16, 16)] * 6
    for i in range(6):
        assert torch.equal(source.read(i, [0, 2, 3]), clips[i][[0, 2, 3]])
    assert len({source.digest(i) for i in range(6)}) == 6


@pytest.mark.parametrize("padding", [1, 2, 5])
def test_the_two_ways_of_padding(tmp_path: Path, padding: int) -> None:
    clips = videos(6)
    base = opened(write(tmp_path / "a.mkv", make_grid(clips, 3, padding)))
    source = tiles_of(base, TileGrid(tile=16, padding=padding), "g")
    assert torch.equal(torch.stack([source.read(i, range(4)) for i in range(6)]), clips)
    behind = opened(write(tmp_path / "b.mkv", save_video_grid(clips, 3)))
    source = tiles_of(behind, TileGrid(tile=16, padding=1, lead=0), "g")
    assert torch.equal(torch.stack([source.read(i, range(4)) for i in range(6)]), clips)


def test_blank_tiles_are_left_out_where_the_count_is_given(tmp_path: Path) -> None:
    base = opened(write(tmp_path / "a.mkv", make_grid(videos(5), 3, 0)))
    assert len(tiles_of(base, TileGrid(tile=16, count=5), "g").names) == 5
    with pytest.raises(BadVideoError, match=r"a\.mkv: has 6 tiles; count=7"):
        tiles_of(base, TileGrid(tile=16, count=7), "g")


def test_several_tiled_videos_and_names_that_sort(tmp_path: Path) -> None:
    for name in ("0", "1"):
        write(tmp_path / f"{name}.mkv", make_grid(videos(12, frames=1), 12, 0))
    source = tiles_of(opened(tmp_path), TileGrid(tile=16), "g")
    assert len(source.names) == 24
    assert list(source.names) == sorted(source.names)
    assert source.names[13] == "1.mkv/r00c01"


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        (TileGrid(), "unknown tiles: give rows= or tile="),
        (TileGrid(tile=15), "do not divide into 2 rows of 15"),
        (TileGrid(rows=5, cols=3), "do not divide into 5 rows"),
        (TileGrid(tile=16, padding=2), "with 2 of padding around"),
        (TileGrid(tile=64), "do not divide into 1 rows of 64"),
    ],
    ids=str,
)
def test_a_grid_that_does_not_fit_is_refused(tmp_path: Path, grid: TileGrid, said: str) -> None:
    base = opened(write(tmp_path / "a.mkv", make_grid(videos(6), 3, 0)))
    with pytest.raises(BadVideoError, match=said):
        tiles_of(base, grid, "g")


def test_frames_beyond_what_may_be_held_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = videos(6)
    base = opened(write(tmp_path / "a.mkv", make_grid(clips, 3, 0)))
    monkeypatch.setattr(tiles, "HELD_BYTES", 100)
    source = tiles_of(base, TileGrid(tile=16), "g")
    for i in (0, 5, 0):
        assert torch.equal(source.read(i, range(4)), clips[i])
    assert not source._held.reads


def test_the_command_line_reads_tiles(tmp_path: Path, leo_bench: Run) -> None:
    path = write(tmp_path / "a.mkv", make_grid(videos(6, frames=9), 3, 2))
    out = tmp_path / "f.npz"
    found = leo_bench(
        *("features", f"grid:{path}?tile=16&padding=2", "--frames", 9, "--resolution", 16),
        *("--protocol", "stylegan-v", "--extractor", "pixels", "--out", out),
    )
    assert found.code == 0, found.err
    assert list(np.load(out)["videos"])[:2] == ["a.mkv/r0c0", "a.mkv/r0c1"]
    wrong = leo_bench(
        "features",
        f"grid:{path}?tiles=16",
        "--frames",
        9,
        "--out",
        out,
        "--protocol",
        "stylegan-v",
        "--extractor",
        "pixels",
    )
    assert wrong.code == 2
    assert "unknown key 'tiles'" in wrong.err
