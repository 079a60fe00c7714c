"""ACD of published samples: which clips make a set, and that tiles are cut to the pixel."""

import csv
from pathlib import Path

import numpy as np
import pytest
from made_videos import encode, moving

from leo_bench.benchmarks.evidence import published_acd
from leo_bench.benchmarks.evidence.published_acd import (
    FRAMES,
    PageVideos,
    Reading,
    published_sets,
    table,
)
from leo_bench.benchmarks.evidence.published_samples import read_rows
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.protocols.of_frames import FOLDER, load_frame_protocol

COLUMNS = "clip_id,kind,domain,dataset,method,setting,file,tile_row,x,y,w,h,pre_w,pre_h,frames"
TILE = 32


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A page of two tiles, beside a real clip of 40 frames."""
    rows: list[tuple[object, ...]] = []
    page = "generated/page/grid.mp4"
    for col in range(2):
        box = (col * TILE, 0, TILE, TILE)
        kind = ("generated", "body", "taichihd128", "DIGAN", "uncond", page, 0)
        rows.append((f"page__r0c{col}", *kind, *box, "", "", 20))
    real = ("real", "body", "taichihd", "real", "", "real/taichi/one.mp4", "")
    rows.append(("one", *real, 0, 0, TILE, TILE, "", "", 40))
    for file in (page, "real/taichi/one.mp4"):
        (tmp_path / file).parent.mkdir(parents=True)
    # Lossless, so that tiles can be told from each other to the pixel.
    encode(tmp_path / page, moving(20, TILE, 2 * TILE), "libx264rgb", "rgb24", qp=0)
    encode(tmp_path / "real/taichi/one.mp4", moving(40, TILE, TILE), "libx264rgb", "rgb24", qp=0)
    with (tmp_path / "clips.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([COLUMNS.split(","), *rows])
    return tmp_path


def test_real_sets_come_first_and_few_real_clips_give_windows(shared: Path) -> None:
    real, page = published_sets(read_rows(shared), {"body": 40})
    assert (real.label, real.windows, page.windows) == ("real/taichihd/taichi", True, False)
    assert [clip.start for clip in real.clips] == [0, FRAMES]
    assert [clip.start for clip in page.clips] == [0, 0]
    assert page.label == "digan/taichihd128-uncond/page--grid"
    assert [len(s.clips) for s in published_sets(read_rows(shared), {"body": 1})] == [1, 1]
    assert published_sets(read_rows(shared), {"face": 40}) == []


def test_tiles_and_windows_are_cut_to_the_pixel(shared: Path) -> None:
    real, page = published_sets(read_rows(shared), {"body": 40})
    tiles, scene = PageVideos(shared, page), moving(20, TILE, 2 * TILE)
    for index in range(2):
        found = tiles.read(index, [0, 3, 15]).permute(0, 2, 3, 1).numpy()
        for frame, pixels in zip((0, 3, 15), found, strict=True):
            left = index * TILE
            assert np.array_equal(pixels, scene[frame][:, left : left + TILE])
    later = PageVideos(shared, real).read(1, [2]).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(later[0], moving(40, TILE, TILE)[FRAMES + 2])
    assert tiles.digest(0) != tiles.digest(1)


def test_the_table_has_a_line_a_set(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (FOLDER / "acd-body-osnet-x0-25.toml").read_text()
    own = shared / "acd-colour.toml"
    own.write_text(
        text.replace('"acd-body-osnet-x0-25"', '"acd-colour"').replace(
            '"osnet-x0-25-msmt17"', '"mean-colour"'
        )
    )
    readings = [Reading(load_frame_protocol(str(own)))]
    monkeypatch.setattr(published_acd, "resources", lambda **_: Resources(store=None))
    sets = published_sets(read_rows(shared), {"body": 40})
    head, _, real, page = table(shared, sets, "body", readings)
    assert head == "| bodies | mean-colour: n | ACD16 | interval | no body |"
    assert real.startswith("| real/taichihd/taichi | 2 windows of 1 | 0.")
    assert real.endswith(" | - | 0 of 32 |")
    assert page.startswith("| digan/taichihd128-uncond/page--grid | 2 of 2 | 0.")
