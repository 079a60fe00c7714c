"""How a run of `leo-bench` ends: what a script that calls it goes by."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from places import ROOT

from conftest import Run
from leo_bench.benchmarks.cli import main
from leo_bench.evaluation.errors import InfrastructureError, InputError


def ending(error: Exception) -> Callable[[], None]:
    """A command that ends so."""

    def command(**_options: object) -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InputError("this, there,\n mend it"), 2, "leo-bench: this, there, mend it\n"),
        (InfrastructureError("no network"), 3, "leo-bench: no network\n"),
    ],
)
def test_what_is_known_is_one_line(
    error: Exception,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(main, "app", ending(error))
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert caught.value.code == code
    assert capsys.readouterr().err == said


def test_another_codes_way_out_is_no_failed_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typer and rich leave with 1 where a pipe is closed."""

    def command(**_options: object) -> None:
        sys.exit(1)

    monkeypatch.setattr(main, "app", command)
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert caught.value.code == 3
    assert capsys.readouterr().err == "leo-bench: a pipe was closed that the work needed\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fvd"], "Missing option '--frames'; see `leo-bench fvd --help`"),
        (["fvd", "--frames", "x"], "see `leo-bench fvd --help`"),
        (["nope"], "No such command 'nope'; see `leo-bench --help`"),
        (["fvd", "--nope"], "No such option"),
        (["fvd", "--frames", "16", "--json", ""], "--json: is empty; give a value, or leave it"),
        (["fvd", "--frames", "16", "--json="], "--json: is empty"),
        (["features", "", "--frames", "16"], "argument: is empty"),
        (["sample", "--out", "", "--run", "x"], "--out: is empty"),
        (
            ["fvd", "--frames", "16", "--resolution", "99999999999"],
            "--resolution 99999999999: must",
        ),
        (["fvd", "--frames", "16", "--resolution", "20000"], "'--resolution'"),
        (["fvd", "--frames", "16", "--batch", "9" * 30], "--batch a number of 30 digits: must be"),
        (["fvd", "--frames", "9" * 5000], "see `leo-bench fvd --help`"),
        (["fvd", "--frames", "16", "--repeats", "99999999999"], "--repeats 99999999999: must be"),
        (["kvd", "--frames", "16", "--repeats", "20000"], "'--repeats'"),
        (["fvd", "--frames", "16", "--seed", str(2**63)], "--seed 9223372036854775808: must be"),
        (["cache", "prune", "--older-than", "nan"], "--older-than nan: must be a finite number"),
        (["cache", "prune", "--older-than=inf"], "--older-than inf: must be a finite number"),
        (["cache", "prune", "--older-than", "-1"], "'--older-than'"),
        (["train", "all", "--run", "r", "--pack", "nan"], "--pack nan: must be a finite number"),
        (["drift", "x", "--share", "-inf"], "--share -inf: must be a finite number"),
        (["fvd", "--real", "r\udce9al", "--frames", "3"], r"r\xe9al: is not UTF-8"),
        (["ablate", "lmc", "--out", "o", "--clips", "0"], "'--clips'"),
    ],
)
def test_a_command_line_is_refused_in_one_line(leo_bench: Run, words: list[str], said: str) -> None:
    ended = leo_bench(*words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.startswith("leo-bench: ")
    assert ended.err.count("\n") == 1
    assert len(ended.err) < 300


def test_an_option_whose_own_default_is_empty_may_be_empty(leo_bench: Run) -> None:
    ended = leo_bench("sample", "--run", "absent", "--out", "o", "--start-frames", "")
    assert "absent" in ended.err


def test_the_version_is_told(leo_bench: Run) -> None:
    assert leo_bench("--version") == (0, f"leo-bench {metadata.version('leo-bench')}\n", "")


def test_no_verb_shows_the_help(leo_bench: Run) -> None:
    ended = leo_bench()
    assert ended.code == 2
    assert "Measure:" in ended.out + ended.err


def test_a_project_with_packages_of_our_folders_names_keeps_them(tmp_path: Path) -> None:
    for name in ("evaluation", "benchmarks", "leo"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('theirs')\n")
    ended = subprocess.run(
        [sys.executable, "-m", "leo_bench", "list", "protocols"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f".:{ROOT}"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert "stylegan-v" in ended.stdout


def test_a_bug_shows_its_traceback_and_is_no_regression(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(main, "app", ending(ZeroDivisionError("oh")))
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert caught.value.code == 3
    told = capsys.readouterr().err
    assert told.startswith("Traceback")
    assert told.endswith("ZeroDivisionError: oh\n")


def test_a_torchvision_of_another_build_than_torch_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = RuntimeError("operator torchvision::nms does not exist")
    monkeypatch.setattr(main, "app", ending(broken))
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert caught.value.code == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "install both together" in line


def test_ctrl_c_says_what_is_left_and_the_handler_before_it_is_back(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(main, "app", lambda **_options: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        main.main()
    assert "stopped; what was finished is kept" in capfd.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before
