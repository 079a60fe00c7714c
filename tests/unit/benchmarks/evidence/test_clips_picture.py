"""Published FVD by the number of clips: what docs/reading-a-number.md says of it."""

import re
from pathlib import Path

import numpy as np
import pytest
from places import ROOT

from leo_bench.benchmarks.evidence.clips_picture import published_by_clips
from leo_bench.reports.pictures import by_clips_picture

PAGE = ROOT / "docs" / "reading-a-number.md"
ROW = re.compile(
    r"^\| (?P<model>[\w-]+) \| (?P<few>[\d,]+) \| (?P<many>[\d,]+) \| (?P<most>\d+) \|$", re.M
)


def test_the_page_has_the_numbers_and_the_line_through_them() -> None:
    """FVD∞ there is a of a + b/N, through the three largest numbers of clips."""
    published = published_by_clips()
    said = {row["model"]: row for row in ROW.finditer(PAGE.read_text())}
    assert list(said) == list(published)
    for model, points in published.items():
        clips, fvd = np.array(points[-3:]).T
        limit = np.polynomial.polynomial.polyfit(1 / clips, fvd, 1)[0]
        row = said[model]
        of_256 = dict(points)[256]
        assert [float(row[key].replace(",", "")) for key in ("few", "many")] == [of_256, fvd[-1]]
        assert float(row["most"]) == pytest.approx(
            limit, abs=1.5
        )  # the page's are of unrounded means


def test_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "by-clips.png"
    by_clips_picture(published_by_clips(), path)
    assert path.read_bytes().startswith(b"\x89PNG")
