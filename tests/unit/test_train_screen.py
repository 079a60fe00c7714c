"""What a person sees of a training."""

import pytest

from benchmarks.cli.train_screen import TrainingScreen


def test_a_log_shows_losses_pace_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    screen = TrainingScreen()
    screen.on_start("lmdm", 40, 6000)
    screen.on_step(60, {"denoiser/noise": 0.51234}, 128.04, 3700.0)
    screen.on_step(80, {"denoiser/noise": 0.5}, 128.0, 3600.0)  # within half a minute: not shown
    screen.on_validation(250, {"loss": 0.25})
    screen.on_end()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "lmdm: on from step 40 of 6000",
        "lmdm 60/6000: denoiser/noise 0.5123  128.0 samples/s, 1:01:40 left",
        "lmdm 250/6000: held out loss 0.25",
    ]


def test_a_terminal_shows_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    screen = TrainingScreen()
    screen.on_start("lmdm", 0, 6000)
    screen.on_step(3000, {"noise": 0.5}, 128.0, 60.0)
    screen.say("a line")
    screen.on_end()
    err = capsys.readouterr().err
    assert "a line" in err
    assert "3000/6000" in err
    assert "0:01:00 left" in err
