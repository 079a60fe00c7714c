"""Every Python block of docs/api.md runs, in order, and shows what the block below it says."""

import ast
import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from places import ROOT

PAGE = ROOT / "docs" / "api.md"
CELL = re.compile(
    r"^```python\n(?P<code>.*?)^```$(?:\n\n^```text\n(?P<shown>.*?)^```$)?", re.M | re.S
)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
TOLERANCE = 5e-3  # other machines sum in another order, and numbers are shown with three digits


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


def test_the_page_shows_what_its_code_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    found = list(cells())
    assert len(found) > 10
    for cell in found:
        shown = output_of(cell, names)
        where = f"docs/api.md:{cell.line}"
        assert NUMBER.sub("#", shown) == NUMBER.sub("#", cell.shown), where
        numbers = [list(map(float, NUMBER.findall(text))) for text in (shown, cell.shown)]
        assert numbers[0] == pytest.approx(numbers[1], rel=TOLERANCE, abs=1e-4), where
