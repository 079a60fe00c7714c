"""That the growth of time and memory is measured and drawn; never what it is."""

import json
from pathlib import Path

from PIL import Image

from leo_bench.benchmarks.evidence.growth import CASES, spent
from leo_bench.benchmarks.evidence.growth_picture import ABOUT, DPI, SIZE, draw
from leo_bench.benchmarks.speed.memory import MemoryCase, write


def test_a_case_gives_its_time_and_memory(tmp_path: Path) -> None:
    case = MemoryCase(clips=2, frames=10, height=32, width=32)
    write(case, tmp_path)
    found = json.loads(spent(case, tmp_path))
    assert float(found["CPU seconds"]) > 0
    assert float(found["peak MB"]) > 50


def test_a_column_is_drawn_for_all_that_grows(tmp_path: Path) -> None:
    rows = [
        {"what": what, "size": str(size), "CPU seconds": "1.5", "peak MB": "900"}
        for what in CASES
        for size in (16, 64)
    ]
    draw(rows, tmp_path / "growth.png")
    with Image.open(tmp_path / "growth.png") as picture:
        assert picture.size == tuple(round(side * DPI) for side in SIZE)
    assert ABOUT.keys() == CASES.keys()
