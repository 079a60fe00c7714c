"""That long samples are measured as said, and that no code of theirs comes twice; never a time."""

from pathlib import Path

from PIL import Image
from tiny_run import make_run

from conftest import write_frames
from leo_bench.benchmarks.evidence.long_picture import draw
from leo_bench.benchmarks.speed.long import Found, LongCase, cells, drawn, measure


def test_the_codes_of_1024_frames_are_1024(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    write_frames(tmp_path / "start", 2)
    found = drawn(LongCase(str(run), str(tmp_path / "start"), frames=1024, steps=1))
    assert found.distinct == 1024
    assert found.megabytes > 0


def test_each_length_is_a_process_and_held_against_the_first(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    write_frames(tmp_path / "start", 2)
    (row,) = measure([LongCase(str(run), str(tmp_path / "start"), frames=10, steps=1)])
    assert row["ratio to the first"] == "1.00"
    assert row["distinct codes"] == "10"
    first, found = Found(1.0, 1.0, 991.2, 1), Found(11.2, 2.7, 1011.0, 1024)
    assert list(cells(1024, found, first).values()) == [
        "1,024", "11.2", "2.7", "1,011", "1.02", "1,024"
    ]  # fmt: skip


def test_a_long_sample_is_shown_in_rows_of_eight(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    write_frames(tmp_path / "start", 2)
    draw(str(run), str(tmp_path / "start"), 24, 2, tmp_path / "long.png")
    with Image.open(tmp_path / "long.png") as picture:
        assert picture.height == 2 * 32 + 2
        assert picture.width > 8 * 32
