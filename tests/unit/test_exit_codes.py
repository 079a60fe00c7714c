"""How a run of `leo-bench` ends: what a script that calls it goes by."""

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
