"""Every Python block of docs/api.md runs, in order, and shows what the block below it says.

So do the examples in the docstrings of the functions, with the clips of the first block.
"""

import ast
import contextlib
import io
import re
from collections.abc import Iterator
from doctest import DocTestParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from places import ROOT
from shown import agree

import leo_bench

PAGE = ROOT / "docs" / "api.md"
CELL = re.compile(
    r"^```python\n(?P<code>.*?)^```$(?:\n\n^```text\n(?P<shown>.*?)^```$)?", re.M | re.S
)
FUNCTIONS = ("fvd", "kvd", "fid", "precision", "acd", "drift", "repetition")


class Cell(NamedTuple):
    """A block of code and what it shows; `line` is where it begins."""

    line: int
    code: str
    shown: str


def cells() -> Iterator[Cell]:
    text = PAGE.read_text()
    for found in CELL.finditer(text):
        yield Cell(text.count("\n", 0, found.start()), found["code"], found["shown"] or "")


def output_of(cell: Cell, names: dict[str, Any]) -> str:
    """What a notebook shows: what is printed, then the value of the last line."""
    tree = ast.parse("\n" * cell.line + cell.code, str(PAGE))
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, str(PAGE), "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), str(PAGE), "eval"), names)
            if value is not None:
                printed.write(f"{value!r}\n")
    return printed.getvalue()


def examples() -> Iterator[tuple[str, str, str]]:
    """Function, code and result of each example in a docstring; a result may end in "..."."""
    for name in FUNCTIONS:
        for example in DocTestParser().get_examples(getattr(leo_bench, name).__doc__):
            yield name, example.source, example.want.partition("...")[0].rstrip()


# Lightning's own: how it asks torch what a batch is, and that loaders of a trial have no workers.
@pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.` is deprecated:FutureWarning")
@pytest.mark.filterwarnings("ignore:.* does not have many workers")
def test_the_page_and_the_docstrings_show_what_their_code_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    first, *others = cells()
    agree(output_of(first, names), first.shown, f"docs/api.md:{first.line}")
    begun = dict(names)
    for cell in others:
        agree(output_of(cell, names), cell.shown, f"docs/api.md:{cell.line}")
    told = list(examples())
    assert [name for name, _, _ in told] == list(FUNCTIONS)
    for name, code, said in told:
        agree(output_of(Cell(0, code, said), begun)[: len(said)], said, name)
