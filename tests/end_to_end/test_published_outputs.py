"""The layouts of other systems on the videos that their authors published, where at hand."""

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import torch
from places import SHARED_FOLDER

from conftest import Run
from leo_bench.baselines.layouts import open_output
from leo_bench.baselines.methods import GridLayout, list_methods, load_method
from leo_bench.benchmarks.evidence import published_scores
from leo_bench.benchmarks.prepare.reading import read_frames
from leo_bench.evaluation.records.distance import read_record
from leo_bench.evaluation.videos.discover import open_videos
from leo_bench.evaluation.videos.tiles import TileGrid, tiles_of

SHARED = SHARED_FOLDER / "data"
PAGES = SHARED / "generated"
pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")


def rows() -> dict[str, list[dict[str, str]]]:
    """The rows of clips.csv by file."""
    found = defaultdict(list)
    with (SHARED / "clips.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found[row["file"]].append(row)
    return found


def grids() -> list[dict[str, Any]]:
    """Tiled videos that are stored as they were made: Latte's page stretched its own."""
    found = json.loads((SHARED / "grids.json").read_text())
    return [grid for grid in found if grid["pre_resize"] is None]


def test_every_tile_lies_where_the_list_of_clips_says() -> None:
    listed = rows()
    for grid in grids():
        source = tiles_of(
            open_videos(SHARED / grid["file"]),
            TileGrid(tile=grid["tile"], padding=grid["pad"]),
            grid["file"],
        )
        boxes = [(box.left, box.top, box.width, box.height) for box in source.boxes]
        wanted = [tuple(int(row[key]) for key in "xywh") for row in listed[grid["file"]]]
        assert boxes == wanted, grid["file"]
        assert set(source.frame_counts) == {grid["frames"]}
    assert len(grids()) == 33


@pytest.mark.parametrize(
    ("method", "file", "layout", "tiles", "count"),
    [
        ("mostgan-v", "mostgan_page/ffs_mostgan.mp4", "grids", None, 8),
        ("stylegan-v", "mostgan_page/ffs_styleganv.mp4", "grids", None, 8),
        ("mocogan-hd", "mostgan_page/celebv_mocoganhd.mp4", None, GridLayout(tile=256), 8),
        ("digan", "digan_page/taichi128_16f.mp4", None, None, 100),
        ("digan", "mostgan_page/celebv_digan.mp4", None, None, 8),
    ],
)
def test_a_methods_own_layout_reads_its_page(
    method: str, file: str, layout: str | None, tiles: GridLayout | None, count: int
) -> None:
    source = open_output(load_method(method), PAGES / file, layout, tiles)
    assert len(source.names) == count
    listed = rows()[f"generated/{file}"]
    assert {row["method"] for row in listed} == {load_method(method).title}
    frames = read_frames(PAGES / file)
    first = torch.from_numpy(next(iter(frames)).copy())
    for index in (0, count - 1):
        x, y, w, h = (int(listed[index][key]) for key in "xywh")
        wanted = first[y : y + h, x : x + w].permute(2, 0, 1)
        assert torch.equal(source.read(index, [0])[0], wanted)


def test_a_row_is_measured_on_a_page_and_says_what_it_is(tmp_path: Path, leo_bench: Run) -> None:
    real = SHARED / "real" / "mostgan_page" / "ffs_real.mp4"
    fake = PAGES / "mostgan_page" / "ffs_mostgan.mp4"
    found = leo_bench(
        *("fvd", "--real", f"grid:{real}?tile=256&padding=2", "--frames", 16),
        *("--fake", f"mostgan-v:{fake}?layout=grids", "--resolution", 32),
        *("--protocol", "stylegan-v", "--extractor", "pixels", "--json", tmp_path / "a.json"),
    )
    assert found.code == 0, found.err
    record = read_record(tmp_path / "a.json")
    assert (record.n_real, record.n_fake) == (8, 8)
    assert record.fake.lossy
    assert record.fake.codecs == ("h264",)
    assert any("mp4 files stand for what its generator gives" in n for n in record.fake.notes)
    assert "8 tiles of 1 tiled video" in record.fake.notes
    assert record.value > 0


def test_no_samples_of_tats_are_at_hand_and_the_table_says_so(tmp_path: Path) -> None:
    everything = [row for listed in rows().values() for row in listed]
    titles = {row["method"] for row in everything}
    compared = {method.title for method in list_methods() if method.repository}
    assert compared - titles == {"TATS"}
    for title in titles & compared:
        (tmp_path / title.lower() / "faceforensics256-uncond").mkdir(parents=True)
    (line,) = published_scores.absent(tmp_path)
    assert line.startswith("| tats | - | 0, - | - |")
