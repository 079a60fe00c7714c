"""Docstrings and signatures of this project, as Sphinx's autodoc should read them.

- An indented block after an empty line is shown as it stands, as in Markdown.
- Signatures leave out the paths of this machine and the checks of pydantic
  (`Annotated[int, Ge(0)]` is `int`), and write the alias `Videos` instead of its members.
"""

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation

from leo_bench.benchmarks.api.sides import Videos

ANNOTATED = re.compile(r"~?(?:typing\.)?Annotated\[")
VIDEOS = stringify_annotation(Videos, "smart")


def show_blocks(
    app: Sphinx, what: str, name: str, obj: object, options: Any, lines: list[str]
) -> None:
    """Mark indented blocks as literal, in place: on `autodoc-process-docstring`."""
    found: list[str] = []
    above = ""  # the last line that is not empty
    for number, line in enumerate(lines):
        begins = line.startswith("    ") and number > 0 and not lines[number - 1]
        if (
            begins
            and above
            and not above.startswith((" ", "-", ".. "))
            and not above.endswith("::")
        ):
            found += ["::", ""]
        found.append(line)
        above = line or above
    lines[:] = found


def shorten(
    app: Sphinx, what: str, name: str, obj: object, options: Any, signature: str, returns: str
) -> tuple[str, str]:
    """Signature and return type: on `autodoc-process-signature`."""
    return _short(signature), _short(returns)


def _short(text: str | None) -> Any:
    if text is None:
        return None
    while found := ANNOTATED.search(text):
        text = text[: found.start()] + _first_and_rest(text[found.end() :])
    text = text.replace("= <factory>", "= ...")
    text = re.sub(r"PosixPath\('/[^']*'\)", "...", text)
    return text.replace(VIDEOS, "~leo_bench.benchmarks.api.sides.Videos")


def _first_and_rest(text: str) -> str:
    """Of "X, A, B] rest": "X rest"."""
    depth, first = 0, None
    for place, letter in enumerate(text):
        if letter == "," and depth == 0 and first is None:
            first = text[:place]
        if letter in ")]" and depth == 0:
            return (first or text[:place]) + text[place + 1 :]
        depth += (letter in "([") - (letter in ")]")
    return text


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", show_blocks, priority=100)  # before napoleon
    app.connect("autodoc-process-signature", shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
