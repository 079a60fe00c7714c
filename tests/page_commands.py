"""Commands that a page of docs shows, and what the page says that they print.

A page marks commands that its test runs as ```sh; the ```text block behind them is what they print.
Other commands are indented by four spaces: they are only checked for their options.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import typer

from leo_bench.benchmarks.cli.main import app

RUN = re.compile(r"^```sh\n(?P<lines>.*?)^```$(?:\n\n^```text\n(?P<said>.*?)^```$)?", re.M | re.S)
TEXT = re.compile(r"^```text\n.*?^```$", re.M | re.S)
COMMAND = re.compile(r"^(?:    |\$ |)(leo-bench .*)$", re.M)
INLINE = re.compile(r"`(leo-bench [^`]* --[^`]*)`")  # one without options may be a name alone


class Block(NamedTuple):
    """Commands that are run, and what the page says that they print."""

    lines: tuple[str, ...]
    said: str


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page that are run, in order; lines that end in a backslash are joined."""
    for found in RUN.finditer(page.read_text()):
        lines = found["lines"].replace("\\\n", " ").splitlines()
        yield Block(tuple(lines), found["said"] or "")


def check_commands(page: Path, fewest: int) -> None:
    """Every command of a page has the options and choices that it shows; none is run.

    Raises:
        AssertionError: the page has fewer commands than `fewest`.
        click.UsageError: there is no such command, option or choice.
    """
    text = TEXT.sub("", page.read_text()).replace("\\\n", " ")
    lines = [line.partition(" # ")[0] for line in COMMAND.findall(text)]
    assert len(lines) >= fewest, f"{page.name} has {len(lines)} commands"
    for line in (*lines, *INLINE.findall(text)):
        words = shlex.split(line.partition(" > ")[0])[1:]
        command: Any = typer.main.get_command(app)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        command.make_context(line, words)
