"""The README's ten lines, pasted as they are into a shell and into Python."""

import os
import re
import subprocess
import sys
from pathlib import Path

from places import ROOT
from shown import agree, same_shape

README = (ROOT / "README.md").read_text()
_, _, REST = README.partition("<!-- ten lines -->\n")
TEN_LINES, END, _ = REST.partition("<!-- /ten lines -->")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def pasted(language: str, code: str, folder: Path) -> str:
    """What lines print to standard output; commands and `python` are this environment's."""
    program = {"bash": ["bash", "-e"], "python": [sys.executable]}[language]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        program, input=code, cwd=folder, env=os.environ | {"PATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_ten_lines_print_what_the_readme_shows(tmp_path: Path) -> None:
    blocks = BLOCK.findall(TEN_LINES)
    assert END, "no mark of the end"
    assert [language for language, _ in blocks] == ["bash", "text", "python", "text"]
    lines = [line for _, code in (blocks[0], blocks[2]) for line in code.splitlines() if line]
    assert len(lines) <= 10
    for (language, code), (_, said) in zip(blocks[::2], blocks[1::2], strict=True):
        shown = pasted(language, code, tmp_path)
        if language == "bash":
            sampled, _, shown = shown.partition("\n")  # it names the folder, here that of the test
            assert sampled.startswith("leo: 16 samples written")
            same_shape(shown, said, "README.md, bash")
        else:
            agree(shown, said, "README.md, python")  # the same numbers, with more digits
