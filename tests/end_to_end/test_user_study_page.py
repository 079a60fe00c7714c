"""docs/user-study.md: its commands are commands, the quick ones run and print what it says."""

import csv
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from places import ROOT
from shown import agree

from conftest import Run
from leo_bench.benchmarks.cli.main import app

PAGE = ROOT / "docs" / "user-study.md"
SHARES = ROOT / "benchmarks" / "evidence" / "study_coverage.csv"
RUN = re.compile(r"^```sh\n(?P<lines>.*?)^```$(?:\n\n^```text\n(?P<said>.*?)^```$)?", re.M | re.S)
COMMAND = re.compile(r"^(?:    |\$ |)(leo-bench .*)$", re.M)
ID = re.compile(r"\b[0-9a-f]{16}\b")  # of a study: versions of packages are part of it
COVERAGE = re.compile(r"^\| (\d+) \| ([\d.]+) to ([\d.]+) % \| ([\d.]+) to ([\d.]+) % \|$", re.M)


class Block(NamedTuple):
    """Commands that are run, and what the page says that they print."""

    lines: tuple[str, ...]
    said: str


def blocks() -> Iterator[Block]:
    for found in RUN.finditer(PAGE.read_text()):
        lines = found["lines"].replace("\\\n", " ").splitlines()
        yield Block(tuple(lines), found["said"] or "")


def test_every_command_of_the_page_is_one() -> None:
    lines = [line.partition(" # ")[0] for line in COMMAND.findall(PAGE.read_text())]
    assert len(lines) > 12
    for line in lines:
        words = shlex.split(line.partition(" > ")[0])[1:]
        command: Any = typer.main.get_command(app)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        command.make_context(line, words)


def test_the_study_of_the_page(
    leo_bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = list(blocks())
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
