"""Every example of docs/extending.md works: its files, commands and tests, in a copy."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from places import ROOT

PAGE = ROOT / "docs" / "extending.md"
COPIED = ("baselines", "benchmarks", "evaluation", "leo", "leo_bench", "reports", "tests")
NOT_COPIED = shutil.ignore_patterns("golden", "gpu", "browser", "test_*.py*", "*.md")

# A line `path/to/file.py`: before a block says where its content belongs.
BLOCK = re.compile(
    r"(?:^`(?P<path>[^`\n]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)

# Runs in the copy: the page's commands, and then its tests.
DRIVER = """
import json, shlex, sys
import pytest

asked = json.load(sys.stdin)

class Commands:
    def pytest_sessionstart(self):
        from leo_bench.benchmarks.cli.main import main
        for line in asked["commands"]:
            sys.argv = shlex.split(line)
            try:
                main()
            except SystemExit as end:
                if end.code:
                    pytest.exit(f"exit code {end.code}: {line}", 1)

sys.exit(pytest.main(["-q", "-n", "0", *asked["tests"]], [Commands()]))
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of the page; `path` is "" where it is no file's content."""

    kind: str
    path: str
    text: str


def blocks() -> Iterator[Block]:
    for found in BLOCK.finditer(PAGE.read_text()):
        yield Block(found["kind"], found["path"] or "", found["text"])


def patched(content: str, diff: str, where: str) -> str:
    """`content` with the lines of one hunk replaced; its context must be there exactly once."""
    lines = diff.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if not line.startswith("+"))
    new = "".join(line[1:] for line in lines if not line.startswith("-"))
    assert content.count(old) == 1, f"{where}: not there once:\n{old}"
    return content.replace(old, new)


def linked(source: str, place: str) -> None:
    """A second name of the same file, where the disk allows it: the copy is made at once."""
    try:
        os.link(source, place)
    except OSError:
        shutil.copy2(source, place)


def test_the_examples_of_the_page_work(tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    copy.mkdir()
    for name in COPIED:
        shutil.copytree(
            ROOT / name, copy / name, symlinks=True, ignore=NOT_COPIED, copy_function=linked
        )
    shutil.copy(ROOT / "pyproject.toml", copy)
    commands, tests = [], []
    for block in blocks():
        path = copy / block.path
        if block.kind == "sh":
            commands += block.text.replace("\\\n", " ").splitlines()
        elif block.kind == "diff":
            content = patched(path.read_text(), block.text, block.path)
            path.unlink()  # the checkout's own file stays as it is
            path.write_text(content)
        elif block.path:
            assert not path.exists(), f"{block.path} is there already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
            if path.name.startswith("test_"):
                tests.append(block.path)
    assert commands
    assert tests
    ended = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps({"commands": commands, "tests": tests}),
        capture_output=True,
        text=True,
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},
    )
    assert ended.returncode == 0, f"{ended.stdout[-6000:]}\n{ended.stderr[-6000:]}"
