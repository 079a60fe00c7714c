"""Commands of a page of docs that its test runs, and what the page says that they print.

A page marks such commands as ```sh; the ```text block behind them is what they print. Every command
of a document is parsed by `tests/unit/benchmarks/cli/test_command_lines.py`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

RUN = re.compile(r"^```sh\n(?P<lines>.*?)^```$(?:\n\n^```text\n(?P<said>.*?)^```$)?", re.M | re.S)


class Block(NamedTuple):
    """Commands that are run, and what the page says that they print."""

    lines: tuple[str, ...]
    said: str


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page that are run, in order; lines that end in a backslash are joined."""
    for found in RUN.finditer(page.read_text()):
        lines = found["lines"].replace("\\\n", " ").splitlines()
        yield Block(tuple(lines), found["said"] or "")
