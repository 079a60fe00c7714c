"""What people copy into their CI: the shell of the GitHub action, and a leo-bench that listens."""

import os
import subprocess
import textwrap
from pathlib import Path

import pytest
from places import ROOT

ACTION = ROOT / ".github" / "actions" / "regress" / "action.yml"


def shell(step: str) -> str:
    """The `run` of a step, as the runner hands it to bash."""
    after = ACTION.read_text().partition(f"- name: {step}\n")[2].partition("run: |\n")[2]
    lines = []
    for line in after.splitlines(keepends=True):
        if line.strip() and not line.startswith(" " * 8):
            break
        lines.append(line)
    return textwrap.dedent("".join(lines))


def run(step: str, folder: Path, **settings: str) -> tuple[int, list[str]]:
    """A step's exit code, and the words that leo-bench was called with; it fails, with 3."""
    called = folder / "called"
    stub = folder / "leo-bench"
    stub.write_text(f'#!/bin/bash\nprintf "%s\\n" "$@" > {called}\nexit 3\n')
    stub.chmod(0o755)
    usual = {"LEO_BENCH": str(stub), "NEW": "new", "GITHUB_OUTPUT": str(folder / "output")}
    ended = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", shell(step)],
        cwd=folder,
        env=os.environ | usual | settings,
        check=False,
    )
    return ended.returncode, called.read_text().splitlines()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", []),
        ("a=x", ["--model", "a=x"]),
        ("a=my samples/{dataset}\nb=y\n", ["--model", "a=my samples/{dataset}", "--model", "b=y"]),
    ],
)
def test_every_line_is_a_model_and_a_crash_is_left_to_the_gate(
    tmp_path: Path, given: str, words: list[str]
) -> None:
    code, called = run("measure", tmp_path, SUITE="toy", MODEL=given)
    assert code == 0
    assert called == ["run", "toy", *words, "--records", "new"]


def test_the_gates_exit_code_is_the_steps(tmp_path: Path) -> None:
    code, called = run("regress", tmp_path, OLD="old", SETTINGS="")
    assert code == 3
    assert called[:5] == ["regress", "--old", "old", "--new", "new"]
    assert "--settings" not in called
    assert (tmp_path / "output").read_text().startswith("comment=")
