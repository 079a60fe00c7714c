"""How a run of `leo-bench` ends: what a script that calls it goes by."""

import os
import signal
from collections.abc import Callable

import pytest

from benchmarks.cli import main
from evaluation.errors import InfrastructureError, InputError


def ending(error: Exception) -> Callable[[], None]:
    """A command that ends so."""

    def command() -> None:
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


def test_ctrl_c_says_what_is_left_and_the_handler_before_it_is_back(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(main, "app", lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        main.main()
    assert "stopped; what was finished is kept" in capfd.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before
