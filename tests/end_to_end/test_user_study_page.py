"""docs/user-study.md: its quick commands run and print what it says."""

import csv
import re
import shlex
from pathlib import Path

import pytest
from page_commands import blocks
from places import ROOT
from shown import agree

from conftest import Run

PAGE = ROOT / "docs" / "user-study.md"
SHARES = ROOT / "benchmarks" / "evidence" / "study_coverage.csv"
ID = re.compile(r"\b[0-9a-f]{16}\b")  # of a study: versions of packages are part of it
COVERAGE = re.compile(r"^\| (\d+) \| ([\d.]+) to ([\d.]+) % \| ([\d.]+) to ([\d.]+) % \|$", re.M)


def test_the_study_of_the_page(
    leo_bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = list(blocks(PAGE))
    assert found
    for block in found:
        ended = [leo_bench(*shlex.split(line)[1:]) for line in block.lines]
        for line, one in zip(block.lines, ended, strict=True):
            assert one.code == 0, f"{line}: {one.err}"
        shown, said = (
            ID.sub("ID", text) for text in ("".join(one.out for one in ended), block.said)
        )
        agree(shown, said, block.lines[0])


def test_coverage_is_that_of_the_simulation() -> None:
    with SHARES.open() as file:
        rows = [row for row in csv.DictReader(file) if row["number"] == "share"]
    rows = [row for row in rows if float(row["spread_raters"]) > 0]
    said = COVERAGE.findall(PAGE.read_text())
    assert [raters for raters, *_ in said] == ["10", "20", "50"]
    for raters, *numbers in said:
        mine = [row for row in rows if row["raters"] == raters]
        covered, naive = ([100 * float(row[key]) for row in mine] for key in ("coverage", "wilson"))
        expected = [min(covered), max(covered), min(naive), max(naive)]
        assert list(map(float, numbers)) == pytest.approx(expected, abs=0.051)
