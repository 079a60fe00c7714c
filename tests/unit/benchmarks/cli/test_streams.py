"""Streams that take no result with them, as a process of its own sees them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

WORK = """
import sys
from pathlib import Path
from leo_bench.benchmarks.cli import main
def work(**options):
    print("FVD\\N{INFINITY} of v\\udce9.mp4 \\N{PLUS-MINUS SIGN} 1 \\N{CYRILLIC SMALL LETTER A}")
    for _ in range(20_000):
        print("more than a pipe holds", file=sys.stderr)
        print("more than a pipe holds")
    Path("record").write_text("whole")
main.app = work
main.main()
"""


def ended(folder: Path, shell: str, **environment: str) -> tuple[int, bool, str]:
    """Run WORK under a shell: its exit code, whether its file is whole, and what was seen."""
    (folder / "record").unlink(missing_ok=True)
    done = subprocess.run(
        ["bash", "-c", f"{shell}; exit ${{PIPESTATUS[0]}}", "bash", sys.executable, "-c", WORK],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
    )
    path = folder / "record"
    return (
        done.returncode,
        path.is_file() and path.read_text() == "whole",
        done.stdout + done.stderr,
    )


@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        ('"$@" 2>/dev/null | head -n 1', 0, "FVD∞ of v\\xe9.mp4 ± 1 \N{CYRILLIC SMALL LETTER A}\n"),
        ('"$@" 2>&1 | head -n 1', 0, ""),
        ('"$@" >&- 2>/dev/null', 0, ""),
        ('"$@" >&- 2>&-', 0, ""),
        (
            '"$@" 2>&1 >/dev/full | tail -n 1',
            2,
            "leo-bench: standard output: cannot be written: No",
        ),
        ('"$@" >/dev/null 2>/dev/full', 0, ""),
    ],
)
def test_no_stream_ends_the_work(tmp_path: Path, shell: str, code: int, said: str) -> None:
    returned, is_whole, seen = ended(tmp_path, shell, PYTHONIOENCODING="utf-8")
    assert (returned, is_whole) == (code, True)
    assert seen.startswith(said)
    assert "Traceback" not in seen
    assert "Exception ignored" not in seen


def test_an_ascii_terminal_sees_ascii_forms(tmp_path: Path) -> None:
    shell = '"$@" 2>/dev/null | head -n 1'
    assert ended(tmp_path, shell, PYTHONIOENCODING="ascii") == (
        0,
        True,
        "FVD_inf of v\\xe9.mp4 +/- 1 ?\n",
    )
