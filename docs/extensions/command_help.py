"""The page of all commands, from the command line itself: each `--help`, under its heading."""

from collections.abc import Iterator
from typing import Any

import typer
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from leo_bench.benchmarks.cli.commands import COMMANDS
from leo_bench.benchmarks.cli.main import app as leo_bench

PAGE = "docs/command-reference"
MARK = "<!-- the help of all commands -->"
WIDTH = 88  # columns


def write_help(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace the mark in the page's text: on `source-read`."""
    if docname == PAGE:
        source[0] = source[0].replace(MARK, "\n".join(_lines()))


def _lines() -> Iterator[str]:
    whole: Any = typer.main.get_command(leo_bench)
    top = typer.Context(whole, info_name="leo-bench")
    for heading, names in COMMANDS.items():
        yield f"## {heading}\n"
        for name in names:
            yield from _of(whole.commands[name], name, top, "###")


def _of(command: Any, name: str, parent: typer.Context, marks: str) -> Iterator[str]:
    """A command, then those below it, each under a heading of its own."""
    context = typer.Context(command, info_name=name, parent=parent, terminal_width=WIDTH)
    yield f"{marks} {context.command_path}\n"
    yield f"```text\n{command.get_help(context)}\n```\n"
    for below, inner in getattr(command, "commands", {}).items():
        yield from _of(inner, below, context, f"{marks}#")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", write_help)
    app.connect("env-get-outdated", _always)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _always(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """The page is read anew in every build."""
    return [PAGE]
