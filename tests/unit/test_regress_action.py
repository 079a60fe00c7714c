"""The shell of the GitHub action, with a leo-bench that notes how it was called."""

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from places import ROOT

ACTION = yaml.safe_load((ROOT / ".github" / "actions" / "regress" / "action.yml").read_text())


def run(step: str, folder: Path, **settings: str) -> tuple[int, str]:
    """A step's exit code, and what it said."""
    (script,) = (s["run"] for s in ACTION["runs"]["steps"] if s.get("name") == step)
    usual = {
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "RUNNER_TEMP": str(folder / "temporary"),
    }
    ended = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder, env=os.environ | usual | settings, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return ended.returncode, ended.stdout


def noting(folder: Path, code: int) -> str:
    """A leo-bench that writes its words to the file `called` and ends with a code."""
    program = folder / "leo-bench"
    program.write_text(f'#!/bin/bash\nprintf "%s\\n" "$@" > {folder}/called\nexit {code}\n')
    program.chmod(0o755)
    return str(program)


def called(folder: Path) -> list[str]:
    return (folder / "called").read_text().splitlines()


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ("", "", []),
        (
            "a=x",
            "--clips 64 --device cuda",
            ["--model", "a=x", "--clips", "64", "--device", "cuda"],
        ),
        ("", "--clips 64\n--device cuda\n", ["--clips", "64", "--device", "cuda"]),
        ("a=my s/{dataset}\nb=y\n", "", ["--model", "a=my s/{dataset}", "--model", "b=y"]),
    ],
)
def test_every_line_is_a_model_and_a_crash_is_left_to_the_gate(
    tmp_path: Path, given: str, options: str, words: list[str]
) -> None:
    settings = {"SUITE": "toy", "MODEL": given, "OPTIONS": options, "FOLDER": "gate"}
    for code, complete in ((3, "false"), (137, "false"), (0, "true")):
        program = noting(tmp_path, code)
        assert run("measure", tmp_path, LEO_BENCH=program, **settings)[0] == 0
        assert called(tmp_path) == ["run", "toy", *words, "--records", "gate/change"]
        assert (tmp_path / "output").read_text().splitlines()[-1] == f"complete={complete}"


def test_bad_input_ends_the_measurement(tmp_path: Path) -> None:
    settings = {"SUITE": "misspelt", "MODEL": "", "OPTIONS": "", "FOLDER": "gate"}
    assert run("measure", tmp_path, LEO_BENCH=noting(tmp_path, 2), **settings)[0] == 2


def test_the_gates_exit_code_is_the_steps(tmp_path: Path) -> None:
    settings = {"OLD": "old", "FOLDER": "gate", "SETTINGS": "", "COMPLETE": "true"}
    incomplete = settings | {"COMPLETE": "false"}
    code, said = run("regress", tmp_path, LEO_BENCH=noting(tmp_path, 0), **incomplete)
    assert (code, "was not measured" in said) == (3, True)
    (tmp_path / "output").unlink()
    assert run("regress", tmp_path, LEO_BENCH=noting(tmp_path, 3), **settings)[0] == 3
    assert called(tmp_path)[:5] == ["regress", "--old", "old", "--new", "gate/change"]
    assert "--settings" not in called(tmp_path)
    assert (tmp_path / "output").read_text() == "comment=gate/comment.md\n"


def test_what_to_install_is_asked_for_and_old_pythons_are_refused(tmp_path: Path) -> None:
    nothing = {"INSTALL": "", "COMMAND": "", "TORCH_INDEX": "", "WEIGHTS": ""}
    code, said = run("install", tmp_path, **nothing)
    assert (code, "give the input install" in said) == (2, True)
    (tmp_path / "python3").write_text("#!/bin/bash\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    code, said = run("install", tmp_path, **nothing | {"INSTALL": "x.whl"}, PATH=path)
    assert (code, "needs Python 3.11 to 3.14" in said) == (2, True)
    there = {"COMMAND": noting(tmp_path, 0), "WEIGHTS": "stylegan-v"}
    assert run("install", tmp_path, **nothing | there)[0] == 0
    assert called(tmp_path) == ["weights", "fetch", "--for", "stylegan-v"]


def test_leo_bench_is_installed_into_an_environment_of_its_own(tmp_path: Path) -> None:
    """By pip, from wheels of the same names that hold next to nothing."""
    for name in ("torch", "torchvision", "leo_bench"):
        make_wheel(tmp_path, name)
    (tmp_path / "python3").symlink_to(sys.executable)
    settings = {
        "INSTALL": "leo_bench-1-py3-none-any.whl",
        "COMMAND": "",
        "TORCH_INDEX": "https://torch.invalid",
        "WEIGHTS": "",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }
    code, said = run("install", tmp_path, **settings)
    assert code == 0, said
    command = (tmp_path / "output").read_text().strip().removeprefix("command=")
    answer = subprocess.run([command], capture_output=True, text=True, check=True)
    assert answer.stdout == "a leo-bench\n"


def make_wheel(folder: Path, name: str) -> None:
    info = f"{name}-1.dist-info"
    files = {
        f"{name}.py": "def main():\n    print('a leo-bench')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name.replace('_', '-')} = {name}:main\n",
    }
    lines = [f"{info}/RECORD,,"]
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        lines.append(f"{path},sha256={digest.decode()},{len(text)}")
    with zipfile.ZipFile(folder / f"{name}-1-py3-none-any.whl", "w") as wheel:
        for path, text in (files | {f"{info}/RECORD": "\n".join(lines)}).items():
            wheel.writestr(path, text)
